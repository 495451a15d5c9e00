import { expect, logIn, newContext, newInvitation, newUser, PASSWORD, test } from "./fixtures/test";

test("invites somebody with an account, who accepts, gets another role, and is removed", async ({ browser, console: page, project, rest }) => {
  const user = await newUser(rest);
  await page.goto(`/projects/${project.slug}/members`);
  await page.getByRole("button", { name: "Invite" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Invite" }).click();
  await expect(page.getByText("Enter an e-mail address")).toBeVisible();
  await dialog.getByLabel("E-mail address").fill(user.email);
  await dialog.getByLabel("Role").selectOption("viewer");
  await dialog.getByRole("button", { name: "Invite" }).click();
  const link = (await dialog.getByRole("textbox", { name: "invitation link" }).textContent()) ?? "";
  expect(link).toContain("/invitation#");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("Pending")).toBeVisible();

  const context = await newContext(browser);
  const other = await context.newPage();
  await logIn(other, user.email, PASSWORD);
  await other.goto(new URL(link).pathname + new URL(link).hash);
  await expect(other.getByRole("heading", { name: `Join ${project.name}` })).toBeVisible();
  await other.getByRole("button", { name: "Accept" }).click();
  await expect(other).toHaveURL(new RegExp(`/projects/${project.slug}$`));

  // Nobody reloads.
  const row = page.getByRole("row", { name: new RegExp(user.email) });
  await expect(row).toBeVisible({ timeout: 40_000 });
  await row.getByRole("combobox").selectOption("member");
  await expect.poll(async () => JSON.stringify(await rest.get(`/projects/${project.slug}/members`))).toContain('"role":"member"');
  await row.getByRole("button", { name: /^Remove/ }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(row).toHaveCount(0);
  await expect(other.getByRole("heading", { name: "Nothing here" })).toBeVisible();
  await context.close();
});

test("somebody without an account makes one and is there", async ({ page, project, rest }) => {
  await page.goto(await newInvitation(rest, project));
  await page.getByLabel("Name").fill("Lee Min-ji");
  await page.getByLabel("Password").fill("a password of their own");
  await page.getByRole("button", { name: "Accept and make an account" }).click();
  await expect(page).toHaveURL(new RegExp(`/projects/${project.slug}$`));
  await expect(page.getByRole("heading", { level: 1, name: project.name })).toBeVisible();
  await expect(page.getByRole("button", { name: "Account menu" })).toContainText("Lee Min-ji");
});

test("a project keeps its last admin", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/members`);
  await page.getByRole("combobox").first().selectOption("viewer");
  await expect(page.getByText(/last active admin/i).first()).toBeVisible();
});

test("a link that is over says so", async ({ page }) => {
  await page.goto("/invitation#orchi_nothing");
  await expect(page.getByRole("heading", { name: "This invitation is no longer valid" })).toBeVisible();
});
