/** Pictures of every page for people to look at: `just screenshots` writes them into screenshots/. */
import type { Page } from "@playwright/test";

import { newInvitation } from "./fixtures/test";
import { expect, type Filled, newProject, test } from "./fixtures/filled";
import { DOORS, PAGES, type Visited } from "./pages";

const WIDTHS = [
  [1440, 900],
  [390, 844],
] as const;

/** Once for each width and theme. */
async function picture(page: Page, { name, path, heading }: Visited, at: Filled, what: string): Promise<void> {
  await page.goto(path(at));
  await expect(page.getByRole("heading", { level: 1, name: heading[what === "korean" ? 1 : 0] })).toBeVisible();
  await expect(page.getByRole("status", { name: /^(Loading|불러오는 중)/ })).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  for (const [width, height] of WIDTHS) {
    for (const theme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await expect(page.locator("html")).toHaveClass(new RegExp(theme));
      await page.screenshot({ path: `screenshots/${what}/${name}-${String(width)}-${theme}.png`, fullPage: true, animations: "disabled" });
    }
  }
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

test("pages in Korean", async ({ console: page, filled }) => {
  await page.addInitScript(() => {
    localStorage.setItem("orch.locale", "ko");
  });
  for (const one of PAGES) await picture(page, one, filled, "korean");
});

test("pages without a login", async ({ page, filled, rest }) => {
  const invitation = await newInvitation(rest, filled);
  const invited: Visited = { name: "invitation", path: () => invitation, heading: [/^Join /, /참여$/] };
  for (const one of [...DOORS, invited]) await picture(page, one, filled, "doors");
});
