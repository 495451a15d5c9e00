/** Measures what the browser loads before a page of a project can be used, and fails when that is too much. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const out = join(import.meta.dirname, "..", "out");
const MOST_BYTES = 250_000;
const PAGES = ["login.html", "projects.html", "projects/_.html", "projects/_/servers.html", "projects/_/keys.html"];

let failed = false;
for (const page of PAGES) {
  const html = readFileSync(join(out, page), "utf8");
  // Old browsers' replacements are not loaded by those that can run the rest.
  const tags = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
  const scripts = [...new Set(tags.map(([, source]) => source))].map((source) => readFileSync(join(out, source)));
  const sum = (pack) => scripts.reduce((total, script) => total + pack(script).length, 0);
  const gzip = sum((script) => gzipSync(script, { level: 9 }));
  const brotli = sum((script) => brotliCompressSync(script));
  failed ||= gzip > MOST_BYTES;
  console.log(`${page.padEnd(28)} ${String(scripts.length).padStart(3)} scripts  ${kb(gzip)} gzip  ${kb(brotli)} brotli`);
}
if (failed) {
  console.error(`a page loads more than ${kb(MOST_BYTES)} of packed JavaScript`);
  process.exit(1);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
