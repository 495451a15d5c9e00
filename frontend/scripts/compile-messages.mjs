/** A loader of Turbopack: the texts of one file, each compiled to what `use-intl/format-message/format-only` takes. */
import compile from "icu-minify/compile";

function compiled(texts) {
  const entries = Object.entries(texts).map(([key, text]) => [key, typeof text === "string" ? compile(text) : compiled(text)]);
  return Object.fromEntries(entries);
}

export default function compileMessages(source) {
  return `export default ${JSON.stringify(compiled(JSON.parse(source)))};`;
}
