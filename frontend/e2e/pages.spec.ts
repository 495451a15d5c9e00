import { everything, expect, expectAccessible, test } from "./fixtures/test";
import { PAGES } from "./pages";

for (const language of [0, 1] as const) {
  test(`every page reloads and is accessible, in ${["English", "Korean"][language] ?? ""}`, async ({ console: page, project, rest }) => {
    test.setTimeout(600_000);
    await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
    if (language === 1) await page.evaluate(() => localStorage.setItem("orch.locale", "ko"));
    for (const theme of language === 0 ? ["light", "dark"] : ["light"]) {
      await page.evaluate((chosen) => localStorage.setItem("theme", chosen), theme);
      for (const { path, heading, name } of PAGES) {
        // A fresh load of the address, as a reload is.
        await page.goto(path(project.slug));
        await expect(page.getByRole("heading", { level: 1, name: heading[language] }), name).toBeVisible();
        await expect(page.locator("html")).toHaveAttribute("lang", language === 0 ? "en" : "ko");
        await expect(page.getByText("MISSING_MESSAGE")).toHaveCount(0);
        await expectAccessible(page);
      }
    }
  });
}

test("nothing is wider than a small phone", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await page.setViewportSize({ width: 360, height: 740 });
  for (const { path, heading, name } of PAGES) {
    await page.goto(path(project.slug));
    await expect(page.getByRole("heading", { level: 1, name: heading[0] }), name).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect([name, overflow]).toEqual([name, 0]);
  }
});

test("the keyboard goes everywhere", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#content")).toBeFocused();
});

test("an address of nothing says so", async ({ page }) => {
  const response = await page.goto("/no/such/page");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
});
