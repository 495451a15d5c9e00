import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { invitation, people } from "@/testing/handlers/people";
import { open } from "@/testing/render";

import { UserMenu } from "./user-menu";

test("says that there are invitations, and nothing where there are none", async () => {
  people.own = [invitation(), invitation()];
  const hands = open("/projects", <UserMenu />);
  await hands.click(await screen.findByRole("button", { name: "Account menu, 2 invitations" }));
  expect(await screen.findByRole("menuitem", { name: /Profile.*2 invitations/ })).toBeInTheDocument();
});
