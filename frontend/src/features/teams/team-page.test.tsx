import { screen, within } from "@testing-library/react";
import { usePathname } from "next/navigation";
import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";
import { asked, backend, http, ME } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { id, pageOf, problem } from "@/testing/factories";
import { open } from "@/testing/render";

import { TeamPage } from "./team-page";

const BOB = id();

/** The page, until it is left. */
function Page() {
  return usePathname() === "/teams/ops" && <TeamPage />;
}

/** A team of two, as long as oneself is in it. `names` is what it is called, each time that it is asked for. */
function aTeam(...names: string[]) {
  const team = { id: id(), slug: "ops", name: "Ops", role: "admin", member_count: 2, version: 1, created_at: "2026-01-01T00:00:00Z", updated_at: "2026-01-01T00:00:00Z" } satisfies Schemas["TeamView"];
  let version = 0;
  let isOver = false;
  const one = (user_id: string, name: string, email: string) => ({ user_id, name, email, role: "admin", active: true, created_at: team.created_at, version: 1 }) as const;
  const gone = () => problem({ code: "not_found", status: 404 });
  backend.use(
    http.get("/api/v1/teams", ({ response }) => response(200).json(pageOf([]))),
    http.get("/api/v1/teams/{team}", ({ response }) => {
      if (isOver) return response(404).json(gone());
      version += 1;
      return response(200).json({ ...team, name: names[version - 1] ?? names.at(-1) ?? team.name, version });
    }),
    http.patch("/api/v1/teams/{team}", async ({ request, response }) => {
      const body = await request.json();
      const over = request.headers.get("if-match");
      asked.push({ what: `team over ${String(over)}`, body: body.name });
      if (over !== '"2"') return response(412).json(problem({ code: "stale", status: 412 }));
      return response(200).json({ ...team, name: body.name ?? team.name, version: 3 });
    }),
    http.get("/api/v1/teams/{team}/members", ({ response }) => response(200).json(pageOf([one(ME.id, "Me", ME.email), one(BOB, "Bob", "bob@example.com")]))),
    http.get("/api/v1/teams/{team}/projects", ({ response }) => response(200).json(pageOf([]))),
    http.get("/api/v1/teams/{team}/invitations", ({ response }) => response(200).json(pageOf([]))),
    http.delete("/api/v1/teams/{team}/members/{user}", ({ params, response }) => {
      asked.push({ what: "member", body: params.user });
      isOver ||= params.user === ME.id;
      return response(204).empty();
    }),
  );
}

test("a team is left only by who says that it is meant, and then its page too", async () => {
  aTeam("Ops");
  const hands = open("/teams/ops", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Leave the team" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "Leave the team" }));
  await expect.poll(() => location.pathname).toBe("/teams");
  expect(await screen.findByText("You have left Ops")).toBeInTheDocument();
  expect(asked).toEqual([{ what: "member", body: ME.id }]);
});

test("nobody is taken out of a team unasked", async () => {
  aTeam("Ops");
  const hands = open("/teams/ops", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Take Bob out" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "Take out" }));
  await expect.poll(() => asked).toEqual([{ what: "member", body: BOB }]);
  expect(location.pathname).toBe("/teams/ops");
});

test("a team that somebody else has renamed can be renamed once that was seen", async () => {
  aTeam("Ops", "Operations");
  const hands = open("/teams/ops", <Page />);
  const name = await screen.findByRole("textbox", { name: "Name" });
  await hands.type(name, " of mine");
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  await hands.click(await screen.findByRole("button", { name: "Keep mine" }));
  expect(screen.getByRole("heading", { level: 1, name: "Operations" })).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Ops of mine" })).toBeInTheDocument();
  expect(asked).toEqual([
    { what: 'team over "1"', body: "Ops of mine" },
    { what: 'team over "2"', body: "Ops of mine" },
  ]);
});
