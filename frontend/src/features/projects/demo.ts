/** What the demo is made of: the server that `scripts/quickstart.sh` shows as well, fetched by npx. */
export const DEMO = {
  name: "Demo",
  slug: "demo",
  config: {
    mcpServers: {
      everything: { command: "npx", args: ["-y", "@modelcontextprotocol/server-everything@2026.8.31"] },
    },
  },
};

/** The slug of the first demo, of the second, and so on. */
export function demoSlug(count: number): string {
  return count === 1 ? DEMO.slug : `${DEMO.slug}-${String(count)}`;
}
