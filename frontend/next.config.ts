import type { NextConfig } from "next";
import { PHASE_DEVELOPMENT_SERVER } from "next/constants";

/** Where the daemon listens while `next dev` serves the pages. */
const daemon = process.env.ORCH_DAEMON_URL ?? "http://127.0.0.1:8000";

const shared: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  images: { unoptimized: true },
  // npm run typecheck is a step of its own; once is enough.
  typescript: { ignoreBuildErrors: true },
  turbopack: {
    resolveAlias: {
      // The page's Content-Security-Policy allows no inline <style>; ours makes constructed style sheets.
      "react-style-singleton": "./src/lib/style-singleton.ts",
      // Texts are compiled as the pages are built, so no page loads a parser for them.
      "use-intl/format-message": "use-intl/format-message/format-only",
    },
    rules: {
      "**/src/messages/*/*.json": { loaders: ["./scripts/compile-messages.mjs"], as: "*.js" },
    },
  },
};

export default function config(phase: string): NextConfig {
  if (phase === PHASE_DEVELOPMENT_SERVER) {
    return {
      ...shared,
      rewrites: () =>
        Promise.resolve([
          { source: "/api/:path*", destination: `${daemon}/api/:path*` },
          { source: "/health/:path*", destination: `${daemon}/health/:path*` },
        ]),
    };
  }
  return { ...shared, output: "export" };
}
