// A daemon of its own with a project in it, and the servers in front of which the suite runs.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const EVERYTHING = join(import.meta.dirname, '../everything/main.mjs');
const EMAIL = 'admin@example.com';
const PASSWORD = 'correct horse battery staple';
export const PROJECT = 'conformance';

/** Every upstream that there is: alias, era and transport. */
export const UPSTREAMS = [
  { alias: 'legacy-stdio', era: 'legacy', transport: 'stdio' },
  { alias: 'legacy-http', era: 'legacy', transport: 'http' },
  { alias: 'legacy-sse', era: 'legacy', transport: 'sse' },
  { alias: 'modern-stdio', era: 'modern', transport: 'stdio' },
  { alias: 'modern-http', era: 'modern', transport: 'http' },
];

const children = [];

/** Ends everything that was started here. */
export function stopAll() {
  for (const child of children.splice(0)) child.kill();
}

function start(command, args, options) {
  const child = spawn(command, args, options);
  children.push(child);
  return child;
}

/** The first line that `wanted` makes something of. */
function lineOf(stream, wanted) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => {
      const found = wanted(line);
      if (found !== undefined) resolve(found);
    });
    lines.on('close', () => reject(new Error('it ended before it was ready')));
  });
}

const parsed = (line) => {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
};

export class Daemon {
  /** Starts `binary` on an empty data directory below `folder`. */
  static async start(binary, folder) {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build -p orch-server`);
    const data = join(folder, 'data');
    mkdirSync(data, { recursive: true });
    const env = {
      PATH: process.env.PATH,
      ORCH_DATA_DIR: data,
      INITIAL_ADMIN_EMAIL: EMAIL,
      INITIAL_ADMIN_PASSWORD: PASSWORD,
      LOG_FORMAT: 'json',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
    };
    const child = start(binary, ['serve', '--host', '127.0.0.1', '--port', '0'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const { createWriteStream } = await import('node:fs');
    child.stderr.pipe(createWriteStream(join(folder, 'daemon.log')));
    const address = await lineOf(child.stderr, (line) => {
      const entry = parsed(line);
      return entry.message === 'listening' ? entry.address : undefined;
    });
    const daemon = new Daemon();
    daemon.base = `http://${address}`;
    daemon.folder = folder;
    const login = await daemon.post('/auth/login', { email: EMAIL, password: PASSWORD });
    daemon.token = login.access_token;
    return daemon;
  }

  async post(path, body) {
    const headers = { 'content-type': 'application/json' };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    const answer = await fetch(`${this.base}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** A project with these servers in it; gives back a key for it. */
  async project(slug, servers) {
    await this.post('/projects', { name: slug, slug });
    await this.post(`/projects/${slug}/import`, { mcpServers: servers });
    return (await this.post(`/projects/${slug}/keys`, { name: 'conformance' })).key;
  }

  /** Starts a fixture and gives back its entry of a configuration file. What it finds wrong goes to a file. */
  async upstream({ alias, era, transport }) {
    const args = [EVERYTHING, '--era', era, '--transport', transport, '--violations', this.violationsFile(alias)];
    if (transport === 'stdio') return { command: process.execPath, args };
    const log = openSync(join(this.folder, `${alias}.log`), 'w');
    const child = start(process.execPath, args, { stdio: ['ignore', 'pipe', log] });
    const url = await lineOf(child.stdout, (line) => parsed(line).url);
    return { type: transport === 'sse' ? 'sse' : 'streamable-http', url };
  }

  /** Makes one call as a client that can be asked, so that the suite's short waits do not run while Node.js starts. */
  async warmUp(slug, alias, key) {
    const name = 'test_simple_text';
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
    };
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, _meta } });
    const answer = await fetch(`${this.base}/projects/${slug}/servers/${alias}/mcp`, { method: 'POST', headers, body });
    const text = await answer.text();
    if (!answer.ok || text.includes('"error"')) throw new Error(`${alias} does not answer: ${answer.status} ${text}`);
  }

  violationsFile(alias) {
    return join(this.folder, `${alias}.violations`);
  }

  /** What the fixture found wrong with the messages that it got. */
  violations(alias) {
    const file = this.violationsFile(alias);
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }
}
