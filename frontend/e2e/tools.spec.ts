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

/** A server with a thousand tools, in a line. */
const MANY = `
  const { createInterface } = require("node:readline");
  const tools = Array.from({ length: 1000 }, (_, at) => ({ name: "tool-" + String(at).padStart(3, "0"), description: "Does it", inputSchema: { type: "object" } }));
  const info = { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "many", version: "1" } };
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method } = JSON.parse(line);
    if (id === undefined) return;
    const result = method === "initialize" ? info : method === "tools/list" ? { tools } : undefined;
    const answer = result === undefined ? { error: { code: -32601, message: "no such method" } } : { result };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
`;

test("a thousand tools scroll, and one of them is found", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "many", transport: { type: "stdio", command: process.execPath, args: ["-e", MANY] } });
  await rest.post(`/projects/${project.slug}/servers/many/start`);
  await page.goto(`/projects/${project.slug}/servers/many/tools`);
  const tool = (name: string) => page.getByRole("link", { name: new RegExp(name) });
  await expect(tool("tool-000")).toBeVisible();
  await expect(page.getByRole("link", { name: /^tool-/ })).toHaveCount(1000);
  // What is out of sight is not laid out.
  const list = page.getByRole("list").filter({ has: tool("tool-000") });
  const drawn = await list.evaluate((box) => [...box.children].filter((row) => row.firstElementChild?.checkVisibility({ contentVisibilityAuto: true })).length);
  expect(drawn).toBeLessThan(100);
  // Its end moves away as rows come into sight and are measured.
  await expect(async () => {
    await list.evaluate((box) => {
      box.scrollTo(0, box.scrollHeight);
    });
    await expect(tool("tool-999")).toBeInViewport({ timeout: 1_000 });
  }).toPass();
  await page.getByRole("searchbox", { name: "Search" }).fill("tool-500");
  await expect(page.getByRole("link", { name: /^tool-/ })).toHaveCount(1);
});
