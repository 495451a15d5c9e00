import { expect, test } from "./fixtures/test";

test("a lost connection is shown, and what happened meanwhile is there when it is back", async ({ console: page, project, rest }) => {
  await page.goto(`/projects/${project.slug}/servers`);
  await expect(page.getByRole("heading", { name: "No servers yet" })).toBeVisible();
  const connection = page.getByRole("banner").getByRole("status");
  await expect(connection).toHaveText("Live");
  await page.context().setOffline(true);
  await expect(connection).toHaveText("Connection lost, trying again");
  // The browser's own error would come in the place of the page, and nothing would bring it back.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API keys" }).click();
  await expect(page.getByText(/^The daemon cannot be reached\. Its pages come back/).first()).toBeVisible();
  await expect(page.getByRole("heading", { name: "No servers yet" })).toBeVisible();
  await rest.post(`/projects/${project.slug}/servers`, { alias: "files", transport: { type: "stdio", command: "true" } });
  await page.context().setOffline(false);
  await expect(connection).toHaveText("Live");
  await expect(page.getByRole("row", { name: /files/ })).toBeVisible();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "API keys" }).click();
  await expect(page.getByRole("heading", { name: "No keys yet" })).toBeVisible();
});
