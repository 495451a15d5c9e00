import { everything, expect, expectAccessible, test } from "./fixtures/test";

test("finds pages, servers, tools and projects with the keyboard alone", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await page.goto(`/projects/${project.slug}/members`);
  await expect(page.getByRole("heading", { name: "Members" })).toBeVisible();
  const open = async (words: string) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search and commands" }).fill(words);
  };
  await open("get-sum");
  await expect(page.getByRole("option", { name: /get-sum/ })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/servers\/everything\/tools\?kind=tool&name=get-sum/);
  await open("Logs");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/servers\/everything\/logs$/);
  await open("Create an API key");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "New API key" })).toBeVisible();
  await page.keyboard.press("Escape");
  await open("Activity");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/projects/${project.slug}/activity`);
  await open("zzzzzz");
  await expect(page.getByText("Nothing found")).toBeVisible();
  await page.keyboard.press("Escape");
  await open("한국어");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("lang", "ko");
});
