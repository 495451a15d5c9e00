// Runs the official suite through the daemon, in front of every kind of upstream, for both sets of requirements.
//   node run.mjs --daemon PATH --suite FOLDER [--out FOLDER] [--only RUN] [--scenario ID]
// Then the suite's client scenarios, with the daemon's side toward its upstreams as what is tested.
// A run is named <revision>/<upstream>, or <revision>/client. Which scenarios may fail is written in expected/<revision>-<upstream's era>.yml, with
// the reason; a run between the same eras has no such file.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Daemon, PROJECT, stopAll, UPSTREAMS } from './daemon.mjs';
import { startShim } from './shim.mjs';

const REVISIONS = [
  { revision: '2025-11-25', era: 'legacy' },
  { revision: '2026-07-28', era: 'modern' },
];
/** Scenarios that the requirements run and do not count. We count them, but for what is said here. */
const NOT_OURS = {
  // Nothing is sent yet in this scenario; the suite skips it.
  'tasks-status-notifications': () => true,
  // The extension exists in the modern era only, so only a modern server can have it.
  tasks: (upstream) => upstream.era === 'legacy',
};
const excused = (scenario, upstream) =>
  NOT_OURS[scenario]?.(upstream) ?? (scenario.startsWith('tasks-') ? NOT_OURS.tasks(upstream) : false);

