import { cleanup, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { ME } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { people } from "@/testing/handlers/people";
import { open } from "@/testing/render";

import { MembersPage } from "./members-page";

test("shows its shape while it waits", async () => {
  open("/projects/slow/members", <MembersPage />);
  expect((await screen.findAllByRole("status", { name: "Loading" })).length).toBeGreaterThan(0);
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/members", <MembersPage />);
  const alert = await screen.findByRole("alert");
  await hands.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("table")).toBeInTheDocument();
});

test("an admin chooses roles; who came with a team leaves with it", async () => {
  open("/projects/demo/members", <MembersPage />);
  const bob = within(await screen.findByRole("row", { name: /Bob/ }));
  expect(bob.getByRole("combobox")).toHaveValue("viewer");
  expect(bob.getByText(/Guests/)).toBeInTheDocument();
  expect(bob.getByRole("button", { name: /Bob/ })).toHaveAttribute("aria-disabled", "true");
  expect(await screen.findByText("Nobody is invited at the moment.")).toBeInTheDocument();
});

test("a viewer sees who is there and changes nothing", async () => {
  open("/projects/viewed/members", <MembersPage />);
  const table = await screen.findByRole("table");
  expect(within(table).queryByRole("combobox")).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Invite" })).toHaveAttribute("aria-disabled", "true");
  expect(screen.queryByText("Nobody is invited at the moment.")).not.toBeInTheDocument();
});

test("says whom an invitation lets in: by the settings, unless an instance admin invites", async () => {
  const told = async () => {
    const hands = open("/projects/demo/members", <MembersPage />);
    await hands.click(await screen.findByRole("button", { name: "Invite" }));
    const dialog = await findDialog();
    return dialog;
  };
  ME.instance_admin = false;
  try {
    expect(await within(await told()).findByText(/who has none asks an instance admin/)).toBeInTheDocument();
    cleanup();
    people.ways = { sign_up: "invite", mail: false };
    expect(await within(await told()).findByText(/With or without an account/)).toBeInTheDocument();
    cleanup();
  } finally {
    ME.instance_admin = true;
  }
  people.ways = { sign_up: "closed", mail: false };
  expect(await within(await told()).findByText(/With or without an account/)).toBeInTheDocument();
});
