/**
 * Runs after `next build`. Writes what the daemon wants to know about the export: the hashes of the scripts that stand
 * in each page (csp.json), and packed forms of what is worth packing (.br, .gz).
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const out = join(import.meta.dirname, "..", "out");
/** Smaller ones fit into one packet as they are. */
const LEAST_BYTES = 1_000;
const PACKABLE = /\.(html|js|css|svg|txt|json)$/;

const files = readdirSync(out, { recursive: true })
  .map((name) => join(out, name))
  .filter((path) => statSync(path).isFile());

const scripts = {};
for (const path of files.filter((name) => name.endsWith(".html"))) {
  const html = readFileSync(path, "utf8");
  if (/<style|\sstyle="|\son[a-z]+="/.test(html)) {
    throw new Error(`${relative(out, path)} has inline styles or handlers, which the page's policy forbids`);
  }
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  const hashes = inline.map((text) => `sha256-${createHash("sha256").update(text).digest("base64")}`);
  scripts[relative(out, path).split(sep).join("/")] = [...new Set(hashes)];
}
writeFileSync(join(out, "csp.json"), JSON.stringify(scripts, null, 1));

let packed = 0;
for (const path of files) {
  if (/\.(br|gz)$/.test(path)) {
    rmSync(path, { force: true });
    continue;
  }
  if (!PACKABLE.test(path) || statSync(path).size < LEAST_BYTES) continue;
  const content = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  packed += 1;
}
console.log(`${Object.keys(scripts).length} pages, ${packed} files packed`);
