import { enter, everything, expect, join, newContext, newUser, PASSWORD, test } from "./fixtures/test";

/** What two people do at the same time: nobody reloads. */
const NOTICE = "Somebody else has changed this in the meantime";

test("what is being written in settings stays while somebody else saves them", async ({ console: page, project, rest }) => {
  await page.goto(`/projects/${project.slug}/settings`);
  const name = page.getByLabel("Name", { exact: true });
  const form = page.locator("form").filter({ has: name });
  await name.fill("Mine");
  await rest.patch(`/projects/${project.slug}`, { name: "Theirs" });
  await expect(form.getByText(NOTICE)).toBeVisible();
  await expect(name).toHaveValue("Mine");
  await form.getByRole("button", { name: "Save changes" }).click();
  // Nothing is saved, and whoever has pressed the button is taken to why.
  const notice = form.getByRole("alert").filter({ hasText: NOTICE });
  await expect(notice).toBeFocused();
  await expect(notice).toBeInViewport();
  await expect.poll(async () => (await rest.get(`/projects/${project.slug}`)).name).toBe("Theirs");
  await form.getByRole("button", { name: "Keep mine" }).click();
  await form.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Changes saved", { exact: true })).toBeVisible();
  expect((await rest.get(`/projects/${project.slug}`)).name).toBe("Mine");
});

test("what is being written of a server stays while another part of it is changed, and while the same is", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "every", transport: { type: "stdio", ...everything() } });
  await page.goto(`/projects/${project.slug}/servers/every/settings`);
  const name = page.getByRole("textbox", { name: /^Display name/ });
  const form = page.locator("form").filter({ has: name });
  await name.fill("Mine");
  const path = `/projects/${project.slug}/servers/every`;
  await rest.patch(path, { run: { max_in_flight: 7 } });
  await expect(page.getByLabel(/in flight|at the same time/i).first()).toHaveValue("7");
  await expect(name).toHaveValue("Mine");
  await expect(form.getByText(NOTICE)).toHaveCount(0);
  await rest.patch(path, { timeout: 44 });
  await expect(form.getByText(NOTICE)).toBeVisible();
  await form.getByRole("button", { name: "Take theirs" }).click();
  await expect(form.getByRole("textbox", { name: /^Timeout/ })).toHaveValue("44");
  await expect(name).not.toHaveValue("Mine");
  await name.fill("Mine at last");
  await form.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Changes saved", { exact: true })).toBeVisible();
  expect(await rest.get(path)).toMatchObject({ name: "Mine at last", timeout: 44 });
});

test("a page goes along when its server gets another name, and what is written there stays", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "every", transport: { type: "stdio", ...everything() } });
  await page.goto(`/projects/${project.slug}/servers/every/settings?from=here`);
  const name = page.getByRole("textbox", { name: /^Display name/ });
  await name.fill("Mine");
  await rest.patch(`/projects/${project.slug}/servers/every`, { alias: "other" });
  await expect(page).toHaveURL(`/projects/${project.slug}/servers/other/settings?from=here`);
  await expect(name).toHaveValue("Mine");
  await page.reload();
  await expect(page.getByRole("textbox", { name: /^Alias/ })).toHaveValue("other");
  // The same for who names it anew.
  await page.getByRole("textbox", { name: /^Alias/ }).fill("mine");
  await page.locator("form").filter({ has: name }).getByRole("button", { name: "Save changes" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}/servers/mine/settings?from=here`);
  await expect(page.getByText("Changes saved", { exact: true })).toBeVisible();
});

test("a page goes along when its project gets another name, and what is written there stays", async ({ console: page, project, rest }) => {
  await page.goto(`/projects/${project.slug}/settings?from=here`);
  const name = page.getByRole("textbox", { name: /^Name/ }).first();
  await name.fill("Mine");
  await rest.patch(`/projects/${project.slug}`, { slug: `${project.slug}-2` });
  await expect(page).toHaveURL(`/projects/${project.slug}-2/settings?from=here`);
  await expect(name).toHaveValue("Mine");
});

test("a project that is deleted is gone from the pages of those who look at it, and who is back sees it again", async ({ browser, project, rest }) => {
  const user = await newUser(rest);
  await join(rest, project, user.email, "viewer");
  const context = await newContext(browser);
  await enter(context, user.email, PASSWORD);
  const page = await context.newPage();
  await page.goto(`/projects/${project.slug}`);
  await expect(page.getByRole("heading", { level: 1, name: project.name })).toBeVisible();
  await rest.delete(`/projects/${project.slug}/members/${user.id}`);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await join(rest, project, user.email, "viewer");
  await page.getByRole("link", { name: "Go to your projects" }).click();
  await page.getByRole("main").getByRole("link", { name: project.name }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: project.name })).toBeVisible();
  await rest.delete(`/projects/${project.slug}`);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await context.close();
});

test("a viewer leaves a project", async ({ browser, project, rest }) => {
  const user = await newUser(rest);
  await join(rest, project, user.email, "viewer");
  const context = await newContext(browser);
  await enter(context, user.email, PASSWORD);
  const page = await context.newPage();
  await page.goto(`/projects/${project.slug}/members`);
  await page.getByRole("button", { name: "Leave the project" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave the project" }).click();
  await expect(page.getByText(`You have left ${project.name}`, { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/\/projects$/);
  await expect(page.getByRole("main").getByText(project.name)).toHaveCount(0);
  await context.close();
});

test("who is in a team sees what others change in it, and leaves it", async ({ browser, rest }) => {
  const user = await newUser(rest);
  const slug = `live-${String(Date.now())}`;
  await rest.post("/teams", { name: "Before", slug });
  await rest.post(`/teams/${slug}/invitations`, { email: user.email, role: "admin" });
  const context = await newContext(browser);
  await enter(context, user.email, PASSWORD);
  const page = await context.newPage();
  await page.goto("/profile");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("button", { name: "Accept" })).toHaveCount(0);
  await page.goto(`/teams/${slug}`);
  const name = page.getByLabel("Name", { exact: true });
  await expect(name).toHaveValue("Before");
  await rest.patch(`/teams/${slug}`, { name: "After" });
  await expect(page.getByRole("heading", { level: 1, name: "After" })).toBeVisible();
  await expect(name).toHaveValue("After");
  await page.getByRole("button", { name: "Leave the team" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Leave the team" }).click();
  await expect(page).toHaveURL(/\/teams$/);
  await expect(page.getByText("You have left After", { exact: true })).toBeVisible();
  await context.close();
});
