// The modern era: every request is complete in itself. A tool that asks is run again with the answers so far, which
// travel in the signed request state. Knows no transport.
import { createHmac, randomBytes } from 'node:crypto';
import { answer as checkAnswer, LEGACY, MODERN, ModernOrder, note } from './strict.mjs';
import { PROMPTS, RESOURCES, Refusal, TEMPLATES, TOOLS, completion, promptList, read, toolList } from './offer.mjs';
import { TASK_TOOLS, TASKS, Tasks } from './tasks.mjs';

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
const META = 'io.modelcontextprotocol';
const ROUNDS = ['tools/call', 'prompts/get', 'resources/read'];
const NEEDED = { 'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots' };
const SECRET = randomBytes(32);

/** Thrown by `ask`: the client is to come back with these. */
class Needs extends Error {
  constructor(requests, answers) {
    super('input is required');
    Object.assign(this, { requests, answers });
  }
}

const sign = (data) => createHmac('sha256', SECRET).update(data).digest('hex');
// Quotes and letters beyond ASCII, so that only who passes the state on byte by byte gets through.
const seal = (value) => JSON.stringify({ data: JSON.stringify(value), sign: sign(JSON.stringify(value)), é: '"' });
const unseal = (state) => {
  try {
    const { data, sign: given } = JSON.parse(state);
    if (given === sign(data) && state === seal(JSON.parse(data))) return JSON.parse(data);
  } catch {
    // Falls through to the refusal.
  }
  throw new Refusal(-32602, 'requestState integrity check failed');
};

export class ModernServer {
  constructor(options) {
    this.options = options;
    this.order = new ModernOrder();
    this.listens = new Set();
    this.tasks = new Tasks((task) => this.tellOfTask(task));
    this.refused = false;
  }

