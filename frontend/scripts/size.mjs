/** Measures what the browser loads before each page can be used, with the texts of its language, and fails when one loads too much. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const out = join(import.meta.dirname, "..", "out");
/** Most bytes of gzip, for each page. */
const MOST = 250_000;

const packed = new Map();
function sizes(source) {
  const known = packed.get(source);
  if (known !== undefined) return known;
  const script = readFileSync(join(out, source));
  const measured = { gzip: gzipSync(script, { level: 9 }).length, brotli: brotliCompressSync(script).length };
  packed.set(source, measured);
  return measured;
}

/** The texts of each language are a script of their own, which the page fetches as it starts. The largest counts. */
const chunks = join("_next", "static", "chunks");
const texts = readdirSync(join(import.meta.dirname, "..", "src", "messages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => {
    const { noAccount } = JSON.parse(readFileSync(join(import.meta.dirname, "..", "src", "messages", name, "login.json"), "utf8"));
    const found = readdirSync(join(out, chunks)).find((file) => file.endsWith(".js") && readFileSync(join(out, chunks, file), "utf8").includes(noAccount));
    if (found === undefined) throw new Error(`no script has the texts of ${name}`);
    return sizes(join(chunks, found));
  })
  .reduce((most, size) => (size.gzip > most.gzip ? size : most));
console.log(`texts ${kb(texts.gzip).trim()} gzip, in each of:`);

const pages = readdirSync(out, { recursive: true })
  .filter((name) => name.endsWith(".html"))
  .map((name) => relative(out, join(out, name)).split(sep).join("/"))
  .sort();
const tooMuch = [];
for (const page of pages) {
  const html = readFileSync(join(out, page), "utf8");
  // Old browsers' replacements are not loaded by those that can run the rest.
  const tags = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
  const scripts = [...new Set(tags.map(([, source]) => source))].map(sizes);
  const gzip = scripts.reduce((total, script) => total + script.gzip, texts.gzip);
  const brotli = scripts.reduce((total, script) => total + script.brotli, texts.brotli);
  if (gzip > MOST) tooMuch.push(`${page} loads more than ${kb(MOST).trim()} of packed JavaScript`);
  console.log(`${page.padEnd(38)} ${String(scripts.length).padStart(3)} scripts  ${kb(gzip)} gzip  ${kb(brotli)} brotli`);
}
if (tooMuch.length > 0) {
  console.error(tooMuch.join("\n"));
  process.exit(1);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
