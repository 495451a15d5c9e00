import { expect, expectAccessible, test } from "./fixtures/test";

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
