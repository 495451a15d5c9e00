import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, backend, http } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { problem, server } from "@/testing/factories";
import { open } from "@/testing/render";

import { ServersPage } from "./servers-page";

test("shows its shape while it waits", async () => {
  open("/projects/slow/servers", <ServersPage />);
  expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("without servers, says how to get the first", async () => {
  open("/projects/empty/servers", <ServersPage />);
  expect(await screen.findByRole("heading", { name: "No servers yet" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Add server" })).toHaveAttribute("href", "/projects/empty/add-server");
  expect(screen.getByRole("link", { name: "Import" })).toHaveAttribute("href", "/projects/empty/import");
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/servers", <ServersPage />);
  await screen.findByRole("alert");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("table")).toBeInTheDocument();
});

test("starts a server, and finds one among many", async () => {
  const hands = open("/projects/demo/servers", <ServersPage />);
  const table = await screen.findByRole("table");
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  await hands.click(screen.getByRole("button", { name: "Start: Files" }));
  expect(asked).toEqual([{ what: "start", body: "files" }]);
  await hands.type(screen.getByRole("searchbox"), "sea");
  expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(2);
  await hands.type(screen.getByRole("searchbox"), "x");
  expect(screen.getByRole("heading", { name: "No server matches" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(3);
});

test("says how far it is with many at once, and which failed", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  backend.use(
    http.post("/api/v1/projects/{project}/servers/{server}/start", async ({ params, response }) => {
      if (params.server === "files") return response(200).json(server());
      await held;
      return response(409).json(problem({ code: "conflict", status: 409, detail: "it is being replaced" }));
    }),
  );
  const hands = open("/projects/demo/servers", <ServersPage />);
  await hands.click(await screen.findByRole("checkbox", { name: "Select all" }));
  const bar = screen.getByRole("region", { name: "Chosen servers" });
  expect(within(bar).getByRole("status")).toHaveTextContent("2 selected");
  await hands.click(within(bar).getByRole("button", { name: "Start" }));
  await expect.poll(() => within(bar).getByRole("status").textContent).toContain("1 of 2");
  expect(within(bar).getByRole("button", { name: "Start" })).toBeDisabled();
  release();
  const failures = await within(bar).findByRole("list", { name: "What went wrong" });
  expect(within(bar).getByRole("alert")).toHaveTextContent("It did not work for 1 of 2");
  expect(within(failures).getByRole("listitem")).toHaveTextContent("Search");
  await hands.click(within(bar).getByRole("button", { name: "Close" }));
  expect(within(bar).getByRole("status")).toHaveTextContent("2 selected");
});

test("a menu opens by keyboard on its first item, and gives the focus back", async () => {
  const hands = open("/projects/demo/servers", <ServersPage />);
  const more = await screen.findByRole("button", { name: "Actions for Files" });
  more.focus();
  await hands.keyboard("{ArrowDown}");
  const menu = await screen.findByRole("menu");
  await expect.poll(() => document.activeElement).toBe(within(menu).getAllByRole("menuitem")[0]);
  await hands.keyboard("{Escape}");
  expect(screen.queryByRole("menu")).not.toBeInTheDocument();
  await expect.poll(() => document.activeElement).toBe(screen.getByRole("button", { name: "Actions for Files" }));
});

test("asks for the name before a server is deleted", async () => {
  const hands = open("/projects/demo/servers", <ServersPage />);
  await hands.click(await screen.findByRole("button", { name: "Actions for Files" }));
  await hands.click(await screen.findByRole("menuitem", { name: "Delete" }));
  const dialog = await findDialog();
  const action = within(dialog).getByRole("button", { name: "Delete server" });
  expect(action).toBeDisabled();
  await hands.type(within(dialog).getByRole("textbox"), "files");
  expect(action).toBeEnabled();
});

test("a viewer sees the servers and is told who may touch them", async () => {
  const hands = open("/projects/viewed/servers", <ServersPage />);
  const start = await screen.findByRole("button", { name: "Start: Files" });
  expect(start).toHaveAttribute("aria-disabled", "true");
  await hands.click(start);
  expect(asked).toEqual([]);
  expect(screen.queryByRole("checkbox")).not.toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Add server" })).toHaveAttribute("aria-disabled", "true");
});
