import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { open } from "@/testing/render";

import { ToolsPage } from "./tools-page";

test("what is hidden from who looks is marked in the list, and its page names the rule that hides it", async () => {
  open("/projects/demo/servers/files/tools?kind=tool&name=delete_file", <ToolsPage />);
  const hidden = await screen.findByRole("link", { name: /delete_file/ });
  expect(hidden).toHaveTextContent("Hidden from you");
  expect(screen.getByRole("link", { name: /read_file/ })).not.toHaveTextContent("Hidden");
  expect(await screen.findByText(/A rule hides it from you.*The rule is “Nobody deletes”./)).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Go to the rules" })).toHaveAttribute("href", "/projects/demo/settings");
});

test("of a server that died when it was asked, nobody is told that it was not", async () => {
  const hands = open("/projects/demo/servers/crashing/tools", <ToolsPage />);
  expect(await screen.findByRole("heading", { name: "This server is failing, so nobody knows what it offers" })).toBeInTheDocument();
  expect(screen.getByText("exited with code 3")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "See its log" })).toHaveAttribute("href", "/projects/demo/servers/crashing/logs");
  await hands.click(screen.getByRole("button", { name: "Start server" }));
  expect(asked).toMatchObject([{ what: "start", body: "crashing" }]);
});

test("who may neither start a server nor read its log is told whom to ask", async () => {
  open("/projects/joined/servers/crashing/tools", <ToolsPage />);
  const reason = await screen.findByText("exited with code 3");
  expect(within(reason.parentElement ?? document.body).getByText(/Ask an admin of the project/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "See its log" })).not.toBeInTheDocument();
});
