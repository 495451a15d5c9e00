import { baseUrl, callTool, everything, expect, expectAccessible, join, logIn, newContext, newUser, PASSWORD, Rest, test } from "./fixtures/test";

test("an admin sees who is connected to a server and ends a session", async ({ console: page, browser, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  const { email } = await newUser(rest);
  await join(rest, project, email, "member");
  const member = await Rest.as(email, PASSWORD);
  const url = `${baseUrl()}/projects/${project.slug}/unified/mcp`;
  for (const by of [rest, member]) {
    const key = String((await by.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
    await callTool(url, key, "everything__echo", { message: "hello" });
  }
  await page.goto(`/projects/${project.slug}/servers/everything/usage`);
  const sessions = page.getByRole("table", { name: "Live sessions" });
  // Without the head.
  await expect(sessions.getByRole("row")).toHaveCount(3);
  await expect(sessions).toContainText("e2e-client");
  await expect(sessions).toContainText("Unified");
  const tools = page.getByRole("table", { name: "By tool" });
  await expect(tools.getByRole("columnheader", { name: "Median", exact: true })).toBeVisible();
  await expect(tools.getByRole("row").filter({ hasText: "echo" })).toContainText(/\d ms/);
  await expectAccessible(page);

  const context = await newContext(browser);
  const other = await context.newPage();
  await logIn(other, email, PASSWORD);
  await other.goto(`/projects/${project.slug}/servers/everything/usage`);
  await expect(other.getByRole("table", { name: "Live sessions" }).getByRole("row")).toHaveCount(2);

  await sessions.getByRole("row").filter({ hasText: email.split("@")[0] }).getByRole("button", { name: /^End the session/ }).click();
  await page.getByRole("button", { name: "End session" }).click();
  await expect(sessions.getByRole("row")).toHaveCount(2);
  // Nobody reloads.
  await expect(other.getByText("Nobody is connected.")).toBeVisible();
  await context.close();
});

test("the overview names the slowest and the most failing tools", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  const key = String((await rest.post(`/projects/${project.slug}/keys`, { name: "agent" })).key);
  const url = `${baseUrl()}/projects/${project.slug}/unified/mcp`;
  await callTool(url, key, "everything__echo", { message: "hello" });
  await callTool(url, key, "everything__no-such-tool", {});
  await page.goto(`/projects/${project.slug}`);
  const card = (heading: string) =>
    page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: heading, exact: true }) });
  await expect(card("Slowest tools")).toContainText("echo");
  await expect(card("Most failing tools")).toContainText("no-such-tool");
  await expect(card("Most failing tools")).not.toContainText("echo");
  await expectAccessible(page);
  await card("Slowest tools").getByRole("link", { name: /echo/ }).click();
  await expect(page).toHaveURL(/servers\/everything\/tools\?kind=tool&name=echo/);
  await expect(page.getByRole("heading", { level: 1, name: "Tools" })).toBeVisible();
});

test("stars a server and a tool, and finds them among the projects", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "everything", transport: { type: "stdio", ...everything() } });
  await rest.post(`/projects/${project.slug}/servers/everything/start`);
  await page.goto(`/projects/${project.slug}/servers/everything`);
  const star = (name: string) => page.getByRole("button", { name: `Star ${name}`, exact: true });
  await star("everything").click();
  await expect(star("everything")).toHaveAttribute("aria-pressed", "true");
  await page.goto(`/projects/${project.slug}/servers/everything/tools?kind=tool&name=echo`);
  await star("echo").click();
  await expect(star("echo")).toHaveAttribute("aria-pressed", "true");
  await page.goto("/projects");
  const starred = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Starred" }) });
  const row = (what: RegExp) => starred.getByRole("listitem").filter({ hasText: project.name }).filter({ hasText: what });
  await expect(row(/echo/)).toBeVisible();
  await expectAccessible(page);
  await row(/^everything/).getByRole("button", { name: "Star everything" }).click();
  await row(/echo/).getByRole("link").click();
  await expect(page).toHaveURL(/tools\?kind=tool&name=echo/);
});
