// Either era over Streamable HTTP at /mcp, or the legacy one over HTTP+SSE at /sse; and ways of doing it badly.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { LegacySession } from './legacy.mjs';
import { ModernServer } from './modern.mjs';
import { decoded, httpHeaders, sseHeaders, violation } from './strict.mjs';
import { TOOLS } from './offer.mjs';

const bodyOf = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
};
const json = (response, status, value, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};
const rpcError = (code, message, id) => ({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code, message } });

/** Listens on a free port of the loopback interface and says where on standard output. */
export function serveHttp(options) {
  const handle = options.transport === 'sse' ? sse(options) : { modern, legacy, both }[options.era](options);
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      process.stderr.write(`${error.stack}\n`);
      response.destroy();
    });
  });
  server.listen(options.port, '127.0.0.1', () => {
    const { port } = server.address();
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/${options.transport === 'sse' ? 'sse' : 'mcp'}` })}\n`);
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Streamable HTTP with sessions

/** The stream of one POST, and the event ids that a client may resume from. */
class PostStream {
  constructor(response, number) {
    Object.assign(this, { response, number, kept: [], ended: false });
  }

  open() {
    if (this.response.headersSent) return;
    this.response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  }

  send(message) {
    const event = { id: `${this.number}_${this.kept.length + 1}`, message };
    this.kept.push(event);
    if (this.response) {
      this.open();
      this.write(event);
    }
    if ('id' in message && message.method === undefined) this.finish();
  }

  write({ id, message }) {
    this.response.write(`id: ${id}\nevent: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  finish() {
    this.ended = true;
    this.response?.end();
  }
}

/** Each request says of which era it is. */
function both(options) {
  const [old, young] = [legacy(options), modern(options)];
  return async (request, response) => {
    if (request.method !== 'POST') return old(request, response);
    const message = JSON.parse(await bodyOf(request));
    const isModern = message.params?._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
    return (isModern ? young : old)(request, response, message);
  };
}

function legacy(options) {
  const sessions = new Map();
  let forgets = options.odd === 'session-loss';
  return async (request, response, read) => {
    const id = request.headers['mcp-session-id'];
    const held = sessions.get(id);
    if (request.method === 'POST') {
      const message = read ?? JSON.parse(await bodyOf(request));
      httpHeaders(request, message, { era: 'legacy', revision: held?.session.revision, session: id });
      if (message.method === 'server/discover') return json(response, 400, rpcError(-32000, 'Bad Request: no session'));
      if (message.method === 'initialize') {
        const opened = open(options);
        sessions.set(opened.id, opened);
        response.setHeader('mcp-session-id', opened.id);
        return post(opened, message, response, options);
      }
      if (held === undefined) return json(response, 404, rpcError(-32001, 'Session not found'));
      if (forgets && message.params?.name === 'test_error_handling') {
        // From now on the session is unknown, and this request was not executed. It happens once.
        forgets = false;
        sessions.delete(id);
        return json(response, 404, rpcError(-32001, 'Session not found'));
      }
      return post(held, message, response, options);
    }
    if (held === undefined) return json(response, 404, rpcError(-32001, 'Session not found'));
    if (request.method === 'GET') return get(held, request, response);
    if (request.method === 'DELETE') {
      sessions.delete(id);
      held.standalone?.end();
      return response.writeHead(204).end();
    }
    return response.writeHead(405, { allow: 'GET, POST, DELETE' }).end();
  };
}

function open(options) {
  const held = { id: randomUUID(), streams: new Map(), standalone: undefined, counter: 0, queue: [] };
  held.session = new LegacySession(options, (message, about) => {
    const stream = about === undefined ? undefined : held.streams.get(about);
    if (stream !== undefined) return stream.send(message);
    if (held.standalone === undefined) return held.queue.push(message);
    return held.standalone.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  });
  return held;
}

async function post(held, message, response, options) {
  if (message.id === undefined || message.method === undefined) {
    await held.session.take(message);
    return response.writeHead(202).end();
  }
  held.counter += 1;
  const stream = new PostStream(response, held.counter);
  held.streams.set(message.id, stream);
  response.on('close', () => {
    if (stream.response === response) stream.response = undefined;
  });
  const alone = !['tools/call', 'prompts/get'].includes(message.method);
  if (alone) {
    // Answered as JSON, printed over several lines.
    stream.send = (sent) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(sent, null, 2));
    };
  } else if (options.odd === 'array') {
    stream.write = ({ id, message: sent }) => response.write(`id: ${id}\ndata: ${JSON.stringify([sent])}\n\n`);
  } else if (held.session.revision >= '2025-11-25') {
    stream.open();
    response.write(`id: ${held.counter}_0\nretry: 500\ndata:\n\n`);
  }
  const hangUp = () => {
    if (held.session.revision < '2025-11-25') return;
    stream.hungUpAt = Date.now();
    stream.response = undefined;
    response.end();
  };
  await held.session.take(message, hangUp);
}

function get(held, request, response) {
  if (!(request.headers.accept ?? '').includes('text/event-stream')) violation('Accept of a GET', request.headers.accept);
  const last = request.headers['last-event-id'];
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (last !== undefined) {
    const [number, at] = last.split('_').map(Number);
    const stream = [...held.streams.values()].find((one) => one.number === number);
    if (stream === undefined) return response.end();
    if (stream.hungUpAt !== undefined && Date.now() - stream.hungUpAt < 490) violation('came back before the retry time', last);
    stream.response = response;
    for (const event of stream.kept.slice(at)) stream.write(event);
    if (stream.ended) response.end();
    return undefined;
  }
  held.standalone = response;
  response.on('close', () => {
    if (held.standalone === response) held.standalone = undefined;
  });
  for (const message of held.queue.splice(0)) response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  return undefined;
}

// ---------------------------------------------------------------------------------------------------------------------
// Streamable HTTP without sessions

function modern(options) {
  const server = new ModernServer(options);
  return async (request, response, read) => {
    if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end();
    const message = read ?? JSON.parse(await bodyOf(request));
    httpHeaders(request, message, { era: 'modern' });
    if (message.id === undefined) {
      violation('a notification over modern HTTP', message);
      return response.writeHead(202).end();
    }
    mirrored(request, message);
    let gone = false;
    const closed = new Promise((resolve) => {
      response.on('close', () => {
        gone = true;
        resolve();
      });
    });
    // As the official server does, one method streams JSON over lines instead of events.
    const lines = message.method === 'subscriptions/listen' || message.params?.name === 'test_streaming_elicitation';
    const send = (sent) => {
      if (gone) return undefined;
      if ('id' in sent && !response.headersSent) return json(response, statusOf(sent), sent);
      if (!response.headersSent) {
        response.writeHead(200, { 'content-type': lines ? 'application/json' : 'text/event-stream' });
      }
      response.write(lines ? `${JSON.stringify(sent)}\n` : `event: message\ndata: ${JSON.stringify(sent)}\n\n`);
      return 'id' in sent ? response.end() : undefined;
    };
    return server.take(message, send, closed);
  };
}

function statusOf({ error }) {
  if (error === undefined) return 200;
  if (error.code === -32601) return 404;
  return [-32020, -32021, -32022].includes(error.code) ? 400 : 200;
}

/** Arguments that the tool wants as headers must be there, and no others but one that a client has made up. */
function mirrored(request, { method, params }) {
  const schema = method === 'tools/call' ? TOOLS[params?.name]?.inputSchema : undefined;
  const expected = new Map();
  const collect = (properties, args) => {
    for (const [name, property] of Object.entries(properties ?? {})) {
      const value = args?.[name];
      if (value === undefined || value === null) continue;
      if (property['x-mcp-header']) expected.set(`mcp-param-${property['x-mcp-header'].toLowerCase()}`, String(value));
      collect(property.properties, value);
    }
  };
  collect(schema?.properties, params?.arguments);
  for (const [name, value] of expected) {
    if (decoded(request.headers[name]) !== value) violation(`${name} is ${request.headers[name]}`, params);
  }
  for (const name of Object.keys(request.headers)) {
    if (name === 'mcp-param-unknown') continue;
    if (name.startsWith('mcp-param-') && !expected.has(name)) violation(`an unexpected ${name}`, params);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// HTTP+SSE

function sse(options) {
  const sessions = new Map();
  return async (request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (request.method === 'GET' && url.pathname === '/sse') {
      const id = randomUUID();
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      const origin = options.odd === 'foreign-endpoint' ? 'http://127.0.0.2:9' : '';
      response.write(`event: endpoint\ndata: ${origin}/messages?sessionId=${id}\n\n`);
      const send = (message) => response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
      sessions.set(id, new LegacySession(options, send));
      response.on('close', () => sessions.delete(id));
      return undefined;
    }
    if (request.method === 'POST' && url.pathname === '/messages') {
      const session = sessions.get(url.searchParams.get('sessionId'));
      const message = JSON.parse(await bodyOf(request));
      if (session === undefined) return response.writeHead(404).end('Session not found');
      sseHeaders(request);
      response.writeHead(202).end('Accepted');
      return session.take(message);
    }
    return response.writeHead(request.method === 'POST' ? 405 : 404).end();
  };
}
