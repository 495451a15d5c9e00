import { screen, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import { expect, test } from "vitest";

import { backend, http } from "@/testing/backend";
import { open } from "@/testing/render";

import { PlaygroundPage } from "./playground-page";

/** The daemon's answer to a call of what is hidden from its caller. */
function refuseCalls(): void {
  const error = { type: "error", code: -32602, message: "unknown tool: delete_file", data: null, duration_ms: 1 };
  backend.use(
    http.untyped.post("*/servers/files/calls", () => new HttpResponse(`data: ${JSON.stringify(error)}\n\n`, { headers: { "content-type": "text/event-stream" } })),
  );
}

test("a tool is sought by its name and chosen with the keyboard", async () => {
  const hands = open("/projects/demo/servers/files/playground", <PlaygroundPage />);
  (await screen.findByRole("button", { name: "Tool: read_file" })).focus();
  await hands.keyboard("{Enter}");
  const sought = await screen.findByRole("combobox");
  expect(within(screen.getByRole("listbox")).getAllByRole("option").map(({ textContent }) => textContent)).toEqual(["read_file ", "delete_file Hidden from you"]);
  await hands.type(sought, "DEL");
  expect(within(screen.getByRole("listbox")).getAllByRole("option")).toHaveLength(1);
  await hands.keyboard("{Enter}");
  expect(await screen.findByRole("button", { name: "Tool: delete_file" })).toBeInTheDocument();
  expect(location.search).toBe("?kind=tool&name=delete_file");
  expect(screen.queryByRole("listbox")).not.toBeInTheDocument();
});

test("what nothing fits says so", async () => {
  const hands = open("/projects/demo/servers/files/playground", <PlaygroundPage />);
  await hands.click(await screen.findByRole("button", { name: "Tool: read_file" }));
  await hands.type(await screen.findByRole("combobox"), "nothing of this name");
  expect(screen.getByText("Nothing matches what you typed.")).toBeInTheDocument();
});

test("who runs what a rule hides reads which rule it is", async () => {
  refuseCalls();
  const hands = open("/projects/demo/servers/files/playground?kind=tool&name=delete_file", <PlaygroundPage />);
  await hands.click(await screen.findByRole("button", { name: "Run" }));
  expect(await screen.findByText("unknown tool: delete_file")).toBeInTheDocument();
  expect(await screen.findByText("Why it was refused")).toBeInTheDocument();
  expect(await screen.findByText(/The rule is “Nobody deletes”./)).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Go to the rules" })).toBeInTheDocument();
});
