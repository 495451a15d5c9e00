import { enter, expect, logIn, newContext, newUser, PASSWORD, Rest, test } from "./fixtures/test";

test("what was chosen in one browser shows in the next, and with its first paint after that", async ({ page, browser, rest }) => {
  const user = await newUser(rest);
  await enter(page.context(), user.email, PASSWORD);
  await page.goto("/profile");
  const html = page.locator("html");
  await expect(html).toHaveClass(/light/);
  await page.getByLabel("Theme").selectOption("dark");
  await expect(html).toHaveClass(/dark/);
  await page.getByLabel("Language").selectOption("ko");
  await expect(html).toHaveAttribute("lang", "ko");
  const own = await Rest.as(user.email, PASSWORD);
  await expect.poll(() => own.get("/me")).toMatchObject({ theme: "dark", language: "ko" });

  const context = await newContext(browser);
  const other = await context.newPage();
  await logIn(other, user.email, PASSWORD);
  await expect(other.locator("html")).toHaveClass(/dark/);
  await expect(other.getByRole("heading", { level: 1, name: "프로젝트" })).toBeVisible();
  // Without a word from the daemon, as it is kept in this browser.
  await other.route("**/api/v1/me", () => new Promise(() => undefined));
  await other.reload();
  await expect(other.getByRole("heading", { level: 1, name: "프로젝트" })).toBeVisible();
  await expect(other.locator("html")).toHaveClass(/dark/);
  await other.unroute("**/api/v1/me");

  await other.goto("/projects");
  await other.getByRole("button", { name: "계정 메뉴" }).click();
  await other.getByRole("menuitemradio", { name: "시스템" }).first().click();
  await other.getByRole("button", { name: "계정 메뉴" }).click();
  await other.getByRole("menuitemradio", { name: "시스템" }).last().click();
  await expect(other.locator("html")).toHaveClass(/light/);
  await expect(other.locator("html")).toHaveAttribute("lang", "en");
  await expect.poll(() => own.get("/me")).toMatchObject({ theme: null, language: null });
  // The first browser hears of it.
  await expect(html).toHaveClass(/light/);
  await expect(html).toHaveAttribute("lang", "en");
  await context.close();
});

test("a choice that cannot be stored goes back, and says so", async ({ page, rest }) => {
  const user = await newUser(rest);
  await enter(page.context(), user.email, PASSWORD);
  await page.goto("/profile");
  await page.getByLabel("Name").fill("Half a na");
  await page.route("**/api/v1/me", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await page.getByLabel("Theme").selectOption("dark");
  await expect(page.getByText("This was not stored in your account", { exact: true })).toBeVisible();
  await expect(page.locator("html")).toHaveClass(/light/);
  await page.unroute("**/api/v1/me");
  await page.getByLabel("Theme").selectOption("dark");
  await expect(page.locator("html")).toHaveClass(/dark/);
  // What was typed beside it is still there, and can be saved.
  await expect(page.getByLabel("Name")).toHaveValue("Half a na");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Changes saved", { exact: true }).first()).toBeVisible();
});
