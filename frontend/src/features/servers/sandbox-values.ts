/** What people write about a sandbox, as the daemon takes it. */

/** One path a line, from the root or the home directory; undefined when a line is no such path. */
export function toPaths(text: string): string[] | undefined {
  const paths = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const isPath = (path: string) => /^(\/|~$|~\/)/.test(path) && !path.split("/").includes("..");
  return paths.every(isPath) ? paths : undefined;
}

/** Ports between commas or blanks, each once; undefined when there is none, or something else. */
export function toPorts(text: string): number[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0 || !words.every((word) => /^\d{1,5}$/.test(word))) return undefined;
  const ports = [...new Set(words.map(Number))];
  return ports.every((port) => port >= 1 && port <= 65_535) ? ports : undefined;
}
