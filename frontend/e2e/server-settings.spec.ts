import { everything, expect, expectAccessible, join, logIn, newContext, newUser, PASSWORD, save, test } from "./fixtures/test";

const stdio = () => ({ type: "stdio", ...everything() });

test("an admin bounds a server, and a member stores own values for it", async ({ console: page, browser, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "bound", transport: stdio() });
  await page.goto(`/projects/${project.slug}/servers/bound/settings`);
  const group = (heading: string) =>
    page.locator("section").filter({ has: page.getByRole("heading", { level: 2, name: heading, exact: true }) });

  await group("Limits").getByLabel("Memory (MiB)").fill("15");
  await group("Limits").getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Use a whole number, 16 or more")).toBeVisible();
  await group("Limits").getByLabel("Memory (MiB)").fill("2048");
  // What is being typed in another group stays when this one is saved.
  await group("Configuration").getByLabel("Display name").fill("Bound server");
  await save(group("Limits"));
  await expect(page.getByLabel("Display name")).toHaveValue("Bound server");
  await save(group("Configuration"));

  await page.getByRole("radio", { name: /^Best effort/ }).click();
  await page.getByLabel("May read", { exact: false }).first().fill("srv/data");
  await group("Sandbox").getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Enter paths such as /srv/data", { exact: false })).toBeVisible();
  await page.getByLabel("May read", { exact: false }).first().fill("/srv/data");
  await page.getByLabel("Network").selectOption({ label: "Some ports" });
  await page.getByLabel("Ports", { exact: true }).fill("443, 8443");
  await save(group("Sandbox"));

  await page.getByLabel("Era").selectOption({ label: "Legacy, with a handshake" });
  await page.getByLabel("Questions to clients").selectOption({ label: "Never" });
  await save(group("Protocol"));

  await page.getByRole("button", { name: "Add tool" }).click();
  await page.getByLabel("Tool 1").fill("echo");
  await page.getByLabel("Seconds 1").fill("120");
  await save(group("Timeouts for single tools"));

  await page.getByRole("button", { name: "Add personal variable" }).click();
  await page.getByLabel("Personal name 1").fill("GITHUB_TOKEN");
  await page.getByLabel("Description 1").fill("A token of your own account");
  await expectAccessible(page);
  await save(group("Personal values"));

  const stored = await rest.get(`/projects/${project.slug}/servers/bound`);
  expect(stored).toMatchObject({
    name: "Bound server",
    era: "legacy",
    interactive: "never",
    limits: { memory_mib: 2048, cpu_seconds: null },
    sandbox: { mode: "best_effort", read_paths: ["/srv/data"], network: "ports", ports: [443, 8443] },
    run: {
      tool_timeouts: { echo: 120 },
      personal_env: { GITHUB_TOKEN: { required: true, description: "A token of your own account" } },
    },
  });

  const member = await newUser(rest);
  await join(rest, project, member.email, "member");
  const context = await newContext(browser);
  const other = await context.newPage();
  await logIn(other, member.email, PASSWORD);
  await other.goto(`/projects/${project.slug}/servers/bound`);
  await expect(other.getByText("Your calls to this server fail until", { exact: false })).toBeVisible();
  await other.getByRole("textbox", { name: "GITHUB_TOKEN" }).fill("ghp_very_secret");
  await expectAccessible(other);
  await other.getByRole("button", { name: "Store values" }).click();
  await expect(other.getByText("Values stored", { exact: true })).toBeVisible();
  await expect(other.getByText("Your calls to this server fail until", { exact: false })).toHaveCount(0);
  await other.reload();
  await expect(other.getByRole("textbox", { name: "GITHUB_TOKEN" })).toHaveValue("");
  expect(await other.content()).not.toContain("ghp_very_secret");
  await other.getByRole("button", { name: "Remove your value of GITHUB_TOKEN" }).click();
  await expect(other.getByText("Not stored yet")).toBeVisible();
  // Who may not change the settings reads them.
  await other.goto(`/projects/${project.slug}/servers/bound/settings`);
  await expect(other.getByLabel("Memory (MiB)")).toBeDisabled();
  await context.close();
});
