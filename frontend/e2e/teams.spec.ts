import { expect, test } from "./fixtures/test";

test("makes a team, renames it, gives it a project, and deletes it", async ({ console: page, project }) => {
  const name = `운영팀 ${String(Date.now())}`;
  await page.goto("/teams");
  await page.getByRole("button", { name: "Create team" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await expect(dialog.getByLabel("Slug")).toHaveValue(/^unyeongtim-\d+$/);
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  await page.getByLabel("Name").fill(`${name} of many`);
  await page.getByLabel("Slug").fill("Not a slug");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Use 1 to 40 of a-z")).toBeVisible();
  const moved = `many-${String(Date.now())}`;
  await page.getByLabel("Slug").fill(moved);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page).toHaveURL(`/teams/${moved}`);
  await expect(page.getByRole("heading", { name: `${name} of many`, level: 1 })).toBeVisible();

  await page.goto(`/projects/${project.slug}/members`);
  await page.getByRole("button", { name: "Add a team" }).click();
  await page.getByRole("dialog").getByLabel("Team").selectOption({ label: `${name} of many` });
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.getByRole("link", { name: `${name} of many` }).click();
  await expect(page.getByRole("heading", { name: `${name} of many`, level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: project.name })).toBeVisible();

  const slug = new URL(page.url()).pathname.split("/").pop() ?? "";
  await page.getByRole("button", { name: "Delete team" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill(slug);
  await page.getByRole("dialog").getByRole("button", { name: "Delete team" }).click();
  await expect(page).toHaveURL(/\/teams$/);
  await expect(page.getByRole("link", { name: `${name} of many` })).toHaveCount(0);
});
