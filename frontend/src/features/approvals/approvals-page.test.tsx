import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { ApprovalsPage } from "./approvals-page";

test("sends who sets the rules to them, and nobody else", async () => {
  open("/projects/demo/approvals", <ApprovalsPage />);
  expect(await screen.findByRole("link", { name: "Go to the rules" })).toBeInTheDocument();
});

test("a member is not sent to rules that are not theirs to see", async () => {
  open("/projects/joined/approvals", <ApprovalsPage />);
  expect(await screen.findByRole("heading", { name: "Nothing is waiting for you" })).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Go to the rules" })).not.toBeInTheDocument();
});

test("a viewer is told that approvals are not theirs", async () => {
  open("/projects/viewed/approvals", <ApprovalsPage />);
  expect(await screen.findByRole("heading", { name: "Not for your role" })).toBeInTheDocument();
  expect(screen.queryByText("Nothing is waiting for you")).not.toBeInTheDocument();
});
