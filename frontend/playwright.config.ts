import { defineConfig, devices } from "@playwright/test";

/** Debian's Chromium; another one by CHROMIUM. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Specs that have not passed in every run yet, and so are not in the everyday one: npm run e2e:pending. */
const PENDING = ["pages.spec.ts", "servers.spec.ts", "teams.spec.ts"];

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  globalSetup: "./e2e/daemon/global-setup.ts",
  // One daemon serves all specs; each makes a project of its own.
  fullyParallel: true,
  workers: Number(process.env.E2E_WORKERS ?? 2),
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 20_000 },
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
    { name: "chromium", testIgnore: ["screenshots.spec.ts", ...PENDING] },
    ...(process.env.PENDING === undefined ? [] : [{ name: "pending", testMatch: PENDING }]),
    ...(process.env.SCREENSHOTS === undefined ? [] : [{ name: "screenshots", testMatch: "screenshots.spec.ts" }]),
  ],
});
