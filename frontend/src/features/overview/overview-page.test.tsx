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

test("a member without a call of their own sees the first steps and how busy the project is", async () => {
  open("/projects/joined", <OverviewPage />);
  expect(await screen.findByRole("heading", { name: "Get started" })).toBeInTheDocument();
  expect(await screen.findByText("Failed or refused, 24 h")).toBeInTheDocument();
});

test("where there is no server yet, the first steps are all there is", async () => {
  open("/projects/empty", <OverviewPage />);
  expect(await screen.findByRole("heading", { name: "Get started" })).toBeInTheDocument();
  expect(screen.queryByText("Failed or refused, 24 h")).not.toBeInTheDocument();
});
