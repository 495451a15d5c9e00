/** Pictures of every page for people to look at: `just screenshots` writes them into screenshots/. */
import type { Page } from "@playwright/test";

import { newInvitation } from "./fixtures/test";
import { expect, type Filled, newProject, test } from "./fixtures/filled";
import { speakKorean } from "./fixtures/korean";
import { DOORS, PAGES, type Visited } from "./pages";

const WIDTHS = [
  [1440, 900],
  [390, 844],
] as const;

async function picture(page: Page, { name, path, heading }: Visited, at: Filled, what: string): Promise<void> {
  // Two addresses that differ behind # are one page to a browser.
  await page.goto("about:blank");
  await page.goto(path(at));
  await expect(page.getByRole("heading", { level: 1, name: heading[what === "korean" ? 1 : 0] })).toBeVisible();
  await expect(page.getByRole("status", { name: /^(Loading|불러오는 중)/ })).toHaveCount(0);
  await shoot(page, `${what}/${name}`);
}

/** A picture of a whole page shows what is out of sight as well, and what floats has found its place. */
async function settled(): Promise<void> {
  for (const row of document.querySelectorAll<HTMLElement>(".row-in-sight")) row.style.contentVisibility = "visible";
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
}

/** Once for each width and theme. */
async function shoot(page: Page, file: string, isWhole = true): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  for (const [width, height] of WIDTHS) {
    for (const theme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await expect(page.locator("html")).toHaveClass(new RegExp(theme));
      await page.evaluate(settled);
      await page.screenshot({ path: `screenshots/${file}-${String(width)}-${theme}.png`, fullPage: isWhole, animations: "disabled" });
    }
  }
}

/** What opens above a page: where, and how. */
const OPENED: [name: string, path: (at: Filled) => string, open: (page: Page) => Promise<void>][] = [
  ["new-project", () => "/projects", (page) => page.getByRole("button", { name: "New project" }).click()],
  ["new-key", ({ slug }) => `/projects/${slug}/keys`, (page) => page.getByRole("button", { name: "New key" }).click()],
  ["key-menu", ({ slug }) => `/projects/${slug}/keys`, (page) => page.getByRole("button", { name: /^Actions for Nightly/ }).click()],
  ["edit-key", ({ slug }) => `/projects/${slug}/keys`, (page) => fromMenu(page, /^Actions for Nightly/, "Edit")],
  ["rotate-key", ({ slug }) => `/projects/${slug}/keys`, (page) => fromMenu(page, /^Actions for Nightly/, "Rotate")],
  ["invite", ({ slug }) => `/projects/${slug}/members`, (page) => page.getByRole("button", { name: "Invite", exact: true }).click()],
  ["add-team", ({ slug }) => `/projects/${slug}/members`, (page) => page.getByRole("button", { name: "Add a team" }).click()],
  ["catalog", ({ slug }) => `/projects/${slug}/add-server`, (page) => page.getByRole("button", { name: /^GitHub/ }).first().click()],
  ["rule", ({ slug }) => `/projects/${slug}/settings`, (page) => page.getByRole("button", { name: "Add rule" }).click()],
  ["delete-project", ({ slug }) => `/projects/${slug}/settings`, (page) => page.getByRole("button", { name: "Delete project" }).click()],
  ["call", ({ slug }) => `/projects/${slug}/activity`, (page) => page.getByRole("button", { name: "Details of echo" }).first().click()],
  ["server-menu", ({ slug }) => `/projects/${slug}/servers`, (page) => page.getByRole("button", { name: /^Actions for everything/ }).click()],
  ["palette", ({ slug }) => `/projects/${slug}`, (page) => page.keyboard.press("Control+k")],
  ["user-menu", ({ slug }) => `/projects/${slug}`, (page) => page.getByRole("button", { name: "Account menu" }).click()],
  ["switcher", ({ slug }) => `/projects/${slug}`, (page) => page.getByRole("button", { name: /^Switch project/ }).click()],
  ["new-user", () => "/admin/users", (page) => page.getByRole("button", { name: "Create user" }).click()],
  ["new-team", () => "/teams", (page) => page.getByRole("button", { name: "Create team" }).first().click()],
];

async function fromMenu(page: Page, button: RegExp, item: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

test.beforeEach(() => {
  test.setTimeout(1_800_000);
});

test("pages with something on them", async ({ console: page, filled }) => {
  for (const one of PAGES) await picture(page, one, filled, "full");
});

test("pages with nothing on them", async ({ console: page, rest }) => {
  const project = { ...(await newProject(rest)), team: "" };
  const own = PAGES.filter(({ path }) => path(project).includes(project.slug) && !path(project).includes("/servers/"));
  for (const one of own) await picture(page, one, project, "empty");
});

test("what opens above pages", async ({ console: page, filled }) => {
  for (const [name, path, open] of OPENED) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(path(filled));
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await open(page);
    await expect(page.getByRole("dialog").or(page.getByRole("menu"))).toBeVisible();
    await shoot(page, `opened/${name}`, false);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/projects/${filled.slug}`);
  await page.getByRole("button", { name: "Open navigation" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.screenshot({ path: "screenshots/opened/navigation-390.png", animations: "disabled" });
});

test("pages in Korean", async ({ console: page, filled }) => {
  await speakKorean(page);
  for (const one of PAGES) await picture(page, one, filled, "korean");
});

test("pages without a login", async ({ page, filled, rest }) => {
  const invitation = await newInvitation(rest, filled);
  const invited: Visited = { name: "invitation", path: () => invitation, heading: [/^Join /, /참여$/] };
  for (const one of [...DOORS, invited]) await picture(page, one, filled, "doors");
});
