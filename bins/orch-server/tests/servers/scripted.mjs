// A stdio MCP server that does as its first argument says. Speaks raw lines, so that bytes can be compared and the
// protocol can be broken on purpose.
import { createInterface } from 'node:readline';
import { appendFileSync } from 'node:fs';

const mode = process.argv[2] ?? 'plain';
const record = process.argv[3];

if (mode === 'exit') {
  process.stderr.write('cannot go on: no configuration\n');
  process.exit(3);
}
if (mode === 'rubbish') {
  process.stdout.write('Welcome to the server!\nnot json either\n');
}

const send = (line) => process.stdout.write(`${line}\n`);
// The text between `"params":` and the last brace, as it was written.
const rawParams = (line) => {
  const at = line.indexOf('"params":');
  return at < 0 ? 'null' : line.slice(at + 9, line.lastIndexOf('}'));
};
const tools = ['echo', 'raw', 'slow', 'crash', 'twice', 'stranger', 'progress', 'hang', 'fail', 'ask', 'level'].map((name) => ({
  name,
  description: `does ${name}`,
  inputSchema: { type: 'object' },
}));

// A result with members nobody knows, big numbers, odd spacing and all of Unicode.
const RAW_RESULT =
  '{ "content" : [ {"type":"text","text":"\\ud83d\\ude00 \u2028 caf\u00e9 \\u0000"} ], "unknown":{"n":12345678901234567890,"f":1.0,"e":1e400,"dup":1,"dup":2}, "_meta":{"vendor/x": [ ]} }';

// Requests of ours that wait for the client's response.
const asked = new Map();
let declared = {};
let level = 'unset';
const ask = (message, then) => {
  const id = `q${asked.size}-${Math.random()}`;
  asked.set(id, then);
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } };
  send(JSON.stringify({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } }));
};

const answer = (line) => {
  const message = JSON.parse(line);
  if (record) appendFileSync(record, `${line}\n`);
  const { id, method, params } = message;
  if (method === undefined && asked.has(id)) {
    const then = asked.get(id);
    asked.delete(id);
    return then(message);
  }
  if (method === undefined || id === undefined) return;
  const ok = (result) => send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`);
  const text = (value) => ok(JSON.stringify({ content: [{ type: 'text', text: value }] }));
  if (method === 'initialize') {
    if (mode === 'silent' || mode === 'rubbish') return;
    if (mode === 'refuse') {
      send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32603, message: 'license expired' } }));
      return;
    }
    declared = params.capabilities;
    const version = mode === 'future' ? '2099-01-01' : params.protocolVersion;
    ok(
      JSON.stringify({
        protocolVersion: version,
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, prompts: {}, completions: {}, logging: {} },
        serverInfo: { name: 'scripted', version: '1' },
        instructions: 'do as you are told',
      }),
    );
    return;
  }
  if (method === 'tools/list') {
    // As some servers do, more is offered to those who can be asked.
    const more = declared.elicitation ? [{ name: 'only-for-askable', inputSchema: { type: 'object' } }] : [];
    return ok(JSON.stringify({ tools: [...tools, ...more] }));
  }
  if (method === 'resources/list') {
    return ok(JSON.stringify({ resources: [{ uri: 'file:///a', name: 'a' }, { uri: 'plain', name: 'plain' }] }));
  }
  if (method === 'resources/templates/list') return ok(JSON.stringify({ resourceTemplates: [] }));
  if (method === 'resources/read') {
    if (params.uri !== 'file:///a') {
      send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32002, message: 'no', data: { uri: params.uri } } }));
      return;
    }
    return ok(JSON.stringify({ contents: [{ uri: params.uri, text: 'content of a' }] }));
  }
  if (method === 'prompts/list') return ok(JSON.stringify({ prompts: [] }));
  if (method === 'ping') return ok('{}');
  if (method === 'logging/setLevel') {
    level = params.level;
    return ok('{}');
  }
  if (method === 'resources/subscribe') {
    ok('{}');
    send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: params.uri } }));
    return;
  }
  if (method === 'resources/unsubscribe') return ok('{}');
  if (method !== 'tools/call') {
    send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: `no ${method}` } }));
    return;
  }
  switch (params.name) {
    case 'echo':
      return text(params.arguments.text);
    case 'raw':
      // The params come back as text, so that every byte of them can be compared.
      if (params.arguments?.want === 'params') return text(rawParams(line));
      return ok(RAW_RESULT);
    case 'slow':
      return void setTimeout(() => text('done'), params.arguments.ms);
    case 'crash':
      process.exit(7);
      return;
    case 'twice':
      text('first');
      return text('second');
    case 'stranger':
      send('{"jsonrpc":"2.0","id":999999,"result":{}}');
      send('{"jsonrpc":"2.0","method":"notifications/nonsense"}');
      return text('mine');
    case 'progress': {
      const token = params._meta?.progressToken;
      for (let step = 1; step <= 3 && token !== undefined; step += 1) {
        send(
          JSON.stringify({
            jsonrpc: '2.0',
            method: 'notifications/progress',
            params: { progressToken: token, progress: step, total: 3, message: `step ${step}` },
          }),
        );
      }
      return text('done');
    }
    case 'level':
      return text(level);
    case 'ask': {
      if (declared.elicitation === undefined) return text('nobody to ask');
      const heard = [];
      const times = params.arguments?.times ?? 1;
      const next = ({ result, error }) => {
        heard.push(error ? `error ${error.code}` : `${result.action}:${result.content?.name ?? ''}`);
        if (heard.length < times) ask(`question ${heard.length + 1}`, next);
        else text(heard.join(' '));
      };
      ask('question 1', next);
      return;
    }
    case 'hang':
      return;
    case 'fail':
      return ok(JSON.stringify({ content: [{ type: 'text', text: 'it failed' }], isError: true }));
    default:
      send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32602, message: `no tool ${params.name}` } }));
  }
};

createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', answer);
