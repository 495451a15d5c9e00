import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, backend, http } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { pageOf, server } from "@/testing/factories";
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

test("shows the limits of a key's own beside what it reaches", async () => {
  open("/projects/demo/keys", <KeysPage />);
  expect(await screen.findByRole("row", { name: /of somebody else/ })).toHaveTextContent("All servers and tools60 a minute · 1,000 a day");
  expect(screen.getByRole("row", { name: /laptop/ })).toHaveTextContent(/All servers and tools(?! *\d)/);
});

test("of keys that are not active any more, says that they match, and shows them", async () => {
  const hands = open("/projects/demo/keys?q=old", <KeysPage />);
  expect(await screen.findByRole("heading", { name: "1 key that is no longer active matches" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Show all keys" }));
  expect(screen.getByRole("row", { name: /old laptop.*Revoked/ })).toBeInTheDocument();
  expect(location.search).toBe("?q=old&show=all");
  await hands.clear(screen.getByRole("searchbox"));
  await hands.type(screen.getByRole("searchbox"), "nowhere");
  expect(await screen.findByRole("heading", { name: "No key matches" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Show all keys" })).not.toBeInTheDocument();
});

test("of many servers those for a key are found by name or alias, and counted", async () => {
  const many = Array.from({ length: 30 }, (_, at) => server({ alias: `alias-${String(at)}`, name: `Server ${String(at)}` }));
  backend.use(http.get("/api/v1/projects/{project}/servers", ({ response }) => response(200).json(pageOf(many))));
  const hands = open("/projects/demo/keys?new=1", <KeysPage />);
  const dialog = within(await findDialog());
  await hands.type(dialog.getByRole("textbox", { name: "Name" }), "desk");
  await hands.selectOptions(dialog.getByRole("combobox", { name: "Servers" }), "some");
  expect(dialog.getByText("0 servers chosen")).toBeInTheDocument();
  const find = await dialog.findByRole("searchbox", { name: "Find a server" });
  for (const [sought, name] of [["server 7", "Server 7"], ["ALIAS-29", "Server 29"]] as const) {
    await hands.clear(find);
    // Enter finds, and sends nothing.
    await hands.type(find, `${sought}{Enter}`);
    await hands.click(dialog.getByRole("checkbox", { name }));
    expect(within(dialog.getByRole("group", { name: "Servers" })).getAllByRole("checkbox")).toHaveLength(1);
  }
  expect(dialog.getByText("2 servers chosen")).toBeInTheDocument();
  await hands.type(find, "nowhere");
  expect(dialog.getByText("No server matches")).toBeInTheDocument();
  await hands.click(dialog.getByRole("button", { name: "Create key" }));
  await expect.poll(() => asked).toMatchObject([{ what: "key", body: { name: "desk", scope: { servers: ["alias-7", "alias-29"] } } }]);
});

test("a handful of servers needs no search", async () => {
  const hands = open("/projects/demo/keys?new=1", <KeysPage />);
  const dialog = within(await findDialog());
  await hands.selectOptions(dialog.getByRole("combobox", { name: "Servers" }), "some");
  expect(await dialog.findByRole("checkbox", { name: "Search" })).toBeInTheDocument();
  expect(dialog.queryByRole("searchbox")).not.toBeInTheDocument();
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
