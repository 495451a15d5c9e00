import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { useProject } from "@/lib/data/projects";
import { serverQuery } from "@/lib/data/servers";
import { teamQuery } from "@/lib/data/teams";
import { useProjectRef, useSegmentAfter, useServerRef } from "@/lib/route";
import { backend, http } from "@/testing/backend";
import { id, problem, project, server } from "@/testing/factories";
import { open } from "@/testing/render";

import { useTrueAddress } from "./use-true-address";

const NOTHING = problem({ code: "not_found", status: 404 });

/** One of each, under what they are called by now and under their ids. */
function named() {
  const names = { project: "demo", server: "files", team: "core" };
  const ids = { project: id(), server: id(), team: id() };
  const is = (noun: keyof typeof names, name: string) => name === names[noun] || name === ids[noun];
  backend.use(
    http.get("/api/v1/projects/{project}", ({ params, response }) =>
      is("project", params.project) ? response(200).json(project({ id: ids.project, slug: names.project, name: "A project" })) : response(404).json(NOTHING),
    ),
    http.get("/api/v1/projects/{project}/servers/{server}", ({ params, response }) =>
      is("project", params.project) && is("server", params.server) ? response(200).json(server({ id: ids.server, alias: names.server, name: "A server" })) : response(404).json(NOTHING),
    ),
    http.get("/api/v1/teams/{team}", ({ params, response }) =>
      is("team", params.team)
        ? response(200).json({ id: ids.team, slug: names.team, name: "A team", role: "admin", member_count: 1, created_at: "2026-01-31T12:00:00Z", updated_at: "2026-01-31T12:00:00Z", version: 1 })
        : response(404).json(NOTHING),
    ),
  );
  return { names, ids };
}

function Shell({ of: Page }: { of: () => string }) {
  const queryClient = useQueryClient();
  useTrueAddress(true);
  return (
    <>
      <button onClick={() => void queryClient.invalidateQueries()}>Look again</button>
      <Shown of={Page} />
    </>
  );
}

/** A page, with something that is being written. */
function Shown({ of: useName }: { of: () => string }) {
  return (
    <label>
      {useName()}
      <input />
    </label>
  );
}

const here = () => location.pathname + location.search;

test.each([
  ["project", "/projects/demo/servers/files/tools?kind=prompt", "/projects/moved/servers/files/tools?kind=prompt", () => `${useProject().name} ${useProjectRef().project}`, "A project moved"],
  ["server", "/projects/demo/servers/files/settings", "/projects/demo/servers/moved/settings", () => useSuspenseQuery(serverQuery(useServerRef())).data.name, "A server"],
  ["team", "/teams/core", "/teams/moved", () => useSuspenseQuery(teamQuery(useSegmentAfter("teams"))).data.name, "A team"],
] as const)("a %s that somebody else calls by another name is followed, and what is written on its page stays", async (noun, from, to, page, shown) => {
  const { names } = named();
  const hands = open(from, <Shell of={page} />);
  await hands.type(await screen.findByRole("textbox"), "half a word");
  names[noun] = "moved";
  await hands.click(screen.getByRole("button", { name: "Look again" }));
  await expect.poll(here).toBe(to);
  expect(screen.getByRole("textbox", { name: shown })).toHaveValue("half a word");
  // Nor is it lost once the new address is asked.
  await hands.click(screen.getByRole("button", { name: "Look again" }));
  expect(screen.getByRole("textbox", { name: shown })).toHaveValue("half a word");
  expect(here()).toBe(to);
});

test("an id in the address gives way to the name", async () => {
  const { ids } = named();
  open(`/projects/${ids.project}/keys`, <Shell of={() => useProject().name} />);
  await expect.poll(here).toBe("/projects/demo/keys");
  expect(await screen.findByRole("textbox", { name: "A project" })).toBeInTheDocument();
});

test("what is gone is not found", async () => {
  const { names, ids } = named();
  const hands = open("/projects/demo", <Shell of={() => useProject().name} />);
  await screen.findByRole("textbox");
  names.project = "gone";
  ids.project = id();
  await hands.click(screen.getByRole("button", { name: "Look again" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Nothing here" })).toBeInTheDocument();
  expect(here()).toBe("/projects/demo");
});
