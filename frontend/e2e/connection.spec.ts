import { expect, test } from "./fixtures/test";

test("a lost connection is shown, and what happened meanwhile is there when it is back", async ({ console: page, project, rest }) => {
  await page.goto(`/projects/${project.slug}/servers`);
  await expect(page.getByRole("heading", { name: "No servers yet" })).toBeVisible();
  const connection = page.getByRole("banner").getByRole("status");
  await expect(connection).toHaveText("Live");
  await page.context().setOffline(true);
  await expect(connection).toHaveText("Connection lost, trying again");
  await rest.post(`/projects/${project.slug}/servers`, { alias: "files", transport: { type: "stdio", command: "true" } });
  await page.context().setOffline(false);
  await expect(connection).toHaveText("Live");
  await expect(page.getByRole("row", { name: /files/ })).toBeVisible();
});
