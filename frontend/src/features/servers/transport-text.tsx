import type { Server } from "@/lib/data/servers";

/** How a server is reached, in one line and without secrets. */
export function transportText({ transport }: Server): string {
  if (transport.type === "stdio") {
    return transport.arg_count === 0 ? transport.command : `${transport.command} …`;
  }
  try {
    const url = new URL(transport.url);
    return url.host + (url.pathname === "/" ? "" : url.pathname);
  } catch {
    return transport.url;
  }
}