const { values: args } = parseArgs({
  options: {
    daemon: { type: 'string' },
    suite: { type: 'string' },
    out: { type: 'string' },
    only: { type: 'string' },
    scenario: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});
const suiteFolder = join(resolve(args.suite), 'node_modules/@modelcontextprotocol/conformance');
const suite = join(suiteFolder, 'dist/index.js');

function suiteRuns(options, out, env = {}) {
  return new Promise((done) => {
    const child = spawn(process.execPath, [suite, ...options, '-o', out], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let text = '';
    const keep = (part) => {
      text += part;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('close', (code) => done({ code, text }));
  });
}

const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, '');
/** Scenarios of a summary, each with whether it passed. */
const verdicts = (text) =>
  new Map([...plain(text).matchAll(/^([✓✗~]) (\S+): \d+ passed, \d+ failed/gm)].map(([, sign, scenario]) => [scenario, sign !== '✗']));
/** The scenarios for servers in the requirements of a revision: those that are counted, and those that are only run. */
function required(revision) {
  const text = readFileSync(join(suiteFolder, 'requirements', `${revision}.yaml`), 'utf8');
  const [scored, more] = text.split('\nnot_scored:\n');
  const list = /^server:\n((?: {2}.*\n|\s*\n)*)/m.exec(`${scored}\n`)?.[1] ?? '';
  return {
    scored: [...list.matchAll(/^ {2}- (\S+)/gm)].map(([, scenario]) => scenario),
    unscored: new Set([...more.matchAll(/- scenario: (\S+)\n\s+leg: server\n/g)].map(([, scenario]) => scenario)),
  };
}

async function one({ revision, era }, upstream, shim, out) {
  const url = `${shim.base}/projects/${PROJECT}/servers/${upstream.alias}/mcp`;
  const folder = join(out, revision, upstream.alias);
  mkdirSync(folder, { recursive: true });
  const begin = Date.now();
  const problems = [];
  const seconds = () => (Date.now() - begin) / 1000;
  if (args.scenario !== undefined) {
    const got = await suiteRuns(['server', '--url', url, '--scenario', args.scenario, '--spec-version', revision, '--verbose'], folder);
    console.log(got.text);
    return { problems: got.code === 0 ? [] : [args.scenario], count: 1, seconds: seconds() };
  }
  const expected = join(import.meta.dirname, 'expected', `${revision}-${upstream.era}.yml`);
  const options = ['server', '--url', url, '--requirements', revision];
  if (era !== upstream.era && existsSync(expected)) options.push('--expected-failures', expected);
  const { code, text } = await suiteRuns(options, folder);
  writeFileSync(join(folder, 'output.txt'), text);
  const passed = verdicts(text);
  const { scored, unscored: more } = required(revision);
  const counted = [...passed].filter(([scenario]) => !more.has(scenario) || !excused(scenario, upstream));
  // The exit code is about what is scored, with what is expected taken into account.
  if (code !== 0) problems.push(`exit code ${code}`);
  const failed = counted.filter(([, passed]) => !passed).map(([scenario]) => scenario);
  problems.push(...failed.filter((scenario) => more.has(scenario) || code !== 0));
  if (scored.length < 30) problems.push('the requirements cannot be read');
  const missing = [...scored, ...more].filter((scenario) => !passed.has(scenario));
  problems.push(...missing.map((scenario) => `${scenario} did not run`));
  return { problems, count: counted.length, seconds: seconds() };
}

/** The scenarios for clients that are about no sign-in. */
const CLIENT_SCENARIOS = {
  '2025-11-25': ['initialize', 'tools_call', 'elicitation-sep1034-client-defaults', 'sse-retry', 'json-schema-2020-12-preservation'],
  '2026-07-28': [
    'tools_call',
    'request-metadata',
    'sep-2322-client-request-state',
    'http-standard-headers',
    'http-custom-headers',
    'http-invalid-tool-headers',
    'json-schema-ref-no-deref',
    'json-schema-2020-12-preservation',
  ],
};

async function clients(revision, daemon, key, out) {
  const begin = Date.now();
  const folder = join(out, revision, 'client');
  mkdirSync(folder, { recursive: true });
  const command = `${process.execPath} ${join(import.meta.dirname, 'client.mjs')}`;
  const env = {
    DAEMON: JSON.stringify({ base: daemon.base, token: daemon.token, key, project: PROJECT }),
    SUITE: resolve(args.suite),
  };
  const problems = [];
  const wanted = CLIENT_SCENARIOS[revision].filter((scenario) => args.scenario === undefined || scenario === args.scenario);
  for (const scenario of wanted) {
    // What is measured is what is sent, not how quick a busy machine is.
    const options = ['client', '--command', command, '--scenario', scenario, '--spec-version', revision, '--timeout', '120000'];
    const { code, text } = await suiteRuns(options, folder, env);
    writeFileSync(join(folder, `${scenario}.txt`), text);
    if (args.scenario !== undefined) console.log(text);
    if (code !== 0) problems.push(scenario);
  }
  return { problems, count: wanted.length, seconds: (Date.now() - begin) / 1000 };
}

async function main() {
  const work = mkdtempSync(join(tmpdir(), 'orch-conformance-'));
  const out = args.out ?? join(work, 'results');
  try {
    const daemon = await Daemon.start(resolve(args.daemon), work);
    const servers = {};
    for (const upstream of UPSTREAMS) servers[upstream.alias] = await daemon.upstream(upstream);
    const key = await daemon.project(PROJECT, servers);
    const shim = await startShim(daemon.base, key);
    for (const { alias } of UPSTREAMS) await daemon.warmUp(PROJECT, alias, key);
    const open = REVISIONS.flatMap((set) => [...UPSTREAMS, { alias: 'client' }].map((upstream) => ({ set, upstream }))).filter(
      ({ set, upstream }) => args.only === undefined || `${set.revision}/${upstream.alias}`.includes(args.only),
    );
    let bad = 0;
    const worker = async () => {
      for (let next = open.shift(); next !== undefined; next = open.shift()) {
        const { set, upstream } = next;
        const isClient = upstream.alias === 'client';
        const { problems, count, seconds } = isClient
          ? await clients(set.revision, daemon, key, out)
          : await one(set, upstream, shim, out);
        bad += problems.length;
        const verdict = problems.length === 0 ? 'passed' : `FAILED: ${problems.join(', ')}`;
        console.log(`${set.revision} ${isClient ? 'as a client' : `in front of ${upstream.alias}`}: ${count} scenarios in ${seconds.toFixed(0)} s, ${verdict}`);
      }
    };
    await Promise.all(Array.from({ length: Number(args.jobs) }, worker));
    for (const { alias } of UPSTREAMS) {
      const found = daemon.violations(alias);
      bad += found.length;
      const kinds = new Map(found.map((line) => [line.split(': ')[0], line]));
      for (const line of kinds.values()) console.log(`${alias} got what it must not get: ${line.slice(0, 500)}`);
    }
    shim.close();
    if (bad > 0) console.log(`results are in ${out}, the log in ${work}`);
    else rmSync(work, { recursive: true, force: true });
    return bad === 0 ? 0 : 1;
  } finally {
    stopAll();
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(2);
  },
);
