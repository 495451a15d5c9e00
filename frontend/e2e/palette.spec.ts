import type { Request } from "@playwright/test";

import { enter, everything, expect, expectAccessible, join, newUser, PASSWORD, test } from "./fixtures/test";

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
});

test("acts: on servers, on the language, and at the end on the login", async ({ page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  // A choice belongs to the account, and other specs have the one of the admin.
  const user = await newUser(rest);
  await join(rest, project, user.email, "admin");
  await enter(page.context(), user.email, PASSWORD);
  await page.goto(`/projects/${project.slug}/servers`);
  const row = page.getByRole("row", { name: /everything/ });
  await expect(row).toBeVisible();
  const run = async (words: string) => {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox").fill(words);
    await expect(page.getByRole("option", { name: words }).first()).toBeVisible();
    await page.keyboard.press("Enter");
  };
  await run("Start everything");
  await expect(row.getByText("Running").last()).toBeVisible();
  await expect(page.getByText("Started everything", { exact: true })).toBeVisible();
  await run("Restart everything");
  await expect(page.getByText("Restarted everything", { exact: true })).toBeVisible();
  await run("Stop everything");
  await expect(row.getByText("Stopped").last()).toBeVisible();
  await page.getByRole("link", { name: "everything" }).click();
  await expect(page).toHaveURL(/\/servers\/everything$/);
  // The current server is there without a word.
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("option", { name: /^Start everything/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await run("한국어");
  await expect(page.locator("html")).toHaveAttribute("lang", "ko");
  await run("로그아웃");
  await expect(page).toHaveURL(/\/login$/);
});

test("finds a tool among many servers, asks for it only then, and offers a viewer no action", async ({ page, project, rest }) => {
  const mcpServers = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`idle-${String(at)}`, { command: "true", disabled: true }]));
  await rest.post(`/projects/${project.slug}/import`, { mcpServers: { ...mcpServers, zoo: everything() } });
  await rest.post(`/projects/${project.slug}/servers/zoo/start`);
  const user = await newUser(rest);
  await join(rest, project, user.email, "viewer");
  await enter(page.context(), user.email, PASSWORD);
  let [running, most] = [0, 0];
  // What changes meanwhile, such as the server that was just started, is asked for again.
  const asked = new Set<string>();
  const isTools = (url: string) => /\/servers\/[^/]+\/tools/.test(url);
  page.on("request", (request) => {
    if (!isTools(request.url())) return;
    asked.add(request.url());
    running += 1;
    most = Math.max(most, running);
  });
  const ended = (request: Request) => {
    if (isTools(request.url())) running -= 1;
  };
  page.on("requestfinished", ended);
  page.on("requestfailed", ended);
  await page.goto(`/projects/${project.slug}`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("option", { name: "idle-0" })).toBeVisible();
  expect(asked.size).toBe(0);
  await page.getByRole("combobox").fill("get-sum");
  await expect(page.getByRole("option", { name: /get-sum/ })).toBeVisible();
  await expect.poll(() => asked.size).toBe(61);
  expect(most).toBeLessThan(7);
  await page.getByRole("combobox").fill("zoo");
  await expect(page.getByRole("option", { name: /zoo/ }).first()).toBeVisible();
  await expect(page.getByRole("option", { name: /Stop zoo/ })).toHaveCount(0);
});
