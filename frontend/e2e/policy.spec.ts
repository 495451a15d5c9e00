import { baseUrl, callTool, enter, everything, expect, expectAccessible, join, newContext, newUser, PASSWORD, test } from "./fixtures/test";

test("a rule makes calls wait until an admin agrees", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await page.goto(`/projects/${project.slug}/settings`);
  await page.getByRole("button", { name: "Add rule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").first().fill("Echo with care");
  await dialog.getByRole("textbox", { name: /^Name/ }).last().fill("echo");
  await dialog.getByLabel("Effect").selectOption("require_approval");
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Try on past calls" }).click();
  await expect(page.getByText(/would be decided differently/)).toBeVisible();
  await page.getByRole("listitem").filter({ hasText: "Echo with care" }).waitFor();
  const rules = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Policy rules" }) });
  await rules.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Changes saved").first()).toBeVisible();

  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  const call = callTool(`${baseUrl()}/projects/${project.slug}/unified/mcp`, key, "everything__echo", { message: "may I" });
  // It is said on every page, without a reload.
  await expect(page.getByRole("link", { name: /Approvals.*1 waits/ })).toBeVisible();
  await page.goto(`/projects/${project.slug}/approvals`);
  await expect(page.getByText("everything · echo")).toBeVisible();
  await expect(page.getByRole("region", { name: "Arguments" })).toContainText("may I");
  await page.getByRole("button", { name: "Approve" }).click();
  expect(JSON.stringify(await call)).toContain("Echo: may I");
  await expect(page.getByText("Approved", { exact: true })).toBeVisible();
});

test("who tries a tool that a rule holds back is told what it waits for", async ({ browser, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await rest.put(`/projects/${project.slug}/policy`, { rules: [{ name: "", object: { name: "get-env" }, effect: "require_approval" }] });
  const user = await newUser(rest);
  await join(rest, project, user.email, "member");
  const context = await newContext(browser);
  const page = await context.newPage();
  await enter(context, user.email, PASSWORD);
  await page.goto(`/projects/${project.slug}/servers/everything/playground?kind=tool&name=get-env`);
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByRole("heading", { name: "Waiting for approval" })).toBeVisible();
  await expectAccessible(page);
  // Looking at the list does not end the call that is on it.
  const opened = context.waitForEvent("page");
  await page.getByRole("link", { name: "See the approvals" }).click();
  const list = await opened;
  await expect(list.getByText("everything · get-env")).toBeVisible();
  const { items } = (await rest.get(`/projects/${project.slug}/approvals`)) as unknown as { items: { id: string }[] };
  await rest.post(`/projects/${project.slug}/approvals/${items[0]?.id ?? ""}/approve`);
  await expect(page.getByText("Done", { exact: true })).toBeVisible();
  await expect(page.getByText("Waiting for approval")).toHaveCount(0);
  await context.close();
});

test("who may confirm an own call is asked, and told that an admin may agree as well", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  const approval = { caller_may_confirm: true, timeout_seconds: 300 };
  await rest.put(`/projects/${project.slug}/policy`, { rules: [{ name: "", object: { name: "get-env" }, effect: "require_approval", approval }] });
  await page.goto(`/projects/${project.slug}/servers/everything/playground?kind=tool&name=get-env`);
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByText("goes on once you confirm it, or an admin agrees")).toBeVisible();
  await expect(page.getByRole("heading", { name: "It waits for your answer" })).toBeVisible();
  await expect(page.getByText("Waiting for approval")).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Send answer" }).click();
  await expect(page.getByText("Done", { exact: true })).toBeVisible();
});

test("who runs what a rule hides is told which rule it is, and sees beforehand that it is hidden", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await rest.put(`/projects/${project.slug}/policy`, { rules: [{ name: "Nobody reads the environment", object: { name: "get-env" }, effect: "deny" }] });
  await page.goto(`/projects/${project.slug}/servers/everything/tools`);
  await page.getByRole("link", { name: /get-env/ }).filter({ hasText: "Hidden from you" }).click();
  await expect(page.getByText("The rule is “Nobody reads the environment”.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Try it" }).click();
  await page.getByRole("button", { name: "Run" }).click();
  await expect(page.getByText("unknown tool: get-env")).toBeVisible();
  await expect(page.getByText("The rule is “Nobody reads the environment”.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Go to the rules" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "Nobody reads the environment" })).toBeVisible();
});

test("a tool that is switched off is not there for clients", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await page.goto(`/projects/${project.slug}/servers/everything/tools?kind=tool&name=echo`);
  const toggle = page.getByRole("switch", { name: /On/ });
  await toggle.click();
  await expect(page.getByText("For clients it does not exist.")).toBeVisible();
  await expect.poll(async () => JSON.stringify(await rest.get(`/projects/${project.slug}/policy`))).toContain('"echo"');
  await page.reload();
  await expect(page.getByRole("switch", { name: /Off/ })).toBeVisible();
});
