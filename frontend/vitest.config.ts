import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  test: {
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      // What is shown, in jsdom and with the daemon of src/testing.
      { extends: true, test: { name: "components", environment: "jsdom", testTimeout: 30_000, expect: { poll: { timeout: 10_000 } }, include: ["src/**/*.test.tsx"], setupFiles: ["src/testing/setup.ts"] } },
    ],
  },
});
