import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { ImportPage } from "./import-page";

test("is locked for who may not add servers, and says why", async () => {
  open("/projects/joined/import", <ImportPage />);
  expect(await screen.findByRole("textbox", { name: "Configuration file" })).toBeDisabled();
  expect(screen.getByRole("button", { name: "Choose a file" })).toHaveAttribute("aria-disabled", "true");
  expect(screen.getByText(/needs the role admin/)).toBeInTheDocument();
});
