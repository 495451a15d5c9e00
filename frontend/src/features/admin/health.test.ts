import { expect, test } from "vitest";

import { failingServers, healthOf, journalHealth, type System } from "./health";

const WELL: System = {
  version: "1.0.0",
  started_at: "2026-01-01T00:00:00Z",
  uptime_seconds: 60,
  healthy: true,
  database: { kind: "sqlite", healthy: true, latency_ms: 1, error: null },
  journal: {
    healthy: true,
    waiting_records: 0,
    waiting_bytes: 0,
    max_bytes: 1000,
    oldest: null,
    refusing: null,
    last_error: null,
    corrupt_segments: 0,
    rejected_records: 0,
  },
  fleet: { servers: [{ state: "ready", count: 3 }, { state: "stopped", count: 1 }], calls_in_flight: 0 },
  encryption: { key_ids: ["a"], secrets: 4, stale_secrets: 0 },
  workers: [],
  sessions: 0,
  users: 1,
  projects: 1,
};

test("an instance is well when nothing of it wants to be looked at", () => {
  expect(healthOf(WELL)).toBe("good");
  expect(healthOf({ ...WELL, healthy: false })).toBe("bad");
});

test("servers that fail are nothing to be green about", () => {
  const servers = [...WELL.fleet.servers, { state: "crash_looping", count: 2 }, { state: "backing_off", count: 1 }];
  const failing = { ...WELL, fleet: { ...WELL.fleet, servers } };
  expect([failingServers(WELL), failingServers(failing)]).toEqual([0, 3]);
  expect(healthOf(failing)).toBe("doubtful");
  expect(healthOf({ ...failing, healthy: false })).toBe("bad");
});

test("so are secrets with an old key, and records that were lost", () => {
  expect(healthOf({ ...WELL, encryption: { ...WELL.encryption, stale_secrets: 1 } })).toBe("doubtful");
  const journal = { ...WELL.journal, rejected_records: 1 };
  expect([journalHealth(WELL.journal), journalHealth(journal), journalHealth({ ...journal, healthy: false })]).toEqual(["good", "doubtful", "bad"]);
  expect(healthOf({ ...WELL, journal })).toBe("doubtful");
});
