import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { UsagePage } from "./usage-page";

test("of a server only what failed is counted, and it is said where the refused calls are", async () => {
  open("/projects/demo/servers/files/usage", <UsagePage />);
  expect((await screen.findByText("Failed")).nextSibling).toHaveTextContent("3 (30%)");
  expect(screen.getByRole("link", { name: "Refused calls" })).toHaveAttribute("href", "/projects/demo/activity?outcome=refused");
});

test("a viewer, who sees no calls, is not sent there", async () => {
  open("/projects/viewed/servers/files/usage", <UsagePage />);
  expect(await screen.findByText(/Refused calls are in Activity/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Refused calls" })).not.toBeInTheDocument();
});
