import type { Schemas } from "@/lib/api/client";

import { asked, http, ME } from "../backend";
import { id, pageOf, problem } from "../factories";

const AT = "2026-01-31T12:00:00Z";

export function invitation(part: Partial<Schemas["InvitationView"]> = {}): Schemas["InvitationView"] {
  return {
    id: id(),
    email: ME.email,
    to: { kind: "project", id: id(), slug: "demo", name: "Demo", role: "viewer" },
    inviter: { email: "ada@example.com", name: "Ada" },
    state: "pending",
    mail: { state: "not_sent" },
    created_at: AT,
    expires_at: "2036-02-07T12:00:00Z",
    ...part,
  };
}

interface People {
  isLoggedIn: boolean;
  ways: Schemas["WaysIn"];
  /** What the user is invited to. */
  own: Schemas["InvitationView"][];
  /** All of the instance. */
  all: Schemas["InvitationView"][];
  /** What every link leads to. */
  found: Schemas["FoundInvitationView"];
}

function usual(): People {
  return {
    isLoggedIn: true,
    ways: { sign_up: "closed", mail: false },
    own: [],
    all: [],
    found: { ...invitation(), makes_account: true },
  };
}

/** How people come in. A test changes of it what it is about. */
export const people = usual();

export function forgetPeople(): void {
  Object.assign(people, usual());
}

const UNKNOWN = () => problem({ code: "unauthenticated", status: 401 });

export const peopleHandlers = [
  http.get("/api/v1/auth/me", ({ response }) =>
    people.isLoggedIn ? response(200).json({ user: ME, via: "login", project_id: null }) : response(401).json(UNKNOWN()),
  ),
  http.post("/api/v1/auth/refresh", ({ response }) => response(401).json(UNKNOWN())),
  http.post("/api/v1/auth/logout", ({ response }) => {
    asked.push({ what: "log out", body: undefined });
    people.isLoggedIn = false;
    return response(204).empty();
  }),
  http.get("/api/v1/auth/ways-in", ({ response }) => response(200).json(people.ways)),
  http.post("/api/v1/auth/reset-password", ({ response }) => response(410).json(problem({ code: "gone", status: 410 }))),
  http.get("/api/v1/me/invitations", ({ response }) => response(200).json(pageOf(people.own))),
  http.post("/api/v1/me/invitations/{invitation}/accept", ({ params, response }) => {
    const accepted = people.own.find((one) => one.id === params.invitation);
    people.own = people.own.filter((one) => one !== accepted);
    if (accepted === undefined) return response(404).json(problem({ code: "not_found", status: 404 }));
    return response(200).json({ invitation: { ...accepted, state: "accepted" }, email: ME.email });
  }),
  http.get("/api/v1/invitations", ({ response }) => response(200).json(pageOf(people.all))),
  http.post("/api/v1/invitations", async ({ request, response }) => {
    const body = await request.json();
    asked.push({ what: "invite", body });
    const made = invitation({ email: body.email, to: { kind: "instance", instance_admin: body.instance_admin ?? false } });
    people.all = [made, ...people.all];
    return response(201).json({ invitation: made, link: "http://localhost/invitation#orchi_1" });
  }),
  http.post("/api/v1/invitations/lookup", ({ response }) => response(200).json(people.found)),
  http.post("/api/v1/invitations/decline", ({ response }) => response(204).empty()),
];
