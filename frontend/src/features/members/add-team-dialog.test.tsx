import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { ME } from "@/testing/backend";
import { open } from "@/testing/render";

import { AddTeamDialog } from "./add-team-dialog";

const dialog = () => open("/projects/demo/members", <AddTeamDialog open onOpenChange={() => undefined} />);

test("who may not create teams is told whom to ask, and is not sent to where they could not", async () => {
  ME.instance_admin = false;
  try {
    dialog();
    expect(await screen.findByText(/you are in none. Ask an instance admin./)).toBeInTheDocument();
    expect(screen.queryByRole("link")).not.toBeInTheDocument();
  } finally {
    ME.instance_admin = true;
  }
});

test("who may create teams is sent there when there is none", async () => {
  dialog();
  expect(await screen.findByRole("link", { name: "Create one first" })).toHaveAttribute("href", "/teams");
});
