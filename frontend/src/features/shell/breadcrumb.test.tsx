import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { Breadcrumb } from "./breadcrumb";
import { isActive, projectNav } from "./nav";

const ref = { project: "demo" };

function activeOn(path: string) {
  return projectNav(ref).filter((item) => isActive(item, path)).map(({ key }) => key);
}

test("each page of a project is active in one entry, also those that add servers", () => {
  expect(activeOn("/projects/demo")).toEqual(["overview"]);
  for (const path of ["servers", "servers/files/tools", "add-server", "import"]) expect(activeOn(`/projects/demo/${path}`)).toEqual(["servers"]);
  expect(activeOn("/projects/demo/settings")).toEqual(["settings"]);
});

test("what adds servers stands below them", async () => {
  open("/projects/demo/import", <Breadcrumb />);
  await screen.findByRole("link", { name: "Demo" });
  const crumbs = within(screen.getByRole("navigation")).getAllByRole("link").map(({ textContent }) => textContent);
  expect(crumbs).toEqual(["Projects", "Demo", "Servers", "Import"]);
  expect(document.title).toBe("Import · Demo · MCP Orchestrator");
});
