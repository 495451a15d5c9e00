import { ADMIN, enter, everything, expect, expectAccessible, newContext, test } from "./fixtures/test";

const stdio = () => ({ type: "stdio", ...everything() });

test("runs, stops and deletes servers, one and many", async ({ console: page, project, rest }) => {
  for (const alias of ["one", "two"]) await rest.post(`/projects/${project.slug}/servers`, { alias, transport: stdio() });
  await rest.post(`/projects/${project.slug}/servers`, { alias: "broken", transport: { type: "stdio", command: "/no/such/program" } });
  await page.goto(`/projects/${project.slug}/servers`);
  const row = (alias: string) => page.getByRole("row", { name: new RegExp(alias) });

  await page.getByRole("button", { name: "Start: one" }).click();
  await expect(row("one").getByText("Running").last()).toBeVisible();
  await page.getByRole("button", { name: "Start: broken" }).click();
  await expect(row("broken").getByText("`/no/such/program` was not found").last()).toBeVisible();
  await expect(page.getByText("broken did not start", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("checkbox", { name: "Select one" }).click();
  await page.getByRole("checkbox", { name: "Select two" }).click();
  const bulk = page.getByRole("region", { name: "Chosen servers" });
  await bulk.getByRole("button", { name: "Disable" }).click();
  await expect(row("one").getByText("Disabled").last()).toBeVisible();
  await expect(row("two").getByText("Disabled").last()).toBeVisible();
  // What went wrong is said of each server, and stays until it is read.
  await bulk.getByRole("button", { name: "Start", exact: true }).click();
  const failed = bulk.getByRole("alert");
  await expect(failed).toContainText("It did not work for 2 of 2");
  await expect(failed.getByRole("listitem").filter({ hasText: "one: The server is disabled" })).toBeVisible();
  await expect(failed.getByRole("listitem").filter({ hasText: "two: The server is disabled" })).toBeVisible();
  await expectAccessible(page);
  await failed.getByRole("button", { name: "Close" }).click();
  await expect(failed).toHaveCount(0);
  await bulk.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete 2 servers" }).click();
  await expect(row("one")).toHaveCount(0);
  await expect(row("broken")).toBeVisible();

  await page.getByRole("button", { name: "Cards" }).click();
  await expect(page).toHaveURL(/view=cards/);
  await expect(page.getByRole("article")).toHaveCount(1);
});

test("adds a server by hand, with secrets that never come back", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/add-server?from=form`);
  const { command, args } = everything();
  await page.getByRole("button", { name: "Add server" }).click();
  await expect(page.getByText("Say which program to run")).toBeVisible();
  await page.getByLabel("Alias").fill("everything");
  await page.getByLabel("Command", { exact: true }).fill(command);
  await page.getByLabel("Arguments").fill(args.join("\n"));
  await page.getByRole("button", { name: "Add variable" }).click();
  await page.getByLabel("Name 1").fill("API_TOKEN");
  await page.getByLabel("Value 1").fill("very-secret-value");
  await page.getByRole("radio", { name: /^Best effort/ }).click();
  await expect(page.getByLabel(/^May read/).first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("radio", { name: /^As the instance has it/ }).click();
  await page.getByRole("button", { name: "Add server" }).click();

  await expect(page.getByRole("heading", { name: "everything", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByText("mcp-servers/everything", { exact: false })).toBeVisible();
  await expect(page.getByText("2 hidden")).toBeVisible();
  await expect(page.getByText("API_TOKEN")).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("navigation", { name: "Server" }).getByRole("link", { name: "Settings" }).click();
  const configuration = page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: "Configuration", exact: true }) });
  await expect(configuration.getByLabel("Value 1")).toHaveValue("");
  await expect(page.getByText("2 arguments stored")).toBeVisible();
  await page.getByLabel("Display name").fill("Everything server");
  await configuration.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Changes saved", { exact: true }).first()).toBeVisible();
  expect(await page.content()).not.toContain("very-secret-value");

  await page.getByRole("button", { name: "Delete server" }).click();
  const confirm = page.getByRole("dialog");
  await expect(confirm.getByRole("button", { name: "Delete server" })).toBeDisabled();
  await confirm.getByRole("textbox").fill("everything");
  await confirm.getByRole("button", { name: "Delete server" }).click();
  await expect(page.getByRole("heading", { name: "No servers yet" })).toBeVisible();
});

test("what one browser does shows in another", async ({ console: page, browser, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "shared", transport: stdio() });
  await page.goto(`/projects/${project.slug}/servers`);
  await expect(page.getByRole("row", { name: /shared/ }).getByText("Idle").last()).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
  const context = await newContext(browser);
  await enter(context, ADMIN.email, ADMIN.password);
  const other = await context.newPage();
  await other.goto(`/projects/${project.slug}/servers`);
  await other.getByRole("button", { name: "Start: shared" }).click();
  await expect(other.getByRole("row", { name: /shared/ }).getByText("Running").last()).toBeVisible();
  await expect(page.getByRole("row", { name: /shared/ }).getByText("Running").last()).toBeVisible();
  // A project's name is asked for once: only an event can bring the new one.
  await rest.patch(`/projects/${project.slug}`, { name: `${project.name} renamed` });
  for (const one of [page, other]) {
    await expect(one.getByRole("navigation", { name: "Breadcrumb" }).getByText(`${project.name} renamed`)).toBeVisible();
  }
  await context.close();
});

test("a thousand servers scroll", async ({ console: page, project, rest }) => {
  const at = (index: number) => [`server-${String(index).padStart(3, "0")}`, { command: "true", disabled: true }];
  // As many as one file may hold.
  for (let first = 0; first < 1000; first += 250) {
    const mcpServers = Object.fromEntries(Array.from({ length: 250 }, (_, index) => at(first + index))) as Record<string, object>;
    await rest.post(`/projects/${project.slug}/import`, { mcpServers });
  }
  await page.goto(`/projects/${project.slug}/servers`);
  await expect(page.getByRole("link", { name: "server-000", exact: true })).toBeVisible();
  await expect(page.getByRole("table")).toHaveAttribute("aria-rowcount", "1001");
  expect(await page.getByRole("row").count()).toBeLessThan(100);
  // Nobody presses a key before the page is painted.
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
  await page.keyboard.press("End");
  await expect(page.getByRole("link", { name: "server-999", exact: true })).toBeVisible();
  expect(await page.getByRole("row").count()).toBeLessThan(100);
  await page.keyboard.press("Home");
  await expect(page.getByRole("link", { name: "server-000", exact: true })).toBeVisible();
});
