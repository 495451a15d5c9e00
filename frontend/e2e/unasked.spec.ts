/** What a role may not ask for is not asked for: the daemon would put each refusal on record, as if somebody had tried. */
import type { Page } from "@playwright/test";

import { type Filled, test } from "./fixtures/filled";
import { enter, expect, join, newContext, newProject, newUser, PASSWORD, Rest } from "./fixtures/test";
import { PAGES } from "./pages";

/** Requests of a page that were refused, and how many have no answer yet. */
function watch(page: Page) {
  const refused: string[] = [];
  const open = new Set<unknown>();
  page.on("request", (request) => {
    // The stream of events has no end.
    if (request.resourceType() !== "eventsource") open.add(request);
  });
  for (const end of ["requestfinished", "requestfailed"] as const) page.on(end as "requestfinished", (request) => open.delete(request));
  page.on("response", (answer) => {
    if (answer.status() === 403) refused.push(`${page.url()}: ${answer.request().method()} ${answer.url()}`);
  });
  return { refused, settled: () => expect.poll(() => open.size).toBe(0) };
}

async function refusals(rest: Rest, at: string): Promise<unknown[]> {
  const { items } = (await rest.get(`${at}/audit?action=access.refuse&limit=200`)) as { items: unknown[] };
  return items;
}

/** Somebody of the team as well, as only they find its page. */
async function newcomer(rest: Rest, filled: Filled, role: "viewer" | "member"): Promise<{ id: string; email: string }> {
  const user = await newUser(rest);
  await join(rest, filled, user.email, role);
  await rest.post(`/teams/${filled.team}/invitations`, { email: user.email, role: "member" });
  const own = await Rest.as(user.email, PASSWORD);
  const { items } = (await own.get("/me/invitations")) as unknown as { items: { id: string; state: string }[] };
  for (const { id } of items.filter(({ state }) => state === "pending")) await own.post(`/me/invitations/${id}/accept`);
  return user;
}

for (const role of ["viewer", "member"] as const) {
  test(`every page, to a ${role}, asks for nothing that is refused`, async ({ browser, filled, rest }) => {
    const { email } = await newcomer(rest, filled, role);
    const context = await newContext(browser);
    await enter(context, email, PASSWORD);
    const page = await context.newPage();
    const { refused, settled } = watch(page);
    for (const { path } of PAGES) {
      await page.goto(path(filled));
      await expect(page.getByRole("heading").first()).toBeVisible();
      await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
      await settled();
      await expect(page.getByText("could not be loaded")).toHaveCount(0);
    }
    expect(refused).toEqual([]);
    expect(await refusals(rest, `/projects/${filled.slug}`)).toEqual([]);
    await context.close();
  });
}

test("who is made a viewer while the keys are open does not ask for them again", async ({ browser, rest }) => {
  const project = await newProject(rest);
  const { id, email } = await newUser(rest);
  await join(rest, project, email, "member");
  const context = await newContext(browser);
  await enter(context, email, PASSWORD);
  const page = await context.newPage();
  const { refused, settled } = watch(page);
  const events = page.waitForResponse(/\/api\/v1\/events/);
  await page.goto(`/projects/${project.slug}/keys`);
  await expect(page.getByRole("heading", { name: "No keys yet" })).toBeVisible();
  await events;
  await rest.patch(`/projects/${project.slug}/members/${id}`, { role: "viewer" });
  await expect(page.getByText(/needs the role member/i)).toBeVisible();
  await settled();
  expect(refused).toEqual([]);
  expect(await refusals(rest, `/projects/${project.slug}`)).toEqual([]);
  await context.close();
});
