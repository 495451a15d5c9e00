import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { open } from "@/testing/render";

import { KeysPage } from "./keys-page";

test("shows its shape while it waits", async () => {
  open("/projects/slow/keys", <KeysPage />);
  expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("without keys, says what they are for", async () => {
  open("/projects/empty/keys", <KeysPage />);
  expect(await screen.findByRole("heading", { name: "No keys yet" })).toBeInTheDocument();
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/keys", <KeysPage />);
  await screen.findByRole("alert");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("table")).toBeInTheDocument();
});

test("shows the keys that open something, and all of them when asked", async () => {
  const hands = open("/projects/demo/keys", <KeysPage />);
  const rows = () => within(screen.getByRole("table")).getAllByRole("row").length - 1;
  await screen.findByRole("table");
  expect(rows()).toBe(2);
  await hands.click(screen.getByRole("button", { name: /^All/ }));
  expect(rows()).toBe(5);
  await hands.click(screen.getByRole("button", { name: "Actions for of somebody else" }));
  expect(await screen.findByRole("menuitem", { name: "Edit" })).toHaveAttribute("aria-disabled", "true");
});

test("says that a key is without effect when who made it may call nothing, and lets it be revoked", async () => {
  const hands = open("/projects/demo/keys?show=all", <KeysPage />);
  await screen.findByRole("table");
  const row = (name: string) => screen.getByRole("row", { name: new RegExp(name) });
  expect(row("of somebody else")).toHaveTextContent("Active");
  expect(row("of one who left")).toHaveTextContent("Without effect");
  expect(await screen.findByRole("row", { name: /of one who left.*Not a member/ })).toBeInTheDocument();
  expect(screen.getByTitle("Who made it is a viewer, and viewers call nothing")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Active 2" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Actions for of one who left" }));
  expect(await screen.findByRole("menuitem", { name: "Revoke" })).not.toHaveAttribute("aria-disabled");
});

test("a new key is refused beside its field, and shown when it is made", async () => {
  const hands = open("/projects/demo/keys", <KeysPage />);
  await hands.click(await screen.findByRole("button", { name: "New key" }));
  const dialog = await findDialog();
  const name = within(dialog).getByRole("textbox", { name: "Name" });
  const create = within(dialog).getByRole("button", { name: "Create key" });
  await hands.click(create);
  expect(await within(dialog).findByText("Give the key a name")).toBeInTheDocument();
  expect(asked).toEqual([]);
  await hands.type(name, "refused");
  await hands.click(create);
  expect(await within(dialog).findByText("There is one already: choose another")).toBeInTheDocument();
  expect(name).toBeInvalid();
  expect(name).toHaveFocus();
  expect(within(dialog).queryByRole("alert")).not.toBeInTheDocument();
  await hands.clear(name);
  await hands.type(name, "desk");
  await hands.click(create);
  expect(await screen.findByText("orch_the-whole-key")).toBeInTheDocument();
  expect(asked.at(-1)).toMatchObject({ what: "key", body: { name: "desk", scope: { servers: null, tools: null, read_only: false } } });
});

test("a viewer has no keys", async () => {
  open("/projects/viewed/keys", <KeysPage />);
  expect(await screen.findByText(/needs the role member/i)).toBeInTheDocument();
  expect(screen.queryByRole("table")).not.toBeInTheDocument();
});
