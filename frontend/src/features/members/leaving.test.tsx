import { screen, within } from "@testing-library/react";
import { usePathname } from "next/navigation";
import { expect, test } from "vitest";

import { asked, backend, http, ME } from "@/testing/backend";
import { findDialog } from "@/testing/dialog";
import { id, member, pageOf } from "@/testing/factories";
import { open } from "@/testing/render";

import { MembersPage } from "./members-page";

const OPS = { team_id: id(), slug: "ops", name: "Ops", role: "member", member_count: 3, created_at: "2026-01-01T00:00:00Z" } as const;

/** The page, until it is left. */
function Page() {
  return usePathname().endsWith("/members") && <MembersPage />;
}

/** Without the rights of an instance admin. */
function asNobodySpecial() {
  backend.use(http.get("/api/v1/auth/me", ({ response }) => response(200).json({ user: { ...ME, instance_admin: false }, via: "login", project_id: null })));
}

function takingAway() {
  backend.use(
    http.get("/api/v1/projects/{project}/teams", ({ response }) => response(200).json(pageOf([OPS]))),
    http.delete("/api/v1/projects/{project}/teams/{team}", ({ params, response }) => {
      asked.push({ what: "team", body: params.team });
      return response(204).empty();
    }),
    http.delete("/api/v1/projects/{project}/members/{user}", ({ params, response }) => {
      asked.push({ what: "member", body: params.user });
      return response(204).empty();
    }),
  );
}

test("who may change nothing may still leave, and is asked before", async () => {
  takingAway();
  asNobodySpecial();
  const hands = open("/projects/viewed/members", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Leave the project" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "Leave the project" }));
  await expect.poll(() => location.pathname).toBe("/projects");
  expect(asked).toEqual([{ what: "member", body: ME.id }]);
  expect(await screen.findByText(/You have left/)).toBeInTheDocument();
});

test("who is here through a team as well stays on the page", async () => {
  takingAway();
  asNobodySpecial();
  const self = member({ user_id: ME.id, email: ME.email, name: ME.name, teams: [{ id: OPS.team_id, name: "Ops", slug: "ops", role: "member" }] });
  let reads = 0;
  backend.use(
    http.get("/api/v1/projects/{project}/members", ({ response }) => {
      reads += 1;
      return response(200).json(pageOf([self]));
    }),
  );
  const hands = open("/projects/joined/members", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Leave the project" }));
  const dialog = await findDialog();
  expect(within(dialog).getByText(/What Ops may do here/)).toBeInTheDocument();
  await hands.click(within(dialog).getByRole("button", { name: "Leave the project" }));
  await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
  expect(location.pathname).toBe("/projects/joined/members");
  // What is there now is read again.
  await expect.poll(() => reads).toBeGreaterThan(1);
});

test("an instance admin is told what stays, and stays", async () => {
  takingAway();
  const hands = open("/projects/viewed/members", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Leave the project" }));
  const dialog = await findDialog();
  expect(within(dialog).getByText(/As an admin of the instance/)).toBeInTheDocument();
  await hands.click(within(dialog).getByRole("button", { name: "Leave the project" }));
  await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
  expect(location.pathname).toBe("/projects/viewed/members");
});

test("a team is not taken from the project unasked", async () => {
  takingAway();
  const hands = open("/projects/demo/members", <Page />);
  await hands.click(await screen.findByRole("button", { name: "Remove Ops" }));
  const dialog = await findDialog();
  expect(asked).toEqual([]);
  await hands.click(within(dialog).getByRole("button", { name: "Remove" }));
  await expect.poll(() => asked).toEqual([{ what: "team", body: OPS.team_id }]);
});
