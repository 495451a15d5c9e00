import { baseUrl, callTool, everything, expect, expectAccessible, join, logIn, newContext, newUser, PASSWORD, save, test } from "./fixtures/test";

test("renames a project, moves it to another address, and deletes it", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/settings`);
  const saves = page.locator("form").first().getByRole("button", { name: "Save changes" });
  await page.getByLabel("Separator").fill("--_");
  await expect(page.getByText("files--_read_file")).toBeVisible();
  await page.getByLabel("Slug").fill("Not a slug");
  await saves.click();
  await expect(page.getByText("Use 1 to 40 of a-z")).toBeVisible();
  // What is below must not move between pressing the button and letting it go: nothing would be saved.
  await page.getByLabel("Slug").fill(`${project.slug}-moved`);
  await saves.click();
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
  await expect(page.getByRole("textbox", { name: "Name" })).toBeDisabled();
  const button = page.locator("form").first().getByRole("button", { name: "Save changes" });
  await expect(button).toHaveAttribute("aria-disabled", "true");
  await button.hover();
  await expect(page.getByRole("tooltip").filter({ hasText: /needs the role admin/i }).first()).toBeAttached();
  await expect(page.getByRole("group", { name: "Each API key" }).getByLabel("Requests a minute")).toBeDisabled();
  await expect(page.getByRole("button", { name: "Delete project" })).toHaveAttribute("aria-disabled", "true");
  await context.close();
});

test("limits a project, and says what becomes of flawed tools", async ({ console: page, project, rest }) => {
  await page.goto(`/projects/${project.slug}/settings`);
  const card = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Limits" }) });
  const each = card.getByRole("group", { name: "Each API key" });
  await each.getByLabel("Requests a minute").fill("many");
  await card.getByRole("button", { name: "Save changes" }).click();
  await expect(each.getByText("Use a whole number from 1 to 1,000,000")).toBeVisible();
  await each.getByLabel("Requests a minute").fill("60");
  await card.getByRole("group", { name: "Each person" }).getByLabel("Calls at a time").fill("4");
  await card.getByRole("group", { name: "The whole project" }).getByLabel("Calls a day").fill("10000");
  await card.getByLabel("Calls at a time at one server").fill("8");
  await expectAccessible(page);
  await save(card);
  await expect(page.getByText("Changes saved", { exact: true })).toBeVisible();
  expect(await rest.get(`/projects/${project.slug}/limits`)).toMatchObject({
    limits: {
      key: { per_minute: 60, concurrent: null },
      user: { concurrent: 4 },
      project: { per_day: 10_000 },
      server_concurrent: 8,
    },
  });

  const flawed = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Flawed tools" }) });
  await flawed.getByRole("radio", { name: /^Hide/ }).click();
  await save(flawed);
  await page.reload();
  await expect(flawed.getByRole("radio", { name: /^Hide/ })).toBeChecked();
  await expect(each.getByLabel("Requests a minute")).toHaveValue("60");
});

test("keeps the arguments of calls as the project chooses", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  const url = `${baseUrl()}/projects/${project.slug}/unified/mcp`;
  await callTool(url, key, "everything__echo", { message: "before" });
  await page.goto(`/projects/${project.slug}/settings`);
  const card = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Arguments on record" }) });
  await expect(card.getByRole("radio", { name: /^Nothing/ })).toBeChecked();
  await card.getByRole("radio", { name: /redacted/ }).click();
  await expect(card).toContainText("to members for their own");
  const names = card.getByRole("textbox", { name: /hide/ });
  await names.fill("[unclosed");
  await card.getByRole("button", { name: "Save changes" }).click();
  await expect(names).toHaveAttribute("aria-invalid", "true");
  await names.fill("*iban*");
  await expectAccessible(page);
  await save(card);
  expect(await rest.get(`/projects/${project.slug}`)).toMatchObject({ recorded_arguments: { mode: "redacted", hidden: ["*iban*"] } });

  await callTool(url, key, "everything__echo", { message: "after", iban: "DE00 1234", token: "s3cret" });
  await page.goto(`/projects/${project.slug}/activity`);
  await expect(page.getByRole("row", { name: /everything · echo/ })).toHaveCount(2);
  await page.getByRole("button", { name: "Details of echo" }).first().click();
  const kept = page.getByRole("dialog").getByRole("region", { name: "Arguments" });
  await expect(kept).toContainText('"message": "after"');
  await expect(kept).not.toContainText(/DE00|s3cret/);
  await expectAccessible(page);
});
