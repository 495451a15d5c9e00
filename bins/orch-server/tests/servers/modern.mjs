// A stdio MCP server of revision 2026-07-28 and no other. It refuses what that revision forbids.
import { createInterface } from 'node:readline';

const VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const listens = new Set();
const tools = ['echo', 'ask', 'forever'].map((name) => ({ name, inputSchema: { type: 'object' } }));

const answer = (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) {
    if (method === 'notifications/cancelled') listens.delete(params.requestId);
    return;
  }
  const fail = (code, message, data) => send({ id, error: { code, message, data } });
  const ok = (result) => send({ id, result: { resultType: 'complete', ...result } });
  const text = (value) => ok({ content: [{ type: 'text', text: value }] });
  const meta = params?._meta;
  if (meta?.[`${META}/protocolVersion`] === undefined || meta?.[`${META}/clientCapabilities`] === undefined) {
    return fail(method === 'initialize' ? -32601 : -32602, 'no _meta');
  }
  const capabilities = meta[`${META}/clientCapabilities`];
  const list = { ttlMs: 0, cacheScope: 'public' };
  switch (method) {
    case 'server/discover':
      return ok({
        supportedVersions: [VERSION],
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
        instructions: 'modern',
        _meta: { [`${META}/serverInfo`]: { name: 'modern', version: '1' } },
        ...list,
      });
    case 'tools/list':
      return ok({ tools, ...list });
    case 'resources/list':
      return ok({ resources: [{ uri: 'file:///m', name: 'm' }], ...list });
    case 'resources/templates/list':
      return ok({ resourceTemplates: [], ...list });
    case 'resources/read':
      return fail(-32602, 'no such resource', { uri: params.uri });
    case 'subscriptions/listen': {
      listens.add(id);
      const tag = { _meta: { [`${META}/subscriptionId`]: String(id) } };
      send({ method: 'notifications/subscriptions/acknowledged', params: { notifications: params.notifications, ...tag } });
      for (const uri of params.notifications.resourceSubscriptions ?? []) {
        send({ method: 'notifications/resources/updated', params: { uri: `${uri}/part`, ...tag } });
      }
      return;
    }
    case 'tools/call':
      if (params.name === 'echo') return text(`${params.arguments.text} for ${meta[`${META}/clientInfo`]?.name}`);
      if (params.name === 'forever') return send({ id, result: { resultType: 'input_required', requestState: 'again' } });
      if (params.name === 'ask') {
        if (capabilities.elicitation === undefined) {
          return fail(-32021, 'elicitation is needed', { requiredCapabilities: { elicitation: {} } });
        }
        if (params.requestState === undefined) {
          const asks = { mode: 'form', message: 'who?', requestedSchema: { type: 'object', properties: {} } };
          const inputRequests = { who: { method: 'elicitation/create', params: asks } };
          return send({ id, result: { resultType: 'input_required', inputRequests, requestState: 'état "1"' } });
        }
        const { who } = params.inputResponses;
        return text(`${params.requestState} ${who.action} ${who.content?.name ?? ''}`);
      }
      return fail(-32602, `no tool ${params.name}`);
    default:
      return fail(-32601, `no ${method}`);
  }
};

createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', answer);
