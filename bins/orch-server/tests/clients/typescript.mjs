// The official TypeScript SDK as a client of the daemon: does everything once, and prints what came of it as JSON.
//   node typescript.mjs 1|2 http|sse legacy|modern URL KEY PREFIX NOTES
// The packages are found in the folder MODULES. The server writes into the file NOTES what reaches it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [version, transport, era, url, key, prefix, notes] = process.argv.slice(2);
const require = createRequire(join(process.env.MODULES, 'package.json'));
const one = version === '1';
const { Client } = require(one ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
const transports = one
  ? {
      ...require('@modelcontextprotocol/sdk/client/streamableHttp.js'),
      ...require('@modelcontextprotocol/sdk/client/sse.js'),
    }
  : require('@modelcontextprotocol/client');

const capabilities = { sampling: {}, elicitation: {}, roots: {} };
const more = one ? {} : { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } };
const client = new Client({ name: 'typescript-sdk', version: '1' }, { capabilities, ...more });
const answers = {
  'elicitation/create': ['ElicitRequestSchema', () => ({ action: 'accept', content: { response: 'Ada' } })],
  'sampling/createMessage': [
    'CreateMessageRequestSchema',
    () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'sampled' } }),
  ],
  'roots/list': ['ListRootsRequestSchema', () => ({ roots: [{ uri: 'file:///r', name: 'r' }] })],
};
for (const [method, [schema, answer]] of Object.entries(answers)) {
  if (one) client.setRequestHandler(require('@modelcontextprotocol/sdk/types.js')[schema], answer);
  else client.setRequestHandler(method, answer);
}

const requestInit = { headers: { authorization: `Bearer ${key}` } };
const Transport = transport === 'sse' ? transports.SSEClientTransport : transports.StreamableHTTPClientTransport;
await client.connect(new Transport(new URL(url), { requestInit }));

const call = (name, args = {}, options = {}) => {
  const params = { name: `${prefix}${name}`, arguments: args };
  return one ? client.callTool(params, undefined, options) : client.callTool(params, options);
};
const text = (result) => result.content[0].text;
const found = {};
found.tools = (await client.listTools()).tools.map((tool) => tool.name);
found.echo = text(await call('test_echo', { text: 'héllo' }));
const { resources } = await client.listResources();
const uri = resources.find((resource) => resource.uri.endsWith('static-text')).uri;
found.read = (await client.readResource({ uri })).contents[0].text;
found.elicited = text(await call('test_elicitation', { message: 'who?' }));
found.sampled = text(await call('test_sampling', { prompt: 'say' }));
const progress = [];
await call('test_tool_with_progress', {}, { onprogress: ({ progress: done }) => progress.push(done) });
found.progress = progress;
const giveUp = new AbortController();
const sleeping = call('test_sleep', { ms: 60_000 }, { signal: giveUp.signal });
const arrives = async () => {
  while (!existsSync(notes) || !readFileSync(notes, 'utf8').includes('sleeping')) await setTimeout(20);
};
arrives().then(() => giveUp.abort());
found.cancelled = await sleeping.then(
  () => false,
  () => true,
);
found.after = text(await call('test_echo', { text: 'still there' }));
console.log(JSON.stringify(found));
await client.close();
process.exit(0);
