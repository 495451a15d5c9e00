import { defineConfig, devices } from "@playwright/test";

/** Debian's Chromium; another one by CHROMIUM. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  globalSetup: "./e2e/daemon/global-setup.ts",
  // One daemon serves all specs; each makes a project of its own.
  fullyParallel: true,
  workers: Number(process.env.E2E_WORKERS ?? 2),
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  // Generous, as machines that test are slow and busy: what passes does not wait.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    locale: "en-US",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: { executablePath, args: ["--no-sandbox"] },
  },
  projects: [
    { name: "chromium", testIgnore: "screenshots.spec.ts" },
    ...(process.env.SCREENSHOTS === undefined ? [] : [{ name: "screenshots", testMatch: "screenshots.spec.ts" }]),
  ],
});
