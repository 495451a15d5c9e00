/** What the daemon would answer, in the schema's own shapes. A test writes only what it is about. */
import type { Schemas } from "@/lib/api/client";

const AT = "2026-01-31T12:00:00Z";

let count = 0;

/** A new id, as the daemon makes them. */
export function id(): string {
  count += 1;
  return `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`;
}

export function user(part: Partial<Schemas["UserView"]> = {}): Schemas["UserView"] {
  return { id: id(), email: "ada@example.com", name: "Ada", instance_admin: false, active: true, created_at: AT, updated_at: AT, version: 1, ...part };
}

export function project(part: Partial<Schemas["ProjectView"]> = {}): Schemas["ProjectView"] {
  return {
    id: id(),
    slug: "demo",
    name: "Demo",
    separator: "__",
    flawed_tools: "repair",
    recorded_arguments: { mode: "nothing" },
    role: "admin",
    counts: { members: 2, teams: 0, servers: 1, keys: 1 },
    created_at: AT,
    updated_at: AT,
    version: 1,
    ...part,
  };
}

const NO_LIMITS = { memory_mib: null, cpu_seconds: null, open_files: null, processes: null, line_kib: null, log_kib: null };

export function server(part: Partial<Schemas["ServerView"]> = {}): Schemas["ServerView"] {
  return {
    id: id(),
    project_id: id(),
    alias: "files",
    name: "Files",
    enabled: true,
    timeout: 30,
    era: "auto",
    interactive: "auto",
    run: {
      isolation: "shared",
      always_on: false,
      idle_stop: null,
      tool_timeouts: {},
      max_in_flight: null,
      max_connections: null,
      personal_env: {},
      personal_headers: {},
    },
    transport: { type: "stdio", command: "mcp-files", arg_count: 0, env: [], cwd: null },
    limits: NO_LIMITS,
    effective_limits: NO_LIMITS,
    sandbox: { mode: "on", read_paths: [], write_paths: [], network: "full", ports: [] },
    status: {
      state: "stopped",
      since: AT,
      reason: null,
      next_step: "It starts when it is asked for something.",
      failures: 0,
      retry_at: null,
      pid: null,
      revision: null,
      implementation: null,
      calls_in_flight: 0,
      own_connections: 0,
    },
    created_at: AT,
    updated_at: AT,
    version: 1,
    ...part,
  };
}

export function key(part: Partial<Schemas["KeyView"]> = {}): Schemas["KeyView"] {
  return {
    id: id(),
    name: "laptop",
    prefix: "orch_abc",
    creator_id: id(),
    creator_role: "member",
    scope: { servers: null, tools: null, read_only: false },
    limits: {},
    expires_at: null,
    revoked_at: null,
    last_used_at: null,
    last_used_from: null,
    last_used_by: null,
    created_at: AT,
    version: 1,
    ...part,
  };
}

export function member(part: Partial<Schemas["MemberView"]> = {}): Schemas["MemberView"] {
  return { user_id: id(), email: "ada@example.com", name: "Ada", role: "admin", direct_role: "admin", teams: [], active: true, created_at: AT, version: 1, ...part };
}

export function call(part: Partial<Schemas["CallView"]> = {}): Schemas["CallView"] & { type: "call" } {
  return {
    type: "call",
    id: id(),
    at: AT,
    user_id: id(),
    key_id: null,
    client: "claude-code",
    server_id: id(),
    server: "files",
    kind: "tool",
    target: "read_file",
    duration_ms: 12,
    waited_ms: 0,
    outcome: "ok",
    code: null,
    reason: null,
    rule_id: null,
    arguments_digest: null,
    arguments: null,
    ...part,
  };
}

export function auditEntry(part: Partial<Schemas["AuditView"]> = {}): Schemas["AuditView"] {
  return {
    id: id(),
    at: AT,
    project_id: null,
    user_id: id(),
    user_email: "ada@example.com",
    key_id: null,
    via: "login",
    action: "project.update",
    target: { kind: "project", id: id(), name: "demo" },
    detail: "",
    facts: [],
    ...part,
  };
}

export function problem(part: Partial<Schemas["Problem"]> & { code: string; status: number }): Schemas["Problem"] {
  return { type: `urn:orch:problem:${part.code}`, title: part.code, detail: "something is wrong", request_id: "req-1", ...part };
}

export function pageOf<T>(items: T[]): { items: T[]; next_cursor: null } {
  return { items, next_cursor: null };
}
