import { readFileSync } from "node:fs";

import { baseUrl, callTool, everything, expect, test } from "./fixtures/test";

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
  await expect(page.getByText("server.create")).toBeVisible();
});

test("follows a server's log, pauses and searches it", async ({ console: page, project, rest }) => {
  const transport = { type: "stdio", command: process.execPath, args: ["-e", "let n = 0; setInterval(() => console.error('line', n++), 300); process.stdin.resume()"] };
  await rest.post(`/projects/${project.slug}/servers`, { alias: "talker", transport });
  // It never answers, so the start fails in the end; what it says meanwhile is there.
  rest.post(`/projects/${project.slug}/servers/talker/start`).catch(() => undefined);
  await page.goto(`/projects/${project.slug}/servers/talker/logs`);
  const log = page.getByRole("log");
  await expect(log).toContainText("line 0");
  await expect(log).toContainText("line 8");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("searchbox", { name: "Search" }).fill("line 1");
  await expect(log).not.toContainText("line 0");
  await page.getByRole("searchbox", { name: "Search" }).fill("nothing has this");
  await expect(page.getByText("No line matches")).toBeVisible();
});
