import { readFileSync } from "node:fs";

import { speakKorean } from "./fixtures/korean";
import { baseUrl, callTool, everything, expect, expectAccessible, test } from "./fixtures/test";

test("sees calls as they come, filters and exports them", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await page.goto(`/projects/${project.slug}/activity`);
  await expect(page.getByText("No calls yet")).toBeVisible();
  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  const url = `${baseUrl()}/projects/${project.slug}/unified/mcp`;
  await callTool(url, key, "everything__echo", { message: "=never recorded" });
  // Nobody reloads.
  const row = page.getByRole("row", { name: /everything · echo/ });
  await expect(row).toContainText("e2e-client");
  await callTool(url, key, "everything__no-such-tool", {});
  await expect(page.getByRole("row", { name: /no-such-tool/ })).toBeVisible();
  await page.getByRole("combobox", { name: "Outcome" }).selectOption("ok");
  await expect(page.getByRole("row", { name: /no-such-tool/ })).toHaveCount(0);
  await expect(page).toHaveURL(/outcome=ok/);
  await page.reload();
  await expect(row).toBeVisible();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export CSV" }).click();
  const text = readFileSync(await (await saved).path(), "utf8");
  expect(text.split("\r\n")[0]).toContain("outcome");
  expect(text).toContain("echo");
  expect(text).not.toContain("never recorded");
  await page.getByRole("button", { name: "Changes" }).click();
  await expect(page.getByText("added the server everything")).toBeVisible();
});

test("words of Korean stay whole in columns that long names leave little room", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  await callTool(`${baseUrl()}/projects/${project.slug}/unified/mcp`, key, "everything__echo", { message: "hello" });
  await page.setViewportSize({ width: 1440, height: 900 });
  await speakKorean(page);
  await page.goto(`/projects/${project.slug}/activity`);
  const kind = page.getByRole("cell", { name: "도구", exact: true });
  await expect(kind).toBeVisible();
  const lines = kind.evaluate((cell) => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return new Set([...text.getClientRects()].map(({ top }) => top)).size;
  });
  expect(await lines).toBe(1);
});

test("follows a server's log as it is written, pauses, searches and saves it", async ({ console: page, project, rest }) => {
  const says = "let n = 0; setInterval(() => console.error('line', n++), 300); process.stdin.resume()";
  const transport = { type: "stdio", command: process.execPath, args: ["-e", says] };
  await rest.post(`/projects/${project.slug}/servers`, { alias: "talker", transport });
  const streams: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/logs/stream")) streams.push(request.url());
  });
  await page.goto(`/projects/${project.slug}/servers/talker/logs`);
  await expect(page.getByText("Nothing yet")).toBeVisible();
  // It never answers, so the start fails in the end; what it says meanwhile is there.
  rest.post(`/projects/${project.slug}/servers/talker/start`).catch(() => undefined);
  const log = page.getByRole("log");
  await expect(log).toContainText("line 0");
  await expect(log).toContainText("line 8");
  expect(streams).toHaveLength(1);
  await page.getByRole("button", { name: "Pause" }).click();
  const resume = page.getByRole("button", { name: /^Resume \(\d+ new\)/ });
  await expect(resume).toBeVisible();
  const held = await log.textContent();
  await expect(resume).toHaveText(/[2-9] new/);
  expect(await log.textContent()).toBe(held);
  await resume.click();
  await expect(log).not.toHaveText(held ?? "");

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  expect(readFileSync(await (await saved).path(), "utf8")).toContain("line 3");
  await page.getByRole("searchbox", { name: "Search" }).fill("line 1");
  await expect(log).not.toContainText("line 0");
  await expectAccessible(page);
  await page.getByRole("searchbox", { name: "Search" }).fill("nothing has this");
  await expect(page.getByText("No line matches")).toBeVisible();
});

test("shows the calls of one server beside its log", async ({ console: page, project, rest }) => {
  for (const alias of ["one", "two"]) {
    await rest.post(`/projects/${project.slug}/servers`, { alias, transport: { type: "stdio", ...everything() } });
  }
  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  const url = `${baseUrl()}/projects/${project.slug}/unified/mcp`;
  await callTool(url, key, "one__echo", { message: "hello" });
  await callTool(url, key, "two__echo", { message: "hello" });
  await page.goto(`/projects/${project.slug}/servers/one/logs`);
  await page.getByRole("button", { name: "Calls" }).click();
  await expect(page).toHaveURL(/view=calls/);
  await expect(page.getByRole("row", { name: /one · echo/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /two · echo/ })).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("combobox", { name: "Outcome" }).selectOption("failed");
  await expect(page.getByText("Nothing matches the filter.")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Nothing matches the filter.")).toBeVisible();
});

test("says why a call was refused, and leads to the rule", async ({ console: page, project, rest }) => {
  const at = `/projects/${project.slug}`;
  await rest.post(`${at}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`${at}/servers/everything/start`);
  await rest.put(`${at}/policy`, { rules: [{ name: "Nobody echoes", object: { name: "echo" }, effect: "deny" }] });
  const key = String((await rest.post(`${at}/keys`, { name: "agent" })).key);
  for (const name of ["echo", "no-such-tool"]) await callTool(`${baseUrl()}${at}/mcp`, key, `everything__${name}`, {});
  await page.goto(`${at}/activity?outcome=refused`);
  await page.getByRole("button", { name: "Details of everything__no-such-tool" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("“everything” offered nothing of this name.");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Details of everything__echo" }).click();
  await expect(dialog).toContainText("A rule denied it. The rule is “Nobody echoes”.");
  await expect(dialog.getByRole("link", { name: "agent" })).toHaveAttribute("href", new RegExp(`${at}/keys\\?show=all&q=orch_`));
  await expectAccessible(page);
  await dialog.getByRole("link", { name: "Go to the rules" }).click();
  await expect(page.getByText("Nobody echoes")).toBeVisible();
});
