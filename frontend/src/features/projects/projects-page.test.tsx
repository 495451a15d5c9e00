import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { ME } from "@/testing/backend";
import { projectList } from "@/testing/handlers/projects";
import { open } from "@/testing/render";

import { ProjectsPage } from "./projects-page";

test("shows its shape while it waits", async () => {
  projectList.is = "slow";
  open("/projects", <ProjectsPage />);
  expect(await screen.findByRole("status", { name: "Loading" })).toBeInTheDocument();
});

test("without projects, leads an admin to the first", async () => {
  projectList.is = "empty";
  const hands = open("/projects", <ProjectsPage />);
  expect(await screen.findByRole("heading", { name: "No projects yet" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Create a project" }));
  expect(await screen.findByRole("dialog", { name: "New project" })).toBeInTheDocument();
});

test("says what failed, and tries again", async () => {
  projectList.is = "broken";
  const hands = open("/projects", <ProjectsPage />);
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("req-1");
  await hands.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: /Demo/ })).toBeInTheDocument();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
});

test("who is no instance admin is told why there is nothing to create", async () => {
  ME.instance_admin = false;
  try {
    const hands = open("/projects", <ProjectsPage />);
    expect(await screen.findByRole("link", { name: /Other/ })).toBeInTheDocument();
    const create = screen.getByRole("button", { name: "New project" });
    expect(create).toHaveAttribute("aria-disabled", "true");
    await hands.click(create);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    await hands.hover(create);
    expect(await screen.findByRole("tooltip")).toHaveTextContent("Only instance admins create projects");
    expect(create).toHaveAccessibleDescription(/instance admins/);
    await hands.keyboard("{Escape}");
    expect(screen.queryByRole("tooltip")).not.toBeInTheDocument();
  } finally {
    ME.instance_admin = true;
  }
});
