import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, ME } from "@/testing/backend";
import { invitation, people } from "@/testing/handlers/people";
import { open } from "@/testing/render";

import { InvitationPage } from "./invitation-page";

const BACK = "/login?next=%2Finvitation#orchi_1";

test("who has no account makes one where accepting makes one; who has one logs in and comes back", async () => {
  people.isLoggedIn = false;
  open("/invitation#orchi_1", <InvitationPage />);
  expect(await screen.findByRole("button", { name: "Accept and make an account" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Log in and come back" })).toHaveAttribute("href", BACK);
});

test("where accepting makes no account there is no form for one, but a word on how to get in", async () => {
  people.isLoggedIn = false;
  people.found = { ...people.found, makes_account: false };
  open("/invitation#orchi_1", <InvitationPage />);
  expect(await screen.findByRole("link", { name: "Log in" })).toHaveAttribute("href", BACK);
  expect(screen.getByText(/Ask an instance admin for one with this address/)).toBeInTheDocument();
  expect(screen.queryByLabelText(/Password/)).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /make an account/ })).not.toBeInTheDocument();
});

test("who is logged in as somebody else logs out first, and declines nothing in another's name", async () => {
  people.found = { ...invitation({ email: "eve@example.com" }), makes_account: true };
  const hands = open("/invitation#orchi_1", <InvitationPage />);
  await hands.click(await screen.findByRole("button", { name: "Log out and continue" }));
  await expect.poll(() => asked).toEqual([{ what: "log out", body: undefined }]);
  expect(location.pathname + location.hash).toBe("/invitation#orchi_1");
  for (const name of ["Accept", "Decline"]) expect(screen.queryByRole("button", { name })).not.toBeInTheDocument();
});

test("after declining there is a way on", async () => {
  const hands = open("/invitation#orchi_1", <InvitationPage />);
  expect(await screen.findByText(`You are logged in as ${ME.email}.`)).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Decline" }));
  expect(await screen.findByRole("link", { name: "To the projects" })).toHaveAttribute("href", "/projects");
});
