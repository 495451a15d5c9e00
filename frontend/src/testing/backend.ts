/**
 * A daemon for tests of components, with handlers typed by the schema. What a test wants of it, it says by the project
 * that it opens:
 *
 * | project  | answers                                             |
 * |----------|-----------------------------------------------------|
 * | `demo`   | with one of everything; the user is an admin        |
 * | `empty`  | with empty lists                                    |
 * | `slow`   | never, where it is asked for a list                 |
 * | `broken` | with an error when it is first asked for a list     |
 * | `short`  | with an error when it is asked for more of a list   |
 * | `joined` | as `demo`, to a member                              |
 * | `viewed` | as `demo`, to a viewer                              |
 * | `refused`| as `demo`, where every call was refused             |
 *
 * A form that is to be refused says `refused` in one of its fields.
 */
import { delay } from "msw";
import { setupServer } from "msw/node";
import { createOpenApiHttp } from "openapi-msw";

import type { Schemas } from "@/lib/api/client";
import type { paths } from "@/lib/api/schema.gen";

import { problem, user } from "./factories";

export const http = createOpenApiHttp<paths>({ baseUrl: location.origin });

export const backend = setupServer();

/** Who is logged in. */
export const ME = user({ email: "me@example.com", name: "Me", instance_admin: true });

/** What was asked to be changed, in order. */
export const asked: { what: string; body: unknown }[] = [];

const failed = new Set<string>();

export function forget(): void {
  asked.length = 0;
  failed.clear();
}

/** Whether a list of this project is empty. Does not come back for a slow one. */
export async function isEmpty(project: unknown): Promise<boolean> {
  if (project === "slow") await delay("infinite");
  return project === "empty";
}

/** The error of a broken project, once for each list. */
export function failure(project: unknown, list: string): Schemas["Problem"] | undefined {
  if (project !== "broken" || failed.has(list)) return undefined;
  failed.add(list);
  return problem({ code: "internal", status: 500, detail: "the database is away" });
}
