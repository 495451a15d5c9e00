import { ADMIN, callTool, everything, expect, expectAccessible, logIn, test } from "./fixtures/test";

test("from the login to the first call in one go", async ({ page }) => {
  await logIn(page, ADMIN.email, ADMIN.password);
  await page.getByRole("button", { name: /New project|Create a project/ }).first().click();
  const name = `First ${String(Date.now())}`;
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create project" }).click();

  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Get started" })).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Import" }).click();

  const config = { mcpServers: { everything: { ...everything(), env: { TOKEN: "hidden-value" }, autoApprove: ["echo"] } } };
  await page.getByLabel("Configuration file").fill(JSON.stringify(config));
  await expect(page.getByRole("heading", { name: "What will happen" })).toBeVisible();
  await expect(page.getByText("New", { exact: true })).toBeVisible();
  await expect(page.getByText("mcpServers.everything.autoApprove")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Import 1 server" }).click();
  await page.getByRole("link", { name: "See them start" }).click();

  await page.getByRole("button", { name: "Start: everything" }).click();
  await expect(page.getByRole("row", { name: /everything/ }).getByText("Running").last()).toBeVisible();

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API keys" }).click();
  await page.getByRole("button", { name: "New key" }).first().click();
  await page.getByRole("dialog").getByLabel("Name").fill("laptop");
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog");
  const key = (await dialog.getByRole("textbox", { name: "API key" }).textContent()) ?? "";
  expect(key).toMatch(/^orch_/);
  // The snippet has the key in it.
  await expect(dialog.getByRole("region").filter({ hasText: key }).first()).toBeVisible();
  const url = (await dialog.getByRole("textbox", { name: "Endpoint" }).textContent()) ?? "";
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  expect(await page.content()).not.toContain(key);

  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Overview" }).click();
  await callTool(url, key, "everything__echo", { message: "hello" });
  await expect(page.getByRole("heading", { name: "Latest calls" })).toBeVisible();
  await expect(page.getByText("echo", { exact: false }).first()).toBeVisible();
  expect(await page.content()).not.toContain("hidden-value");
});

test("a file that cannot be read says where", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/import`);
  await page.getByLabel("Configuration file").fill('{\n  "mcpServers": {\n    "a": { "command": 1 }\n  }\n}');
  await expect(page.getByText(/line 3|has to be mended/).first()).toBeVisible();
  await page.getByLabel("Configuration file").fill("{ not json");
  await expect(page.getByRole("alert").filter({ hasText: "line 1" })).toBeVisible();
});

test("a file is taken by drop", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/import`);
  await expect(page.getByRole("heading", { name: "Import servers" })).toBeVisible();
  await page.getByLabel("Choose a file", { exact: true }).last().setInputFiles({
    name: "mcp.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify({ servers: { files: { command: "npx", args: ["x"] } } })),
  });
  await expect(page.getByRole("button", { name: "Import 1 server" })).toBeVisible();
});
