// Checks every message that the server under test's client sends: members, types, ids and order, as its revision has
// them. Whatever is wrong is written to the file named by --violations, which fails the run; serving goes on.
import { appendFileSync } from 'node:fs';

const RESERVED = ['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel', 'subscriptionId', 'serverInfo'].map(
  (name) => `io.modelcontextprotocol/${name}`,
);
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
export const LEGACY = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
export const MODERN = '2026-07-28';

let file;
let notes;
/** Where violations go, and what the server has to say of its own doings. */
export const recordTo = (violations, notesFile) => {
  file = violations;
  notes = notesFile;
};

/** Something that a test waits for. */
export const note = (what) => {
  if (notes) appendFileSync(notes, `${what}\n`);
};

/** Something that the gateway must not send. */
export function violation(what, message) {
  const line = `${what}: ${JSON.stringify(message)}`;
  process.stderr.write(`VIOLATION ${line}\n`);
  if (file) appendFileSync(file, `${line}\n`);
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const is = {
  any: () => true,
  string: (value) => typeof value === 'string',
  object: isObject,
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  token: (value) => typeof value === 'string' || Number.isInteger(value),
  level: (value) => LEVELS.includes(value),
  number: (value) => typeof value === 'number',
  texts: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
  strings: (value) => isObject(value) && Object.values(value).every((entry) => typeof entry === 'string'),
};

// `name!` is required, `name` is not.
const LISTING = { cursor: 'string' };
// What a modern client brings back passes to a modern server as it is, sound or not; the server refuses it itself.
const ROUNDS = { inputResponses: 'any', requestState: 'string' };
const COMPLETE = { 'ref!': 'object', 'argument!': 'object', context: 'object' };
const REQUESTS = {
  legacy: {
    initialize: { 'protocolVersion!': 'string', 'capabilities!': 'object', 'clientInfo!': 'object' },
    ping: {},
    'tools/list': LISTING,
    'prompts/list': LISTING,
    'resources/list': LISTING,
    'resources/templates/list': LISTING,
    'tools/call': { 'name!': 'string', arguments: 'object', task: 'object' },
    'prompts/get': { 'name!': 'string', arguments: 'strings' },
    'resources/read': { 'uri!': 'string' },
    'resources/subscribe': { 'uri!': 'string' },
    'resources/unsubscribe': { 'uri!': 'string' },
    'logging/setLevel': { 'level!': 'level' },
    'completion/complete': COMPLETE,
    'tasks/get': { 'taskId!': 'string' },
    'tasks/result': { 'taskId!': 'string' },
    'tasks/cancel': { 'taskId!': 'string' },
    'tasks/list': LISTING,
  },
  modern: {
    'server/discover': {},
    'tools/list': LISTING,
    'prompts/list': LISTING,
    'resources/list': LISTING,
    'resources/templates/list': LISTING,
    'tools/call': { 'name!': 'string', arguments: 'object', ...ROUNDS },
    'prompts/get': { 'name!': 'string', arguments: 'strings', ...ROUNDS },
    'resources/read': { 'uri!': 'string', ...ROUNDS },
    'completion/complete': COMPLETE,
    'subscriptions/listen': { 'notifications!': 'object' },
    'tasks/get': { 'taskId!': 'string' },
    'tasks/update': { 'taskId!': 'string', 'inputResponses!': 'object' },
    'tasks/cancel': { 'taskId!': 'string' },
  },
};
const NOTIFICATIONS = {
  legacy: {
    'notifications/initialized': {},
    'notifications/cancelled': { 'requestId!': 'token', reason: 'string' },
    'notifications/progress': { 'progressToken!': 'token', 'progress!': 'number', total: 'number', message: 'string' },
    'notifications/roots/list_changed': {},
  },
  modern: { 'notifications/cancelled': { 'requestId!': 'token', reason: 'string' } },
};

const LISTEN = {
  toolsListChanged: 'boolean',
  promptsListChanged: 'boolean',
  resourcesListChanged: 'boolean',
  resourceSubscriptions: 'texts',
  taskIds: 'texts',
};

/** Compares the members of `value` with a table of them. */
function members(what, value, table, message, also = ['_meta']) {
  if (value !== undefined && !isObject(value)) return violation(`${what} must be an object`, message);
  const known = new Map(Object.entries(table).map(([name, type]) => [name.replace('!', ''), type]));
  for (const name of Object.keys(table)) {
    if (name.endsWith('!') && value?.[name.slice(0, -1)] === undefined) violation(`${what} lacks ${name}`, message);
  }
  for (const [name, entry] of Object.entries(value ?? {})) {
    if (also.includes(name)) continue;
    const type = known.get(name);
    if (type === undefined) violation(`${what} has an unknown member ${name}`, message);
    else if (!is[type](entry)) violation(`${what}.${name} is not of type ${type}`, message);
  }
}

function envelope(message) {
  if (!isObject(message)) return violation('not an object', message);
  if (message.jsonrpc !== '2.0') violation('jsonrpc is not "2.0"', message);
  const allowed = message.method === undefined ? ['jsonrpc', 'id', 'result', 'error'] : ['jsonrpc', 'id', 'method', 'params'];
  for (const name of Object.keys(message)) if (!allowed.includes(name)) violation(`unknown member ${name}`, message);
  if ('id' in message && !is.token(message.id)) violation('the id is neither a string nor an integer', message);
  if (message.method !== undefined && !is.string(message.method)) violation('the method is not a string', message);
  if (message.method === undefined && ('result' in message) === ('error' in message)) {
    violation('needs either result or error', message);
  }
}

/** What one legacy client may send, from its first message on. */
export class LegacyOrder {
  constructor(revision) {
    this.revision = revision;
    this.ids = new Set();
    this.state = 'new';
    this.declared = {};
  }

  /** `asked` are the methods of requests of ours that wait for their response, by id. */
  check(message, asked) {
    envelope(message);
    const { id, method, params } = message;
    if (method === undefined) {
      const question = asked.get(id);
      // A response to a question that was given up in the meantime is in order.
      if (question !== undefined && 'result' in message) answer(question, message.result, message);
      if ('error' in message) problem(message);
      return;
    }
    if (method === 'server/discover' && this.state === 'new') return;
    const meta = params?._meta;
    if (meta !== undefined && !isObject(meta)) violation('_meta is not an object', message);
    for (const key of Object.keys(meta ?? {})) if (RESERVED.includes(key)) violation(`_meta has ${key}`, message);
    if (meta?.progressToken !== undefined && !is.token(meta.progressToken)) violation('odd progress token', message);
    if (id === undefined) {
      const table = NOTIFICATIONS.legacy[method];
      if (table === undefined) return violation('not a notification of this era', message);
      members('params', params, table, message);
      if (method === 'notifications/initialized') {
        if (this.state !== 'greeted') violation('initialized at the wrong time', message);
        this.state = 'ready';
      }
      if (method === 'notifications/cancelled' && !this.ids.has(params?.requestId)) {
        violation('cancels what was never sent', message);
      }
      if (method === 'notifications/roots/list_changed' && !this.declared.roots?.listChanged) {
        violation('roots.listChanged was not declared', message);
      }
      return;
    }
    if (this.ids.has(id)) violation('the id was used before', message);
    this.ids.add(id);
    const table = REQUESTS.legacy[method];
    if (table !== undefined) members('params', params, table, message);
    if (method === 'initialize') {
      if (this.state !== 'new') violation('a second initialize', message);
      this.state = 'greeted';
      this.declared = params?.capabilities ?? {};
      capabilities(this.declared, params?.protocolVersion, message);
      implementation(params?.clientInfo, message);
      if (!LEGACY.includes(params?.protocolVersion)) violation('a version that does not exist', message);
    } else if (method !== 'ping' && this.state !== 'ready') {
      violation('a request before the handshake is over', message);
    }
    if (method.startsWith('tasks/') && this.revision !== '2025-11-25') violation('no tasks in this revision', message);
  }
}

/** What a modern client may send. */
export class ModernOrder {
  constructor() {
    this.open = new Set();
  }

  check(message) {
    envelope(message);
    const { id, method, params } = message;
    if (method === undefined) return violation('a response in the modern era', message);
    if (id === undefined) {
      const table = NOTIFICATIONS.modern[method];
      if (table === undefined) return violation('not a notification of this era', message);
      return members('params', params, table, message);
    }
    if (method === 'initialize') return;
    if (this.open.has(id)) violation('the id is in flight', message);
    this.open.add(id);
    const meta = params?._meta;
    const key = (name) => meta?.[`io.modelcontextprotocol/${name}`];
    if (!is.string(key('protocolVersion'))) violation('_meta lacks the version', message);
    if (!isObject(key('clientCapabilities'))) violation('_meta lacks the capabilities', message);
    else capabilities(key('clientCapabilities'), MODERN, message);
    if (key('clientInfo') !== undefined) implementation(key('clientInfo'), message);
    if (key('logLevel') !== undefined && !is.level(key('logLevel'))) violation('an odd log level', message);
    if (key('subscriptionId') !== undefined) violation('_meta has a subscriptionId', message);
    if (meta?.progressToken !== undefined && !is.token(meta.progressToken)) violation('odd progress token', message);
    const table = REQUESTS.modern[method];
    if (table !== undefined) members('params', params, table, message, ['_meta', 'task']);
    if (method === 'subscriptions/listen') {
      members('notifications', params?.notifications, LISTEN, message, []);
      const knows = key('clientCapabilities')?.extensions?.['io.modelcontextprotocol/tasks'];
      if (params?.notifications?.taskIds && !isObject(knows)) violation('follows tasks without knowing them', message);
    }
  }

  done(id) {
    this.open.delete(id);
  }
}

function problem(message) {
  const { error } = message;
  if (!Number.isInteger(error?.code) || !is.string(error?.message)) violation('an error without code or message', message);
}

const DECLARABLE = {
  '2024-11-05': ['roots', 'sampling', 'experimental', 'extensions'],
  '2025-03-26': ['roots', 'sampling', 'experimental', 'extensions'],
  '2025-06-18': ['roots', 'sampling', 'experimental', 'elicitation', 'extensions'],
  '2025-11-25': ['roots', 'sampling', 'experimental', 'elicitation', 'extensions', 'tasks'],
  [MODERN]: ['roots', 'sampling', 'experimental', 'elicitation', 'extensions'],
};

function capabilities(declared, revision, message) {
  for (const [name, value] of Object.entries(declared ?? {})) {
    if (!DECLARABLE[revision]?.includes(name)) violation(`no capability ${name} in ${revision}`, message);
    if (!isObject(value)) violation(`the capability ${name} is not an object`, message);
  }
  const modes = Object.keys(declared?.elicitation ?? {});
  if (modes.some((mode) => !['form', 'url'].includes(mode))) violation('an odd mode of elicitation', message);
  if (revision === '2025-06-18' && modes.length > 0) violation('modes of elicitation before 2025-11-25', message);
}

function implementation(info, message) {
  members('clientInfo', info, { 'name!': 'string', 'version!': 'string', title: 'string', description: 'string', websiteUrl: 'string', icons: 'array' }, message, []);
}

/** The result of a question, in either era. */
export function answer(method, result, message) {
  if (!isObject(result)) return violation('the answer is not an object', message);
  if (method === 'elicitation/create') {
    members('the answer', result, { 'action!': 'string', content: 'object' }, message);
    if (!['accept', 'decline', 'cancel'].includes(result.action)) violation('an odd action', message);
  } else if (method === 'sampling/createMessage') {
    members('the answer', result, { 'role!': 'string', model: 'string', stopReason: 'string' }, message, ['_meta', 'content']);
    if (result.content === undefined || result.model === undefined) violation('the sample lacks content or model', message);
  } else if (method === 'roots/list') {
    members('the answer', result, { 'roots!': 'array' }, message);
    for (const root of result.roots ?? []) {
      if (!is.string(root?.uri) || !root.uri.startsWith('file://')) violation('a root that is no file', message);
    }
  }
}

/** Headers that must never pass a gateway, and what every POST has. */
function ownHeaders({ headers }) {
  for (const hop of ['cookie', 'origin', 'last-event-id', 'proxy-authorization']) {
    if (headers[hop] !== undefined) violation(`the header ${hop}`, headers[hop]);
  }
  if (/^Bearer orch_/.test(headers.authorization ?? '')) violation('a key of ours as the credential', headers.authorization);
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) violation('Content-Type', headers['content-type']);
}