  /**
   * Answers one request through `send`, which gets notifications and then the one response. `closed` resolves when the
   * client has given up.
   */
  async take(message, send, closed) {
    this.order.check(message);
    const { id, method, params = {} } = message;
    try {
      const result = await this.handle(id, method, params, send, closed);
      if (result !== undefined) {
        result.resultType ??= 'complete';
        result._meta = { [`${META}/serverInfo`]: { name: 'everything-modern', version: '1.0.0' }, ...result._meta };
        send({ jsonrpc: '2.0', id, result });
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const body = { code: error.code, message: error.message, ...(error.data ? { data: error.data } : {}) };
      send({ jsonrpc: '2.0', id, error: body });
    } finally {
      this.order.done(id);
    }
  }

  async handle(id, method, params, send, closed) {
    const meta = params._meta ?? {};
    const version = meta[`${META}/protocolVersion`];
    if (version === undefined || meta[`${META}/clientCapabilities`] === undefined) {
      if (method === 'initialize') throw new Refusal(-32601, `speaks ${MODERN} only`);
      throw new Refusal(-32602, '_meta is incomplete');
    }
    if (method === 'tools/call' && this.options.odd === 'version-once' && !this.refused) {
      this.refused = true;
      throw new Refusal(-32022, 'not yet', { supported: [MODERN], requested: version });
    }
    if (version !== MODERN) throw new Refusal(-32022, 'no such version', { supported: [MODERN], requested: version });
    const can = meta[`${META}/clientCapabilities`];
    const cached = { ttlMs: 1000, cacheScope: 'public' };
    switch (method) {
      case 'server/discover':
        return {
          supportedVersions: this.options.era === 'both' ? [MODERN, ...LEGACY] : [MODERN],
          capabilities: {
            tools: { listChanged: true },
            prompts: { listChanged: true },
            resources: { subscribe: true, listChanged: true },
            completions: {},
            logging: {},
            extensions: { [TASKS]: {} },
          },
          instructions: 'A server for tests.',
          ...cached,
        };
      case 'tools/list':
        return { ...this.paged(params, 'tools', [...toolList(), ...TASK_TOOLS]), ...cached };
      case 'prompts/list':
        return { ...this.paged(params, 'prompts', promptList()), ...cached };
      case 'resources/list':
        return { ...this.paged(params, 'resources', RESOURCES), ...cached };
      case 'resources/templates/list':
        return { ...this.paged(params, 'resourceTemplates', TEMPLATES), ...cached };
      case 'resources/read': {
        const found = read(params.uri);
        if (found === undefined) throw new Refusal(-32602, 'Resource not found', { uri: params.uri });
        return { ...found, ttlMs: 0, cacheScope: 'private' };
      }
      case 'completion/complete':
        return completion(params);
      case 'subscriptions/listen':
        return this.listen(id, params, send, closed, can);
      case 'prompts/get': {
        const prompt = PROMPTS[params.name];
        if (prompt === undefined) throw new Refusal(-32602, `no prompt ${params.name}`);
        return this.rounds(prompt, method, params, send, closed, can);
      }
      case 'tools/call': {
        if (this.tasks.offers(params.name)) return this.tasks.call(params, can, (tool) => this.rounds(tool, method, params, send, closed, can));
        const tool = TOOLS[params.name];
        if (tool === undefined) throw new Refusal(-32602, `Unknown tool: ${params.name}`);
        if (tool.needs !== undefined && can[tool.needs] === undefined) {
          throw new Refusal(-32021, `${tool.needs} is needed`, { requiredCapabilities: { [tool.needs]: {} } });
        }
        return this.rounds(tool, method, params, send, closed, can);
      }
      case 'tasks/get':
      case 'tasks/update':
      case 'tasks/cancel':
        return this.tasks.handle(method, params, can);
      default:
        throw new Refusal(-32601, `no method ${method}`);
    }
  }

  paged(params, member, items) {
    const size = this.options.page;
    if (!size) return { [member]: items };
    // The empty cursor is a good one in this era: here it is the second page.
    const at = params.cursor === undefined ? 0 : params.cursor === '' ? size : Number(params.cursor);
    if (!(at >= 0)) throw new Refusal(-32602, 'no such cursor');
    const next = at + size < items.length ? { nextCursor: at === 0 ? '' : String(at + size) } : {};
    return { [member]: items.slice(at, at + size), ...next };
  }

  /** Runs something that may ask, with the answers that it has had so far. */
  async rounds(item, method, params, send, closed, can) {
    const answers = params.requestState === undefined ? {} : unseal(params.requestState).answers;
    for (const [key, value] of Object.entries(params.inputResponses ?? {})) answers[key] = value;
    const meta = params._meta;
    const wanted = meta[`${META}/logLevel`];
    const cx = {
      era: 'modern',
      can,
      meta,
      cancelled: closed,
      ask: async (requests) => {
        const missing = {};
        for (const [key, request] of Object.entries(requests)) {
          if (can[NEEDED[request.method]] === undefined) {
            const capability = NEEDED[request.method];
            throw new Refusal(-32021, `${capability} is needed`, { requiredCapabilities: { [capability]: {} } });
          }
          if (answers[key] === undefined) missing[key] = request;
          else if (!fits(request, answers[key])) throw new Refusal(-32602, `the answer ${key} is malformed`);
          else checkAnswer(request.method, answers[key], answers);
        }
        if (Object.keys(missing).length > 0) throw new Needs(missing, answers);
        return Object.fromEntries(Object.keys(requests).map((key) => [key, answers[key]]));
      },
      log: (level, data) => {
        if (wanted === undefined || LEVELS.indexOf(level) < LEVELS.indexOf(wanted)) return;
        send({ jsonrpc: '2.0', method: 'notifications/message', params: { level, data } });
      },
      progress: (progress, total, message) => {
        const progressToken = meta.progressToken;
        if (progressToken === undefined) return;
        send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress, total, message } });
      },
      stray: (stray, about) => send({ jsonrpc: '2.0', method: stray, params: about }),
      changed: (kind) => this.tell(`${kind}ListChanged`, `notifications/${kind}/list_changed`),
      updated: (uri) => this.touch(uri),
    };
    try {
      return await item.run(params.arguments ?? {}, cx);
    } catch (error) {
      if (!(error instanceof Needs)) throw error;
      if (!ROUNDS.includes(method)) throw new Refusal(-32603, 'cannot ask here');
      const state = item.stateless ? {} : { requestState: seal({ answers: error.answers, nonce: randomBytes(8).toString('hex') }) };
      return { resultType: 'input_required', inputRequests: error.requests, ...state };
    }
  }

  async listen(id, params, send, closed, can) {
    const wanted = { ...params.notifications };
    if (can.extensions?.[TASKS] === undefined) delete wanted.taskIds;
    note(`listen ${(wanted.resourceSubscriptions ?? []).join(' ')}`);
    if (this.options.odd === 'slow-listen') await new Promise((resolve) => setTimeout(resolve, 100));
    // The id comes back as a string whatever it was, as the official server has it.
    const tag = { [`${META}/subscriptionId`]: String(id) };
    const tell = (method, rest = {}) => send({ jsonrpc: '2.0', method, params: { ...rest, _meta: tag } });
    tell('notifications/subscriptions/acknowledged', { notifications: wanted });
    const listen = { wanted, tell };
    this.listens.add(listen);
    await closed;
    this.listens.delete(listen);
    return undefined;
  }

  tell(flag, method) {
    for (const { wanted, tell } of this.listens) if (wanted[flag]) tell(method);
  }

  tellOfTask(task) {
    for (const { wanted, tell } of this.listens) {
      if ((wanted.taskIds ?? []).includes(task.taskId)) tell('notifications/tasks', task);
    }
  }

  touch(uri) {
    for (const { wanted, tell } of this.listens) {
      const follows = (wanted.resourceSubscriptions ?? []).some((own) => uri === own || uri.startsWith(`${own}/`));
      if (follows) tell('notifications/resources/updated', { uri });
    }
  }
}

function fits({ method }, answer) {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return false;
  if (method === 'elicitation/create') return ['accept', 'decline', 'cancel'].includes(answer.action);
  if (method === 'roots/list') return Array.isArray(answer.roots);
  return answer.role !== undefined && answer.content !== undefined;
}
