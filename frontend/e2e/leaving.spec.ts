import type { Page } from "@playwright/test";

import { expect, save, test } from "./fixtures/test";

function main(page: Page, link: string) {
  return page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: link });
}

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 });

/** Members, then the settings with a change that is not saved. */
async function changeSomething(page: Page, slug: string) {
  await page.goto(`/projects/${slug}/keys`);
  await main(page, "Members").click();
  await expect(heading(page, "Members")).toBeVisible();
  await main(page, "Settings").click();
  const name = page.getByLabel("Name", { exact: true }).first();
  await name.fill("Another name");
  return name;
}

/** What the browser asked, and `answer` to all of it. */
function answering(page: Page, answer: "accept" | "dismiss"): string[] {
  const asked: string[] = [];
  page.removeAllListeners("dialog");
  page.on("dialog", (dialog) => {
    asked.push(`${dialog.type()}: ${dialog.message()}`);
    void dialog[answer]();
  });
  return asked;
}

const QUESTION = "confirm: Leave without saving your changes?";

test("links ask before changes that are not saved are lost", async ({ console: page, project }) => {
  const name = await changeSomething(page, project.slug);
  const refused = answering(page, "dismiss");
  await main(page, "Members").click();
  await expect.poll(() => refused).toEqual([QUESTION]);
  await expect(name).toHaveValue("Another name");
  answering(page, "accept");
  await main(page, "Members").click();
  await expect(heading(page, "Members")).toBeVisible();
  // What was saved asks nothing.
  await page.goto(`/projects/${project.slug}/settings`);
  await name.fill("Another name");
  await save(page.locator("form").first());
  const asked = answering(page, "dismiss");
  await main(page, "Members").click();
  await expect(heading(page, "Members")).toBeVisible();
  expect(asked).toEqual([]);
});

test("the browser's back and forward ask as links do", async ({ console: page, project }) => {
  const at = `/projects/${project.slug}`;
  const name = await changeSomething(page, project.slug);
  const refused = answering(page, "dismiss");
  await page.evaluate(() => {
    history.back();
  });
  await expect.poll(() => refused).toEqual([QUESTION]);
  await expect(page).toHaveURL(`${at}/settings`);
  await expect(name).toHaveValue("Another name");
  // Every time, and over several pages.
  await page.evaluate(() => {
    history.go(-2);
  });
  await expect.poll(() => refused).toEqual([QUESTION, QUESTION]);
  await expect(page).toHaveURL(`${at}/settings`);
  await expect(name).toHaveValue("Another name");

  const accepted = answering(page, "accept");
  await page.goBack();
  await expect(heading(page, "Members")).toBeVisible();
  await expect(page).toHaveURL(`${at}/members`);
  expect(accepted).toEqual([QUESTION]);

  // Nothing is lost any more, so nothing is asked; and the history is what it was.
  await page.goBack();
  await expect(heading(page, "API keys")).toBeVisible();
  await page.goForward();
  await expect(heading(page, "Members")).toBeVisible();
  await page.goForward();
  await expect(page).toHaveURL(`${at}/settings`);
  await expect(name).toHaveValue(project.name);
  expect(accepted).toEqual([QUESTION]);

  // Forward asks as well.
  await page.goBack();
  await page.goBack();
  await page.goto(`${at}/import`);
  await main(page, "Members").click();
  await expect(heading(page, "Members")).toBeVisible();
  await page.goBack();
  await page.getByLabel("Configuration file").fill("{}");
  await page.goForward();
  await expect(heading(page, "Members")).toBeVisible();
  expect(accepted).toEqual([QUESTION, QUESTION]);
});

test("closing the tab asks, also before another site comes", async ({ console: page, project }) => {
  await changeSomething(page, project.slug);
  const asked = answering(page, "dismiss");
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(["beforeunload: "]);
  const left = answering(page, "accept");
  await page.goto("about:blank");
  expect(left).toEqual(["beforeunload: "]);
});
