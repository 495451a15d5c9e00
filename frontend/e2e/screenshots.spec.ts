/** Pictures of every page for people to look at: `just screenshots` writes them into screenshots/. */
import { callTool, everything, expect, newProject, test } from "./fixtures/test";
import { PAGES } from "./pages";

const WIDTHS = [
  [1440, 900],
  [390, 844],
] as const;

for (const theme of ["light", "dark"] as const) {
  for (const content of ["full", "empty"] as const) {
    test(`${theme}, ${content}`, async ({ console: page, rest }) => {
      test.setTimeout(600_000);
      const project = await newProject(rest);
      const at = `/projects/${project.slug}`;
      if (content === "full") {
        await rest.post(`${at}/import`, {
          mcpServers: {
            everything: everything(),
            github: { command: "/opt/github-mcp/server", env: { GITHUB_TOKEN: "x" } },
            docs: { url: "https://docs.example.com/mcp", headers: { Authorization: "Bearer x" }, disabled: true },
            search: { command: "npx", args: ["-y", "search-server"] },
          },
        });
        await rest.post(`${at}/servers/everything/start`);
        await rest.post(`${at}/servers/github/start`).catch(() => undefined);
        const key = await rest.post(`${at}/keys`, { name: "Claude Code on a laptop" });
        await rest.post(`${at}/keys`, { name: "Nightly agent", expires_at: new Date(Date.now() + 30 * 86_400_000).toISOString() });
        const base = process.env.E2E_BASE ?? "";
        for (const message of ["one", "two", "three"]) {
          await callTool(`${base}${at}/mcp`, String(key.key), "everything__echo", { message });
        }
        await callTool(`${base}${at}/mcp`, String(key.key), "everything__nothing", {}).catch(() => undefined);
      }
      await page.evaluate((chosen) => localStorage.setItem("theme", chosen), theme);
      for (const { name, path, heading } of PAGES) {
        if (content === "empty" && path(project.slug).includes("/servers/everything")) continue;
        for (const [width, height] of WIDTHS) {
          await page.setViewportSize({ width, height });
          await page.goto(path(project.slug));
          await expect(page.getByRole("heading", { level: 1, name: heading[0] })).toBeVisible();
          await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
          await page.evaluate(() => document.fonts.ready);
          await page.waitForLoadState("load");
          await page.screenshot({ path: `screenshots/${name}-${theme}-${String(width)}-${content}.png`, fullPage: true });
        }
      }
    });
  }
}

test("the login", async ({ page }) => {
  for (const [width, height] of WIDTHS) {
    for (const theme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await page.goto("/login");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.screenshot({ path: `screenshots/login-${theme}-${String(width)}.png` });
    }
  }
});