/** Headers of a POST to the message URL of an HTTP+SSE server: none of those that came with later transports. */
export function sseHeaders(request) {
  ownHeaders(request);
  for (const name of Object.keys(request.headers)) {
    if (/^mcp-(session-id|method|name|param-)/.test(name)) violation(`the header ${name}`, request.headers[name]);
  }
}

/** Headers of a POST to a Streamable HTTP server. */
export function httpHeaders(request, message, { era, revision, session }) {
  const { headers } = request;
  ownHeaders(request);
  const accept = headers.accept ?? '';
  if (!accept.includes('application/json') || !accept.includes('text/event-stream')) violation('Accept', accept);
  const version = headers['mcp-protocol-version'];
  const probe = message.method === 'server/discover';
  if (era === 'legacy') {
    if (probe) return;
    for (const name of Object.keys(headers)) if (/^mcp-(method|name|param-)/.test(name)) violation(`the header ${name}`, message);
    if (message.method === 'initialize') {
      if (headers['mcp-session-id'] !== undefined) violation('a session before initialize', message);
      return;
    }
    if (session !== undefined && headers['mcp-session-id'] !== session) violation('another session id', message);
    if (revision >= '2025-06-18' && version !== revision) violation(`MCP-Protocol-Version ${version}`, message);
    return;
  }
  if (headers['mcp-session-id'] !== undefined) violation('a session id in the modern era', message);
  if (message.method === 'initialize') return;
  if (version !== message.params?._meta?.['io.modelcontextprotocol/protocolVersion']) violation('MCP-Protocol-Version', message);
  if (headers['mcp-method'] !== message.method) violation('Mcp-Method', message);
  const name = nameOf(message);
  if (decoded(headers['mcp-name']) !== name) violation(`Mcp-Name ${headers['mcp-name']}`, message);
}

function nameOf({ method, params }) {
  if (method === 'tools/call' || method === 'prompts/get') return params?.name;
  if (method === 'resources/read') return params?.uri;
  return ['tasks/get', 'tasks/update', 'tasks/cancel'].includes(method) ? params?.taskId : undefined;
}

/** The value of a header, out of its sentinel; null when it is no value at all. */
export function decoded(value) {
  if (value === undefined) return undefined;
  const found = /^=\?base64\?(.*)\?=$/.exec(value);
  if (!found) return /^[\x20-\x7e]*$/.test(value) ? value : null;
  const bytes = Buffer.from(found[1], 'base64');
  return bytes.toString('base64') === found[1] ? bytes.toString('utf8') : null;
}
