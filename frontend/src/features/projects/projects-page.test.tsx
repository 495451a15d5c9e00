import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked, ME } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { invitation, people } from "@/testing/handlers/people";
import { projectList } from "@/testing/handlers/projects";
import { open } from "@/testing/render";

import { DEMO } from "./demo";
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

test("without projects, offers the demo, and goes there", async () => {
  projectList.is = "empty";
  const hands = open("/projects", <ProjectsPage />);
  await hands.click(await screen.findByRole("button", { name: "Take the demo" }));
  await expect.poll(() => location.pathname).toBe("/projects/demo-2");
  // The first slug is taken.
  expect(asked).toEqual([
    { what: "new project", body: { name: "Demo", slug: "demo" } },
    { what: "new project", body: { name: "Demo", slug: "demo-2" } },
    { what: "import into demo-2", body: DEMO.config },
  ]);
});

test("a slug that is taken is told at its field", async () => {
  const hands = open("/projects", <ProjectsPage />);
  await hands.click(await screen.findByRole("button", { name: "New project" }));
  await findDialog();
  await hands.type(await screen.findByRole("textbox", { name: /^Name/ }), "Mine");
  const slug = screen.getByRole("textbox", { name: /^Slug/ });
  // Over what the name suggests.
  await hands.clear(slug);
  await hands.type(slug, "demo");
  await hands.click(screen.getByRole("button", { name: "Create project" }));
  await expect.poll(() => slug.getAttribute("aria-invalid")).toBe("true");
  expect(slug).toHaveAccessibleDescription(/This is taken already: choose another/);
  expect(slug).toHaveFocus();
});

test("half a demo is named, with the way on", async () => {
  projectList.is = "half";
  const hands = open("/projects", <ProjectsPage />);
  await hands.click(await screen.findByRole("button", { name: "New project" }));
  await findDialog();
  await hands.click(await screen.findByRole("button", { name: "Take the demo" }));
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("The project demo-2 is there, but without its server");
  expect(alert).toHaveTextContent("The daemon is busy");
  expect(screen.getByRole("link", { name: "Add a server to it" })).toHaveAttribute("href", "/projects/demo-2/add-server");
  expect(location.pathname).toBe("/projects");
  // It stays when the dialog is closed, and is there once.
  await hands.keyboard("{Escape}");
  expect(screen.getAllByRole("alert")).toHaveLength(1);
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

test("who is invited is told here, and answers here", async () => {
  people.own = [invitation({ to: { kind: "team", id: "1", slug: "core", name: "Core", role: "member" } })];
  const hands = open("/projects", <ProjectsPage />);
  expect(await screen.findByRole("heading", { name: "You are invited" })).toBeInTheDocument();
  expect(screen.getByText(/Team, as Member · Ada/)).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Accept" }));
  await expect.poll(() => screen.queryByRole("heading", { name: "You are invited" })).toBeNull();
});
