import { expect, expectAccessible, join, newUser, PASSWORD, Rest, test } from "./fixtures/test";

test("makes, rotates and revokes a key", async ({ console: page, project }) => {
  await page.goto(`/projects/${project.slug}/keys`);
  await expectAccessible(page);
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("button", { name: "Create key" }).click();
  await expect(page.getByText("Give the key a name")).toBeVisible();
  await page.getByRole("dialog").getByLabel("Name").fill("agent");
  await page.getByLabel("Expires").selectOption({ label: "In 30 days" });
  await page.getByRole("button", { name: "Create key" }).click();
  const shown = page.getByRole("dialog").getByRole("textbox", { name: "API key" });
  const first = (await shown.textContent()) ?? "";
  await page.getByRole("button", { name: "I have copied it" }).click();
  const row = page.getByRole("row", { name: /agent/ });
  await expect(row.first()).toContainText("in 4 weeks");

  await row.first().getByRole("button", { name: "Actions for agent" }).click();
  await page.getByRole("menuitem", { name: "Rotate" }).click();
  await page.getByRole("dialog").getByRole("combobox").selectOption({ label: "In an hour" });
  await page.getByRole("button", { name: "Make a new key" }).click();
  expect(await shown.textContent()).not.toBe(first);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(row).toHaveCount(2);

  await row.first().getByRole("button", { name: "Actions for agent" }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await expect(row).toHaveCount(1);
  await page.getByRole("button", { name: /^All/ }).click();
  await expect(page.getByText("Revoked", { exact: true })).toBeVisible();
});

test("edits a key, and rotates it at once", async ({ console: page, project, rest }) => {
  await rest.post(`/projects/${project.slug}/servers`, { alias: "files", transport: { type: "stdio", command: "true" } });
  await page.goto(`/projects/${project.slug}/keys`);
  await page.getByRole("button", { name: "New key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("agent");
  await dialog.getByText("Limits", { exact: true }).click();
  await dialog.getByLabel("Requests a minute").fill("0");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await expect(dialog.getByText("Use a whole number from 1 to 1,000,000")).toBeVisible();
  await dialog.getByLabel("Requests a minute").fill("120");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Create key" }).click();
  const shown = dialog.getByRole("textbox", { name: "API key" });
  const first = (await shown.textContent()) ?? "";
  await page.getByRole("button", { name: "I have copied it" }).click();

  const row = page.getByRole("row", { name: /agent/ });
  const act = async (what: string) => {
    await row.first().getByRole("button", { name: "Actions for agent" }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  await act("Edit");
  await expect(dialog.getByLabel("Requests a minute")).toHaveValue("120");
  await dialog.getByLabel("Calls a day").fill("5000");
  await dialog.getByLabel("Expires").selectOption({ label: "In 7 days" });
  await dialog.getByLabel("Servers", { exact: true }).selectOption({ label: "Only some servers" });
  await dialog.getByRole("checkbox", { name: "files" }).click();
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row).toContainText("1 server");
  const keysOf = async () => {
    const { items } = (await rest.get(`/projects/${project.slug}/keys`)) as unknown as { items: Record<string, unknown>[] };
    return items;
  };
  expect((await keysOf())[0]).toMatchObject({ limits: { per_minute: 120, concurrent: null, per_day: 5000 } });

  // The row of the old key goes, and the new one is shown all the same.
  await act("Rotate");
  await dialog.getByRole("combobox").selectOption({ label: "At once" });
  await dialog.getByRole("button", { name: "Make a new key" }).click();
  await expect(shown).toBeVisible();
  expect(await shown.textContent()).not.toBe(first);
  await expectAccessible(page);
  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(row).toHaveCount(1);
  const ended = (await keysOf()).filter(({ expires_at: at }) => at !== null && new Date(String(at)) <= new Date());
  expect(ended).toHaveLength(1);
});

test("somebody else's key is only revoked", async ({ console: page, project, rest }) => {
  const { email } = await newUser(rest);
  await join(rest, project, email, "member");
  const own = await Rest.as(email, PASSWORD);
  await own.post(`/projects/${project.slug}/keys`, { name: "theirs" });
  await page.goto(`/projects/${project.slug}/keys`);
  await page.getByRole("button", { name: "Actions for theirs" }).click();
  await expect(page.getByRole("menuitem", { name: "Rotate" })).toBeDisabled();
  await expect(page.getByText("Only the person who made a key can edit or rotate it.")).toBeVisible();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await expect(page.getByText("theirs")).toHaveCount(0);
  await page.getByRole("button", { name: /^All/ }).click();
  await expect(page.getByText("Revoked", { exact: true })).toBeVisible();
});

test("a leaked key is found by pasting it, and its secret goes nowhere", async ({ console: page, project, rest }) => {
  const leaked = String((await rest.post(`/projects/${project.slug}/keys`, { name: "leaked" })).key);
  await rest.post(`/projects/${project.slug}/keys`, { name: "other" });
  await page.goto(`/projects/${project.slug}/keys`);
  await expect(page.getByRole("row")).toHaveCount(3);
  await page.getByRole("searchbox").fill(leaked);
  await expect(page.getByRole("row", { name: /other/ })).toHaveCount(0);
  await expect(page).toHaveURL(/q=orch_/);
  expect(page.url()).not.toContain(leaked.split("_")[2] ?? "nothing");
  const actions = page.getByRole("button", { name: "Actions for leaked" });
  await actions.click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await expect(page.getByRole("dialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(actions).toBeFocused();
  await actions.click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Revoke key" }).click();
  await page.getByRole("button", { name: "Show all keys" }).click();
  await expect(page.getByRole("row", { name: /leaked.*Revoked/ })).toBeVisible();
});

test("servers for a key are chosen in a low and narrow window, however many and however long their names", async ({ console: page, project, rest }) => {
  const long = "A display name that nobody would read to its very end, as it goes on and on and on and on";
  const names = [long, ...Array.from({ length: 11 }, (_, at) => `Server ${String(at)}`)];
  for (const [at, name] of names.entries()) await rest.post(`/projects/${project.slug}/servers`, { alias: `s-${String(at)}`, name, transport: { type: "stdio", command: "true" } });
  await page.setViewportSize({ width: 360, height: 560 });
  await page.goto(`/projects/${project.slug}/keys?new=1`);
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Servers", { exact: true }).selectOption({ label: "Only some servers" });
  const group = dialog.getByRole("group", { name: "Servers" });
  await expect(group.getByRole("checkbox")).toHaveCount(12);
  await group.getByRole("checkbox", { name: long }).click();
  await group.getByRole("checkbox", { name: "Server 9" }).click();
  await expect(group.getByText("2 servers chosen")).toBeVisible();
  await expectAccessible(page);
  const place = await group.evaluate((element) => {
    const body = element.parentElement;
    const { bottom } = element.getBoundingClientRect();
    return {
      isWider: body === null || body.scrollWidth > body.clientWidth,
      isPaintedOver: [...element.children].some((part) => part.getBoundingClientRect().bottom > bottom),
      below: (element.nextElementSibling?.getBoundingClientRect().top ?? 0) - bottom,
    };
  });
  expect(place).toMatchObject({ isWider: false, isPaintedOver: false });
  expect(place.below).toBeGreaterThan(0);
});
