// A stdio MCP server that misbehaves as it is told: crashes, hangs, leaks, forks, and changes what it offers.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const leaked = [];
let generation = 0;
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const tools = () => [
  ...['echo', 'slow', 'hang', 'crash', 'leak', 'fork', 'mutate'].map((name) => ({
    name,
    description: `does ${name}`,
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: name === 'echo' },
  })),
  { name: `changing-${generation % 3}`, description: `generation ${generation}`, inputSchema: { type: 'object' } },
];

const handle = ({ id, method, params }) => {
  if (id === undefined) return;
  const ok = (result) => send({ id, result });
  const text = (value) => ok({ content: [{ type: 'text', text: value }] });
  switch (method) {
    case 'initialize':
      return ok({
        protocolVersion: params.protocolVersion,
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'soaking', version: '1' },
      });
    case 'ping':
      return ok({});
    case 'tools/list':
      return ok({ tools: tools() });
    case 'tools/call':
      break;
    default:
      return send({ id, error: { code: -32601, message: `no ${method}` } });
  }
  switch (params.name) {
    case 'slow':
      return void setTimeout(() => text('done'), 300);
    case 'hang':
      return;
    case 'crash':
      return process.exit(7);
    case 'leak':
      leaked.push(Buffer.alloc(1 << 20, 1));
      return text(`${leaked.length} MiB`);
    case 'fork': {
      // A grandchild with a grandchild of its own, both of which would outlive their parents.
      const grandchild = spawn('sh', ['-c', 'sleep 3600 & sleep 3600'], { detached: true, stdio: 'ignore' });
      grandchild.unref();
      return text(`${grandchild.pid}`);
    }
    case 'mutate':
      generation += 1;
      text(`${generation}`);
      return send({ method: 'notifications/tools/list_changed' });
    default:
      return text(JSON.stringify(params.arguments ?? {}));
  }
};

createInterface({ input: process.stdin })
  .on('line', (line) => handle(JSON.parse(line)))
  .on('close', () => process.exit(0));
