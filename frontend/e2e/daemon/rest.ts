/** What a spec prepares over REST, as a script does it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { ADMIN } from "./global-setup";

type Json = Record<string, unknown>;

export function base(): string {
  const address = process.env.E2E_BASE;
  if (address === undefined) throw new Error("the daemon is not running");
  return address;
}

export class Rest {
  private constructor(private readonly token: string) {}

  static async as(email: string, password: string): Promise<Rest> {
    const answer = await send("POST", "/auth/login", undefined, { email, password });
    return new Rest(String(answer.access_token));
  }

  static admin(): Promise<Rest> {
    return Rest.as(ADMIN.email, ADMIN.password);
  }

  get(path: string): Promise<Json> {
    return send("GET", path, this.token);
  }

  post(path: string, body?: Json): Promise<Json> {
    return send("POST", path, this.token, body);
  }

  put(path: string, body?: Json): Promise<Json> {
    return send("PUT", path, this.token, body);
  }

  patch(path: string, body: Json): Promise<Json> {
    return send("PATCH", path, this.token, body);
  }

  delete(path: string): Promise<Json> {
    return send("DELETE", path, this.token);
  }
}

async function send(method: string, path: string, token: string | undefined, body?: Json): Promise<Json> {
  const response = await fetch(`${base()}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Json);
}

/** A real MCP server with tools of every kind. `scripts/test.sh` installs it. */
export function everything(): { command: string; args: string[] } {
  const servers = process.env.ORCH_TEST_MCP_SERVERS ?? resolve("..", "target", "mcp-servers");
  const script = join(servers, "node_modules/@modelcontextprotocol/server-everything/dist/index.js");
  if (!existsSync(script)) throw new Error(`${script} is not there; scripts/test.sh installs it`);
  return { command: process.execPath, args: [script, "stdio"] };
}

/** Calls a tool over an MCP endpoint, as a client does. */
export async function callTool(url: string, key: string, name: string, args: Json): Promise<unknown> {
  const headers: Record<string, string> = {
    Authorization: `Bearer ${key}`,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
  };
  const post = async (message: Json) => {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
    if (!response.ok) throw new Error(`${String(response.status)} ${await response.text()}`);
    return response;
  };
  const opened = await post({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "e2e-client", version: "1" } },
  });
  headers["MCP-Session-Id"] = opened.headers.get("mcp-session-id") ?? "";
  headers["MCP-Protocol-Version"] = "2025-11-25";
  await post({ method: "notifications/initialized" });
  const text = await (await post({ id: 2, method: "tools/call", params: { name, arguments: args } })).text();
  const answers = text.startsWith("{") ? [text] : text.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).filter((line) => line !== "");
  const answer = answers.map((line) => JSON.parse(line) as { id?: number; result?: unknown }).find(({ id }) => id === 2);
  return answer?.result;
}
