/** Measures what the browser loads before a page of a project can be used, and fails when that is too much. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const out = join(import.meta.dirname, "..", "out");
/** Most bytes of gzip: the page of a project is what is promised, the others are kept from growing. */
const PAGES = {
  "projects/_.html": 250_000,
  "login.html": 275_000,
  "projects.html": 300_000,
  "projects/_/servers.html": 275_000,
  "projects/_/keys.html": 310_000,
};

const tooMuch = [];
for (const [page, most] of Object.entries(PAGES)) {
  const html = readFileSync(join(out, page), "utf8");
  // Old browsers' replacements are not loaded by those that can run the rest.
  const tags = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
  const scripts = [...new Set(tags.map(([, source]) => source))].map((source) => readFileSync(join(out, source)));
  const sum = (pack) => scripts.reduce((total, script) => total + pack(script).length, 0);
  const gzip = sum((script) => gzipSync(script, { level: 9 }));
  const brotli = sum((script) => brotliCompressSync(script));
  if (gzip > most) tooMuch.push(`${page} loads more than ${kb(most).trim()} of packed JavaScript`);
  console.log(`${page.padEnd(28)} ${String(scripts.length).padStart(3)} scripts  ${kb(gzip)} gzip  ${kb(brotli)} brotli`);
}
if (tooMuch.length > 0) {
  console.error(tooMuch.join("\n"));
  process.exit(1);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
