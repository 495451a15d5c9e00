import { expect, logIn, newContext, newUser, PASSWORD, test } from "./fixtures/test";

test("makes an account, switches it off and on, and gives it another password", async ({ browser, console: page }) => {
  const email = `made-${String(Date.now())}@example.com`;
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("dialog").getByLabel("E-mail address").fill(email);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  const shown = page.getByRole("dialog").getByRole("textbox", { name: "password" });
  await expect(shown).not.toBeEmpty();
  await page.getByRole("button", { name: "Done" }).click();

  await page.getByRole("searchbox").fill(email);
  const actions = page.getByRole("button", { name: `Actions for ${email}` });
  await actions.click();
  await page.getByRole("menuitem", { name: "Deactivate" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
  await expect(page.getByText("deactivated", { exact: true })).toBeVisible();
  await actions.click();
  await page.getByRole("menuitem", { name: "Activate", exact: true }).click();
  await expect(page.getByText("deactivated", { exact: true })).toHaveCount(0);
  await actions.click();
  await page.getByRole("menuitem", { name: "Make instance admin" }).click();
  await expect(page.getByText("Instance admin", { exact: true })).toHaveCount(0);
  await page.getByRole("dialog").getByRole("button", { name: "Make instance admin" }).click();
  await expect(page.getByText("Instance admin", { exact: true })).toBeVisible();
  await actions.click();
  await page.getByRole("menuitem", { name: "Reset password" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset password" }).click();
  const link = page.getByRole("dialog").getByRole("textbox", { name: "reset link" });
  await expect(link).toContainText("#");
  const context = await newContext(browser);
  const theirs = await context.newPage();
  await theirs.goto((await link.textContent()) ?? "");
  await theirs.getByLabel("New password").fill("a password of their own");
  // What is good for a password is not left where others look.
  await expect(theirs).toHaveURL(/\/reset-password$/);
  await theirs.getByRole("button", { name: "Set the password" }).click();
  await expect(theirs.getByRole("heading", { name: "Your password is set" })).toBeVisible();
  await logIn(theirs, email, "a password of their own");
  await context.close();
  await page.getByRole("button", { name: "Done" }).click();
});

test("pages of the instance are for its admins", async ({ browser, rest }) => {
  const user = await newUser(rest);
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, user.email, PASSWORD);
  for (const path of ["/admin/users", "/admin/projects", "/admin/keys", "/admin/audit", "/admin/system"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { name: "Not for you" })).toBeVisible();
  }
  await context.close();
});

test("changes the own password", async ({ browser, rest }) => {
  const user = await newUser(rest);
  const context = await newContext(browser);
  const page = await context.newPage();
  await logIn(page, user.email, PASSWORD);
  await page.goto("/profile");
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password", { exact: true }).fill("a quite new password");
  await page.getByLabel("New password again").fill("a quite new passwort");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("The two are not the same")).toBeVisible();
  await page.getByLabel("New password again").fill("a quite new password");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByLabel("Current password")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("This is not your current password")).toBeVisible();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Password changed").first()).toBeVisible();
  await context.close();
});
