/** A call as a command for a terminal. */
import type { CallRequest } from "@/lib/api/calls";
import type { ServerRef } from "@/lib/paths";

/** Quoted for a shell: nothing in it is expanded. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function curlOf({ project, server }: ServerRef, request: CallRequest, origin = location.origin): string {
  const url = `${origin}/api/v1/projects/${encodeURIComponent(project)}/servers/${encodeURIComponent(server)}/calls`;
  return [
    `curl -sN ${quoted(url)}`,
    `  -H "Authorization: Bearer $ORCH_API_KEY"`,
    `  -H 'Content-Type: application/json'`,
    `  -d ${quoted(JSON.stringify({ ...request, questions: false }))}`,
  ].join(" \\\n");
}
