import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { findDialog } from "@/testing/dialog";
import { open } from "@/testing/render";

import { ActivityPage } from "./activity-page";

test("shows its shape while it waits", async () => {
  open("/projects/slow/activity", <ActivityPage />);
  expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("without calls, says where the first comes from", async () => {
  open("/projects/empty/activity", <ActivityPage />);
  expect(await screen.findByRole("heading", { name: "No calls yet" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Make a key" })).toHaveAttribute("href", "/projects/empty/keys");
});

test("says what failed, and tries again", async () => {
  const hands = open("/projects/broken/activity", <ActivityPage />);
  await screen.findByRole("alert");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("table")).toBeInTheDocument();
});

test("asks the daemon for one outcome, and keeps it in the address", async () => {
  const hands = open("/projects/demo/activity", <ActivityPage />);
  const table = await screen.findByRole("table");
  expect(within(table).getAllByRole("row")).toHaveLength(4);
  await hands.selectOptions(screen.getByRole("combobox", { name: "Outcome" }), "failed");
  await expect.poll(() => within(screen.getByRole("table")).getAllByRole("row").length).toBe(2);
  expect(location.search).toContain("outcome=failed");
});

test("shows what was kept of the arguments, where something was", async () => {
  const hands = open("/projects/demo/activity", <ActivityPage />);
  await screen.findByRole("table");
  expect(screen.queryByRole("button", { name: "Arguments of write_file" })).not.toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Arguments of read_file" }));
  expect(await screen.findByRole("region", { name: "Arguments" })).toHaveTextContent('"path": "/etc/hosts"');
  await findDialog();
  await hands.keyboard("{Escape}");
  await hands.click(screen.getByRole("button", { name: "Arguments of search" }));
  expect(await screen.findByRole("textbox", { name: "Digest" })).toHaveTextContent("c0ffee");
});

test("a viewer is told that calls are not theirs to see", async () => {
  open("/projects/viewed/activity", <ActivityPage />);
  expect(await screen.findByRole("heading", { name: "Not for your role" })).toBeInTheDocument();
});
