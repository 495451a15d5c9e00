import type { Page } from "@playwright/test";

import { expect, expectAccessible, type Filled, test } from "./fixtures/filled";
import { speakKorean } from "./fixtures/korean";
import { DOORS, PAGES, type Visited } from "./pages";

/** What has to hold on each page; the fixture looks once more with axe at what is there in the end. */
async function visit(page: Page, { path, heading }: Visited, filled: Filled): Promise<void> {
  await page.goto(path(filled));
  await expectShown(page, heading[0]);
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(page.locator("html")).toHaveClass(/dark/);
  await expectAccessible(page, ["color-contrast"]);
  await page.setViewportSize({ width: 360, height: 740 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  await expectTablesFit(page, 360);
  for (const width of [768, 1024, 1440]) await expectTablesFit(page, width);
  await page.setViewportSize({ width: 360, height: 740 });
  await speakKorean(page);
  await page.reload();
  await expectShown(page, heading[1]);
  await expect(page.locator("html")).toHaveAttribute("lang", "ko");
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
}

/** What can be done with a row stands at its end, where nobody looks for it when the end is out of sight. */
async function expectTablesFit(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 740 });
  const cut = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("table")]
        .filter(({ parentElement: box }) => box !== null && box.scrollWidth > box.clientWidth)
        .map((table) => table.getAttribute("aria-label")),
    );
  await expect.poll(cut, `tables that are wider than their place, at ${String(width)}`).toEqual([]);
}

async function expectShown(page: Page, heading: RegExp): Promise<void> {
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
  await expect(page.getByRole("status", { name: /^(Loading|불러오는 중)/ })).toHaveCount(0);
  await expect(page.getByText("MISSING_MESSAGE")).toHaveCount(0);
}

for (const one of PAGES) {
  test(`${one.name}: reloads, is accessible in both themes, fits a small phone, speaks Korean`, async ({ console: page, filled }) => {
    await visit(page, one, filled);
  });
}

for (const one of DOORS) {
  test(`${one.name}, without a login: the same`, async ({ page, filled }) => {
    await visit(page, one, filled);
  });
}

test("dialogs fit a low window, as of a phone on its side", async ({ console: page, filled }) => {
  await page.setViewportSize({ width: 740, height: 320 });
  const at = `/projects/${filled.slug}`;
  const dialogs: [path: string, opens: string | RegExp, does: string][] = [
    ["/projects", "New project", "Create project"],
    [`${at}/keys`, "New key", "Create key"],
    [`${at}/members`, "Invite", "Invite"],
    [`${at}/settings`, "Add rule", "Done"],
    [`${at}/add-server`, /^Jira/, "Add server"],
    ["/teams", "Create team", "Create"],
  ];
  for (const [path, opens, does] of dialogs) {
    await page.goto(path);
    await page.getByRole("main").getByRole("button", { name: opens, exact: true }).first().click();
    const dialog = page.getByRole("dialog");
    const button = dialog.getByRole("button", { name: does, exact: true });
    await expect(button, path).toBeVisible();
    const isOut = () => button.evaluate((element) => element.getBoundingClientRect().bottom > (element.closest("[role=dialog]")?.getBoundingClientRect().bottom ?? 0));
    await expect.poll(isOut, `the button is below the dialog of ${path}`).toBe(false);
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
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

test("a long name of a project stays within the navigation", async ({ console: page, rest }) => {
  const { slug } = await rest.post("/projects", { name: "The platform of everything that is to do with payments" });
  const isCut = () => page.getByRole("navigation", { name: "Main" }).evaluateAll((navs) => navs.filter((nav) => nav.checkVisibility()).map((nav) => nav.scrollWidth > nav.clientWidth));
  await page.goto(`/projects/${String(slug)}`);
  await expect(page.getByRole("button", { name: /^Switch project: The platform/ })).toBeVisible();
  expect(await isCut()).toEqual([false]);
  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole("button", { name: "Open navigation" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: /^Switch project/ })).toBeVisible();
  await expect.poll(isCut).toEqual([false]);
});

test("the tab says the page, and what it belongs to, in the language of the page", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "files", transport: { type: "stdio", command: "true" } });
  await page.goto(`/projects/${project.slug}/servers/files/tools`);
  await expect(page).toHaveTitle(`Tools · files · ${project.name} · MCP Orchestrator`);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API keys" }).click();
  await expect(page).toHaveTitle(`API keys · ${project.name} · MCP Orchestrator`);
  await speakKorean(page);
  await page.reload();
  await expect(page).toHaveTitle(`API 키 · ${project.name} · MCP Orchestrator`);
});

test("an address of nothing says so", async ({ page }) => {
  const response = await page.goto("/no/such/page");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "Nothing here" })).toBeVisible();
});
