import { expect, join, logIn, newContext, newUser, PASSWORD, test } from "./fixtures/test";

test("renames a project, moves it to another address, and deletes it", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/settings`);
  await page.getByLabel("Slug").fill("Not a slug");
  await page.getByLabel("Name").focus();
  await expect(page.getByText("Use 1 to 40 of a-z")).toBeVisible();
  await page.getByLabel("Slug").fill(`${project.slug}-moved`);
  await page.getByLabel("Separator").fill("--_");
  await expect(page.getByText("files--_read_file")).toBeVisible();
  await page.locator("form").getByRole("button", { name: "Save changes" }).click();
  await expect(page).toHaveURL(`/projects/${project.slug}-moved/settings`);
  await page.reload();
  await expect(page.getByLabel("Separator")).toHaveValue("--_");

  await page.getByRole("button", { name: "Delete project" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill(`${project.slug}-moved`);
  await dialog.getByRole("button", { name: "Delete project" }).click();
  await expect(page).toHaveURL(/\/projects$/);
  await expect(page.getByRole("link", { name: project.name })).toHaveCount(0);
});

test("who is no admin reads the settings and changes nothing", async ({ browser, project, rest }) => {
  const user = await newUser(rest);
  await join(rest, project, user.email, "member");
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, user.email, PASSWORD);
  await page.goto(`/projects/${project.slug}/settings`);
  await expect(page.getByLabel("Name")).toHaveAttribute("readonly", "");
  await expect(page.locator("form").getByRole("button", { name: "Save changes" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Delete project" })).toHaveAttribute("aria-disabled", "true");
  await context.close();
});
