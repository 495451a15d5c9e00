import { ADMIN, baseUrl, callTool, enter, everything, expect, expectAccessible, join, newContext, newInvitation, newUser, PASSWORD, Rest, test } from "./fixtures/test";

test("an invitation comes to who looks, wherever that is, and is gone when it is taken back", async ({ page, project, rest }) => {
  const user = await newUser(rest);
  await enter(page.context(), user.email, PASSWORD);
  await page.goto("/projects");
  await expect(page.getByText("Live")).toBeVisible();
  await expect(page.getByText("You are invited")).toHaveCount(0);
  const issued = await rest.post(`/projects/${project.slug}/invitations`, { email: user.email, role: "viewer" });
  // Nobody reloads, and it is no longer than an event takes.
  await expect(page.getByRole("heading", { name: "You are invited" })).toBeVisible({ timeout: 5_000 });
  await expect(page.getByRole("button", { name: "Account menu, 1 invitation" })).toBeVisible();
  await expectAccessible(page);
  const { id } = issued.invitation as { id: string };
  await rest.delete(`/projects/${project.slug}/invitations/${id}`);
  await expect(page.getByRole("heading", { name: "You are invited" })).toHaveCount(0, { timeout: 5_000 });
  const again = await rest.post(`/projects/${project.slug}/invitations`, { email: user.email, role: "viewer" });
  await expect(page.getByRole("button", { name: "Account menu, 1 invitation" })).toBeVisible();
  // By the link as well; once it is spent there is no way back to it.
  const { pathname, hash } = new URL(String(again.link));
  await page.goto(pathname + hash);
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}`);
  await expect(page.getByRole("button", { name: "Account menu", exact: true })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL("/projects");
});

test("an invitation that makes no account leads through the login and back to it", async ({ page, project, rest }) => {
  const [inviter, invited] = [await newUser(rest), await newUser(rest)];
  await join(rest, project, inviter.email, "admin");
  const own = await Rest.as(inviter.email, PASSWORD);
  const issued = await own.post(`/projects/${project.slug}/invitations`, { email: invited.email, role: "member" });
  const { hash } = new URL(String(issued.link));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`/invitation${hash}`);
  await expect(page.getByText("No account yet?")).toBeVisible();
  await expect(page.getByLabel("Password")).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("link", { name: "Log in" }).click();
  await page.getByLabel("E-mail address").fill(invited.email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}`);
  // No address that was asked for has the token.
  expect(asked.filter((url) => url.includes(hash.slice(1)))).toEqual([]);
});

test("who is logged in as somebody else logs out and goes on", async ({ console: page, project, rest }) => {
  await page.goto(await newInvitation(rest, project));
  await expect(page.getByText(`You are logged in as ${ADMIN.email}.`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Decline" })).toHaveCount(0);
  await page.getByRole("button", { name: "Log out and continue" }).click();
  await expect(page.getByRole("button", { name: "Accept and make an account" })).toBeVisible();
  await page.getByRole("button", { name: "Decline" }).click();
  await page.getByRole("link", { name: "Go to the login" }).click();
  await expect(page.getByLabel("E-mail address")).toBeVisible();
});

test("the login is not for who is logged in", async ({ console: page, project }) => {
  await page.goto(`/login?next=/projects/${project.slug}`);
  await expect(page).toHaveURL(`/projects/${project.slug}`);
  await expect(page.getByRole("heading", { level: 1, name: project.name })).toBeVisible();
});

test("an instance admin invites, finds the invitation, and takes it back", async ({ console: page }) => {
  const email = `invited-${String(Date.now())}@example.com`;
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill(email);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Invite" }).click();
  await expect(dialog.getByRole("textbox", { name: "invitation link" })).toContainText("/invitation#");
  await dialog.getByRole("button", { name: "Done" }).click();
  const row = page.getByRole("listitem").filter({ hasText: email });
  await expect(row).toContainText("to the instance · User");
  await row.getByRole("button", { name: /^Take back/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await expect(row).toContainText("Taken back");
});

test("a star, a login elsewhere and the use of a key are seen without a touch", async ({ browser, page, project, rest }) => {
  const user = await newUser(rest);
  await join(rest, project, user.email, "admin");
  await rest.patch(`/users/${user.id}`, { instance_admin: true });
  const own = await Rest.as(user.email, PASSWORD);
  await own.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  const key = await own.post(`/projects/${project.slug}/keys`, { name: `used ${project.slug}` });
  await enter(page.context(), user.email, PASSWORD);
  await page.goto("/projects");
  const [keys, profile] = [await page.context().newPage(), await page.context().newPage()];
  await keys.goto("/admin/keys");
  const row = keys.getByRole("row", { name: new RegExp(`used ${project.slug}`) });
  await expect(row).toContainText("Never");
  await profile.goto("/profile");
  await expect(profile.getByText("this one")).toBeVisible();
  const logins = await profile.getByRole("button", { name: "End", exact: true }).count();

  const soon = { timeout: 45_000 };
  // One after another, as what is told of one may show another.
  await own.post("/stars", { project: project.slug, server: "everything" });
  await expect(page.getByRole("link", { name: /everything/ })).toBeVisible(soon);
  await callTool(`${baseUrl()}/projects/${project.slug}/unified/mcp`, String(key.key), "everything__echo", { message: "hello" });
  await expect(row).not.toContainText("Never", soon);
  const elsewhere = await newContext(browser);
  await enter(elsewhere, user.email, PASSWORD);
  await expect(profile.getByRole("button", { name: "End", exact: true })).toHaveCount(logins + 1, soon);
  await elsewhere.close();
});
