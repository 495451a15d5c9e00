import next from "@next/eslint-plugin-next";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const SMALLER = [
  { name: "zod", message: "zod/mini does the same and is a third of it" },
  { name: "@hookform/resolvers/zod", message: "@hookform/resolvers/standard-schema does the same without all of zod" },
];
const restricted = (groups, message) => ["error", { paths: SMALLER, patterns: [{ group: groups, message }] }];

export default tseslint.config(
  { ignores: ["out", ".next", "next-env.d.ts", "src/lib/api/schema.gen.ts", "node_modules", "test-results"] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  hooks.configs.flat["recommended-latest"],
  next.configs["core-web-vitals"],
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-console": ["error", { allow: ["error"] }],
    },
  },
  { files: ["scripts/**"], rules: { "no-console": "off" } },
  // Imports point one way: app, features, components, lib; and never from one feature to another.
  {
    files: ["src/lib/**"],
    rules: {
      "no-restricted-imports": restricted(["@/components/*", "@/features/*", "@/app/*"], "lib imports nothing above it"),
    },
  },
  {
    files: ["src/components/**"],
    rules: { "no-restricted-imports": restricted(["@/features/*", "@/app/*"], "components import lib alone") },
  },
  {
    files: ["src/features/**"],
    rules: {
      "no-restricted-imports": restricted(
        ["@/features/*", "@/app/*", "../*/*", "next/link"],
        "links are those of components/link.tsx; a feature imports its own files as ./, and components and lib; what two share goes there",
      ),
    },
  },
  // One door to the daemon, one place for addresses, keys and page files.
  {
    files: ["src/**"],
    ignores: ["src/lib/api/**", "src/testing/**"],
    rules: {
      "no-restricted-globals": ["error", { name: "fetch", message: "use api of lib/api/client.ts" }],
    },
  },
  {
    files: ["src/features/**", "src/components/**", "src/app/**"],
    ignores: ["**/queries.ts", "**/*.test.*"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "Property[key.name='queryKey'] > ArrayExpression",
          message: "keys are written in queries.ts or lib/data alone",
        },
        {
          selector: "JSXAttribute[name.name='href'] > Literal[value=/^\\u002F/]",
          message: "links come from lib/paths.ts",
        },
      ],
    },
  },
  {
    files: ["src/lib/**", "src/components/**", "src/features/**"],
    rules: {
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } }],
    },
  },
);
