/** What a call was about: its server, by alias, and the name that the server itself gives the item. */
export interface Called {
  server: string;
  name: string;
}

/**
 * A call that was refused is on record under the name that the client used, which on the unified endpoint begins with the
 * server's alias. Undefined where no server's does.
 */
export function calledOf(call: { server: string; target: string }, aliases: readonly string[], separator: string): Called | undefined {
  const { server, target } = call;
  if (server !== "") return { server, name: target };
  // `a-b__c` is of `a-b`, whatever `a` is called.
  for (const alias of [...aliases].sort((a, b) => b.length - a.length)) {
    for (const joint of [separator, "."]) {
      const start = alias + joint;
      if (target.startsWith(start) && target.length > start.length) return { server: alias, name: target.slice(start.length) };
    }
  }
  return undefined;
}

/**
 * How the name begins of a call that was refused, where it says its server already, such as `files__`: what was not found
 * is on record as the client wrote it. Empty where it does not.
 */
export function writtenStart({ server, target, outcome }: { server: string; target: string; outcome: string }, separator: string): string {
  if (server === "" || outcome !== "refused") return "";
  const starts = [separator, "."].map((joint) => server + joint);
  return starts.find((start) => target.startsWith(start) && target.length > start.length) ?? "";
}
