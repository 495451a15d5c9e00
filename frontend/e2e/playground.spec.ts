import { resolve } from "node:path";

import { everything, expect, expectAccessible, type Rest, test, type TestProject } from "./fixtures/test";

/** A server of ours that does as it is told, and asks. */
function scripted() {
  return { command: process.execPath, args: [resolve("..", "bins/orch-server/tests/servers/scripted.mjs")] };
}

async function serve(rest: Rest, project: TestProject, alias: string, transport: { command: string; args: string[] }): Promise<void> {
  await rest.post(`/projects/${project.slug}/servers`, { alias, transport: { type: "stdio", ...transport } });
  await rest.post(`/projects/${project.slug}/servers/${alias}/start`);
}

test("fills in a form, sees progress and the result, and the call is on record", async ({ console: page, project, rest }) => {
  await serve(rest, project, "everything", everything());
  await page.goto(`/projects/${project.slug}/servers/everything/playground?kind=tool&name=trigger-long-running-operation`);
  await page.getByLabel("duration").fill("3");
  await page.getByLabel("steps").fill("3");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect(page.getByRole("progressbar", { name: "Progress" })).toBeVisible();
  await expect(page.getByText("Done", { exact: true })).toBeVisible();
  await expect(page.getByText(/Long running operation completed/)).toBeVisible();
  await page.goto(`/projects/${project.slug}/activity`);
  await expect(page.getByRole("row", { name: /trigger-long-running-operation/ })).toContainText("dashboard");
});

test("says what is missing, and takes JSON in place of a form", async ({ console: page, project, rest }) => {
  await serve(rest, project, "everything", everything());
  await page.goto(`/projects/${project.slug}/servers/everything/playground?kind=tool&name=get-sum`);
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByText("This is required").first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("tab", { name: "JSON" }).click();
  const json = page.getByRole("textbox", { name: "Arguments" });
  await json.fill("{ not json");
  await expect(page.getByText("This is not JSON yet.")).toBeVisible();
  await json.fill('{ "a": 2, "b": 40 }');
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByText(/42/).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Copy as curl" })).toBeVisible();
});

test("shows pictures, structured content and resources as what they are", async ({ console: page, project, rest }) => {
  await serve(rest, project, "everything", everything());
  const open = (kind: string, name: string) => page.goto(`/projects/${project.slug}/servers/everything/playground?kind=${kind}&name=${encodeURIComponent(name)}`);
  await open("tool", "get-tiny-image");
  await page.getByRole("button", { name: "Run" }).click();
  const picture = page.getByRole("img", { name: /Image/ });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await open("tool", "get-structured-content");
  await page.getByLabel("location").selectOption({ index: 1 });
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByRole("region", { name: "Structured content" })).toContainText("temperature");
  await page.goto(`/projects/${project.slug}/servers/everything/playground?kind=resource`);
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible();
});

test("answers what the server asks in the page", async ({ console: page, project, rest }) => {
  await serve(rest, project, "scripted", scripted());
  await page.goto(`/projects/${project.slug}/servers/scripted/playground?kind=tool&name=ask`);
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByRole("heading", { name: "The server asks you something" })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("name").fill("Ada");
  await page.getByRole("button", { name: "Send answer" }).click();
  await expect(page.getByText("accept:Ada")).toBeVisible();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("button", { name: "Decline" }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible();
});

test("cancels a call", async ({ console: page, project, rest }) => {
  await serve(rest, project, "scripted", scripted());
  await page.goto(`/projects/${project.slug}/servers/scripted/playground?kind=tool&name=hang`);
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("The call was cancelled.")).toBeVisible();
});

test("a tool is sought among the others, without a mouse", async ({ console: page, project, rest }) => {
  await serve(rest, project, "everything", everything());
  await page.goto(`/projects/${project.slug}/servers/everything/playground`);
  const choice = page.getByRole("button", { name: /^Tool: / });
  await choice.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option").first()).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.type("sum");
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/name=get-sum/);
  await expect(choice).toHaveText(/get-sum/);
  await expect(choice).toBeFocused();
});

test("a server that died when it was asked says so on every page, and where to look", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "dies", transport: { type: "stdio", command: "false" } });
  await page.goto(`/projects/${project.slug}/servers/dies/playground`);
  await page.getByRole("button", { name: "Start server" }).click();
  await expect(page.getByRole("heading", { name: /^This server is failing/ })).toBeVisible();
  await expect(page.getByRole("link", { name: "State: Failing" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "See its log" }).click();
  await expect(page).toHaveURL(/\/dies\/logs/);
  await expect(page.getByRole("link", { name: "State: Failing" })).toBeVisible();
});
