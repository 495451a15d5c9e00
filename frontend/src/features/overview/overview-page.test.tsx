import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { OverviewPage } from "./overview-page";

test("a viewer reads the usage, and what changed in place of calls", async () => {
  open("/projects/viewed", <OverviewPage />);
  expect(await screen.findByText("Failed or refused, 24 h")).toBeInTheDocument();
  expect(await screen.findByRole("heading", { name: "Latest changes" })).toBeInTheDocument();
  // By the name of the member, as the trail hides the address.
  expect(await screen.findByText("Me")).toBeInTheDocument();
  expect(screen.queryByRole("heading", { name: "Get started" })).not.toBeInTheDocument();
});

test("a viewer, who can have no key, is told whom to ask and not how to connect", async () => {
  open("/projects/viewed", <OverviewPage />);
  expect(await screen.findByText(/Ask an admin of the project for the role of a member/)).toBeInTheDocument();
  expect(screen.queryByText("http://localhost/mcp")).not.toBeInTheDocument();
});

test("a member without a call of their own sees the first steps and how busy the project is", async () => {
  open("/projects/joined", <OverviewPage />);
  expect(await screen.findByRole("heading", { name: "Get started" })).toBeInTheDocument();
  expect(await screen.findByText("Failed or refused, 24 h")).toBeInTheDocument();
});

test("the step that says to copy the settings leads to them", async () => {
  open("/projects/joined", <OverviewPage />);
  const link = await screen.findByRole("link", { name: "settings on this page" });
  const place = document.querySelector(link.getAttribute("href") ?? "nowhere");
  expect(place).toContainElement(screen.getByRole("heading", { name: "Connect a client" }));
});

test("where there is no server yet, the first steps are all there is", async () => {
  open("/projects/empty", <OverviewPage />);
  expect(await screen.findByRole("heading", { name: "Get started" })).toBeInTheDocument();
  expect(screen.queryByText("Failed or refused, 24 h")).not.toBeInTheDocument();
});
