// A client under test, for the suite's client scenarios: what is tested is the daemon's side toward its upstream. Registers
// the suite's server (the last argument) with a running daemon, does through the daemon what the scenario wants, and
// takes the server out again. DAEMON has the daemon's address and credentials, SUITE the folder of the suite.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const url = process.argv.at(-1);
const daemon = JSON.parse(process.env.DAEMON);
const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const VERSION = '2026-07-28';
const isModern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === VERSION;
const alias = `c${randomBytes(6).toString('hex')}`;
const servers = `${daemon.base}/api/v1/projects/${daemon.project}/servers`;
const endpoint = `${daemon.base}/projects/${daemon.project}/servers/${alias}/mcp`;
const admin = { authorization: `Bearer ${daemon.token}`, 'content-type': 'application/json' };

/** A value for each property that a form has a default for. */
const filledIn = (schema) =>
  Object.fromEntries(
    Object.entries(schema?.properties ?? {})
      .filter(([, property]) => property.default !== undefined)
      .map(([name, property]) => [name, property.default]),
  );

const answers = {
  'elicitation/create': (params) => ({ action: 'accept', content: { confirmed: true, ...filledIn(params.requestedSchema) } }),
  'sampling/createMessage': () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'sampled' } }),
  'roots/list': () => ({ roots: [] }),
};

/** A client of revision 2026-07-28 that answers what it is asked. */
async function modernClient() {
  const tools = new Map();
  let id = 0;
  const headerOf = (value) => {
    const text = String(value);
    const isPlain = /^[\x20-\x7e]*$/.test(text) && text.trim() === text && !/^=\?base64\?.*\?=$/.test(text);
    return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
  };
  const mirrored = (schema, args, headers) => {
    for (const [name, property] of Object.entries(schema?.properties ?? {})) {
      const value = args?.[name];
      if (value === undefined || value === null) continue;
      if (property['x-mcp-header']) headers[`mcp-param-${property['x-mcp-header']}`] = headerOf(value);
      if (property.properties) mirrored(property, value, headers);
    }
  };
  const send = async (method, params = {}) => {
    id += 1;
    const headers = {
      authorization: `Bearer ${daemon.key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
    };
    const name = params.name ?? params.uri;
    if (name !== undefined) headers['mcp-name'] = headerOf(name);
    if (method === 'tools/call') mirrored(tools.get(params.name)?.inputSchema, params.arguments, headers);
    const key = (part) => `io.modelcontextprotocol/${part}`;
    const _meta = {
      [key('protocolVersion')]: VERSION,
      [key('clientCapabilities')]: { elicitation: {}, sampling: {}, roots: {} },
      [key('clientInfo')]: { name: 'conformance', version: '1' },
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta } });
    const answer = await fetch(endpoint, { method: 'POST', headers, body });
    const text = await answer.text();
    const data = text.startsWith('{') ? text : text.split('\n').filter((line) => line.startsWith('data:')).at(-1)?.slice(5);
    const message = JSON.parse(data);
    if (message.error) throw new Error(`${method}: ${JSON.stringify(message.error)}`);
    return message.result;
  };
  /** `between` runs while input is required. */
  const request = async (method, params = {}, between) => {
    let result = await send(method, params);
    while (result.resultType === 'input_required') {
      await between?.();
      const inputResponses = {};
      for (const [key, { method: asked, params: of }] of Object.entries(result.inputRequests ?? {})) {
        inputResponses[key] = answers[asked](of);
      }
      const state = result.requestState === undefined ? {} : { requestState: result.requestState };
      result = await send(method, { ...params, inputResponses, ...state });
    }
    return result;
  };
  return {
    list: async () => {
      const { tools: listed } = await request('tools/list');
      for (const tool of listed) tools.set(tool.name, tool);
      return listed;
    },
    call: (name, args = {}, between) => request('tools/call', { name, arguments: args }, between),
    request,
    close: async () => {},
  };
}

/** The official SDK in a session. */
async function legacyClient() {
  const require = createRequire(join(process.env.SUITE, 'package.json'));
  const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
  const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { ElicitRequestSchema } = require('@modelcontextprotocol/sdk/types.js');
  const client = new Client({ name: 'conformance', version: '1' }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => answers['elicitation/create'](params));
  const requestInit = { headers: { authorization: `Bearer ${daemon.key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { requestInit }));
  return {
    list: async () => (await client.listTools()).tools,
    call: (name, args = {}) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  };
}

const SCENARIOS = {
  initialize: async (client) => {
    await client.list();
  },
  tools_call: async (client) => {
    await client.list();
    await client.call('add_numbers', { a: 5, b: 3 });
  },
  'elicitation-sep1034-client-defaults': async (client) => {
    await client.list();
    await client.call('test_client_elicitation_defaults');
  },
  'sse-retry': async (client) => {
    await client.list();
    await client.call('test_reconnection');
  },
  'request-metadata': async (client) => {
    await client.list();
  },
  'sep-2322-client-request-state': async (client) => {
    await client.list();
    await client.call('test_mrtr_echo_state', {}, () => client.call('test_mrtr_unrelated'));
    await client.call('test_mrtr_no_state');
    await client.call('test_mrtr_no_result_type');
  },
  'http-standard-headers': async (client) => {
    for (const { name } of await client.list()) await client.call(name);
    for (const { uri } of (await client.request('resources/list')).resources) await client.request('resources/read', { uri });
    for (const { name } of (await client.request('prompts/list')).prompts) await client.request('prompts/get', { name });
  },
  'http-custom-headers': async (client) => {
    await client.list();
    for (const { name, arguments: args } of context.toolCalls) await client.call(name, args);
  },
  'http-invalid-tool-headers': async (client) => {
    for (const { name } of await client.list()) await client.call(name, { region: 'eu' });
  },
  'json-schema-ref-no-deref': async (client) => {
    await client.list();
  },
  'json-schema-2020-12-preservation': async (client) => {
    const tools = await client.list();
    const { inputSchema } = tools.find((tool) => tool.name === 'json_schema_2020_12_tool');
    await client.call('json_schema_echo', { schema: inputSchema });
  },
};

const created = await fetch(servers, {
  method: 'POST',
  headers: admin,
  body: JSON.stringify({ alias, era: isModern ? 'modern' : 'legacy', transport: { type: 'streamable-http', url } }),
});
if (!created.ok) throw new Error(`the server was not taken: ${created.status} ${await created.text()}`);
let code = 0;
try {
  const client = await (isModern ? modernClient() : legacyClient());
  await SCENARIOS[scenario](client);
  await client.close();
} catch (error) {
  console.error(error);
  code = 1;
} finally {
  await fetch(`${servers}/${alias}`, { method: 'DELETE', headers: admin });
}
process.exit(code);
