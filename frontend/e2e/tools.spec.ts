import { everything, expect, expectAccessible, test } from "./fixtures/test";

test("shows what a server offers once it has been asked", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await page.goto(`/projects/${project.slug}/servers/everything/tools`);
  await page.getByRole("button", { name: "Start server" }).click();
  const list = page.getByRole("list").filter({ has: page.getByRole("link", { name: /Echo Tool/ }) });
  await expect(list).toBeVisible();
  await page.getByRole("searchbox", { name: "Search" }).fill("sum");
  await expect(page.getByRole("link", { name: /Echo Tool/ })).toHaveCount(0);
  await page.getByRole("link", { name: /Get Sum Tool/ }).click();
  await expect(page.getByRole("region", { name: "Arguments" })).toContainText("First number");
  await expectAccessible(page);
  await page.getByRole("tab", { name: "Definition" }).click();
  await expect(page.getByRole("region", { name: "Definition" })).toContainText('"inputSchema"');
  await page.getByRole("button", { name: "Prompts" }).click();
  await expect(page.getByRole("link", { name: /simple/i }).first()).toBeVisible();
  await page.getByRole("button", { name: "Resources" }).click();
  await page.getByRole("link").filter({ hasText: "demo://" }).first().click();
  await page.getByRole("link", { name: "Try it" }).click();
  await expect(page).toHaveURL(/\/playground\?kind=resource&name=demo/);
});
