/** The names of members whose values are not recorded, as people write them: one a line. */
export function toNames(text: string): string[] {
  const names = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return [...new Set(names)];
}
