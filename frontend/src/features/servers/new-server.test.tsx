import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { open } from "@/testing/render";

import { NewServer } from "./new-server";

test("a server can have a sandbox from the start, and what is refused of it stands at its field", async () => {
  const hands = open("/projects/demo/add-server?from=form", <NewServer />);
  await hands.type(await screen.findByRole("textbox", { name: /^Alias/ }), "files");
  await hands.type(screen.getByRole("textbox", { name: /^Command/ }), "npx");
  await hands.click(screen.getByRole("radio", { name: /^On/ }));
  const paths = screen.getByRole("textbox", { name: /^May read optional/ });
  const add = screen.getByRole("button", { name: "Add server" });
  await hands.type(paths, "nowhere");
  await hands.click(add);
  await expect.poll(() => paths.getAttribute("aria-invalid")).toBe("true");
  expect(asked).toEqual([]);
  await hands.clear(paths);
  await hands.type(paths, "/refused");
  await hands.click(add);
  expect(await screen.findByText("It is not there")).toBeInTheDocument();
  await hands.clear(paths);
  await hands.type(paths, "/srv");
  await hands.click(add);
  await expect.poll(() => location.pathname).toBe("/projects/demo/servers/files");
  expect(asked.at(-1)).toEqual({ what: "new server", body: { alias: "files", transport: { type: "stdio", command: "npx", args: [], env: {} }, sandbox: { mode: "on", read_paths: ["/srv"], write_paths: [], network: "full" } } });
});

test("what is not asked for any more stands in nobody's way", async () => {
  const hands = open("/projects/demo/add-server?from=form", <NewServer />);
  await hands.type(await screen.findByRole("textbox", { name: /^Alias/ }), "files");
  await hands.type(screen.getByRole("textbox", { name: /^Command/ }), "npx");
  await hands.click(screen.getByRole("radio", { name: /^On/ }));
  await hands.type(screen.getByRole("textbox", { name: /^May read optional/ }), "nowhere");
  await hands.click(screen.getByRole("radio", { name: /^Off/ }));
  await hands.click(screen.getByRole("button", { name: "Add server" }));
  await expect.poll(() => location.pathname).toBe("/projects/demo/servers/files");
  expect(asked.at(-1)).toMatchObject({ body: { sandbox: { mode: "off" } } });
});

test("a server elsewhere has none", async () => {
  const hands = open("/projects/demo/add-server?from=form", <NewServer />);
  await hands.selectOptions(await screen.findByRole("combobox", { name: /^Transport/ }), "sse");
  expect(screen.queryByRole("radio")).not.toBeInTheDocument();
});
