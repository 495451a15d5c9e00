/** Starts the real daemon, as it was built for debugging, with data of its own on a free port. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const ADMIN = { email: "admin@example.com", password: "a password for the tests" };

const START_MS = 60_000;

function findBinary(): string {
  const target = process.env.CARGO_TARGET_DIR ?? resolve("..", "target");
  const binary = process.env.ORCH_SERVER ?? join(target, "debug", "orch-server");
  if (!existsSync(binary)) throw new Error(`${binary} is not there: cargo build -p orch-server`);
  return binary;
}

export default async function globalSetup(): Promise<() => Promise<void>> {
  const data = mkdtempSync(join(tmpdir(), "orch-e2e-"));
  const child = spawn(findBinary(), ["serve", "--port", String(await freePort())], {
    cwd: data,
    env: {
      NODE_ENV: "test",
      PATH: process.env.PATH,
      HOME: data,
      ORCH_DATA_DIR: join(data, "data"),
      INITIAL_ADMIN_EMAIL: ADMIN.email,
      INITIAL_ADMIN_PASSWORD: ADMIN.password,
      LOG_FORMAT: "json",
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((done) => {
    child.on("exit", () => {
      done();
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  const log: string[] = [];
  const address = await new Promise<string>((found, failed) => {
    const timer = setTimeout(() => {
      failed(new Error(`the daemon did not start listening:\n${log.join("\n")}`));
    }, START_MS);
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (log.length < 200) log.push(line);
      const entry = parse(line);
      if (entry.message === "listening" && entry.address !== undefined) {
        clearTimeout(timer);
        found(entry.address);
      }
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      failed(new Error(`the daemon ended with ${String(code)}:\n${log.join("\n")}`));
    });
  });
  process.env.E2E_BASE = `http://${address.replace("127.0.0.1", "localhost")}`;
  return stop;
}

/** Known beforehand, as the daemon's own address stands in the settings of clients. */
function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.on("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        found(port);
      });
    });
  });
}

function parse(line: string): { message?: string; address?: string } {
  try {
    return JSON.parse(line) as { message?: string; address?: string };
  } catch {
    return {};
  }
}
