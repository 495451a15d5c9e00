import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { ServerOverviewPage } from "./server-overview-page";

test("an admin of a failing server is told to start it, and where to look", async () => {
  open("/projects/demo/servers/crashing", <ServerOverviewPage />);
  expect(await screen.findByText("It failed and rests a while. Its log may say why.")).toBeInTheDocument();
  expect(screen.getByText("The next call starts it again, or start it yourself.")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "See its log" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Change" })).toBeInTheDocument();
});

test("a member of a failing server is told whom to ask, and nothing that is not theirs to do", async () => {
  open("/projects/joined/servers/crashing", <ServerOverviewPage />);
  expect(await screen.findByText(/Ask an admin of the project: its log may say why/)).toBeInTheDocument();
  expect(screen.getByText("The next call starts it again.")).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "Change" })).not.toBeInTheDocument();
  expect(await screen.findByText("http://localhost/mcp")).toBeInTheDocument();
});

test("a viewer, who can have no key, is not told how to connect", async () => {
  open("/projects/viewed/servers/crashing", <ServerOverviewPage />);
  expect(await screen.findByText(/Ask an admin of the project for the role of a member/)).toBeInTheDocument();
  expect(screen.queryByText("http://localhost/mcp")).not.toBeInTheDocument();
});
