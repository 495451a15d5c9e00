// One legacy session: the handshake, requests of its own to the client, and everything that a session remembers. Knows
// no transport: it is fed messages and sends through the outlet that it is given.
import { LegacyOrder, LEGACY, note, violation } from './strict.mjs';
import { PROMPTS, RESOURCES, Refusal, TEMPLATES, TOOLS, completion, promptList, read, toolList } from './offer.mjs';

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export class LegacySession {
  /** `outlet(message, about)` sends; `about` is the id of the request that the message belongs to, if any. */
  constructor(options, outlet) {
    this.options = options;
    this.outlet = outlet;
    this.order = new LegacyOrder(options.revision);
    this.revision = options.revision;
    /** Methods of our own requests and what waits for them, by id. */
    this.asked = new Map();
    this.waiting = new Map();
    this.running = new Map();
    this.subscribed = new Set();
    this.tasks = new Map();
    this.level = 'debug';
    this.declared = {};
    this.counter = 0;
  }

  send(message, about) {
    this.outlet({ jsonrpc: '2.0', ...message }, about);
  }

  /** Takes one message; `hangUp` ends the stream of this request, where the transport can do that. */
  async take(message, hangUp) {
    this.order.check(message, this.asked);
    const { id, method, params = {} } = message;
    if (method === undefined) {
      const then = this.waiting.get(id);
      this.waiting.delete(id);
      this.asked.delete(id);
      if (then === undefined && !String(id).startsWith('ask-')) violation('a response to nothing', message);
      return void then?.(message);
    }
    if (id === undefined) {
      if (method === 'notifications/cancelled') this.running.get(params.requestId)?.();
      return undefined;
    }
    try {
      const result = await this.handle(id, method, params, hangUp);
      if (result !== undefined) this.send({ id, result }, id);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.send({ id, error: { code: error.code, message: error.message, ...(error.data ? { data: error.data } : {}) } }, id);
    }
    return undefined;
  }

  async handle(id, method, params, hangUp) {
    switch (method) {
      case 'initialize':
        return this.greet(params);
      case 'ping':
        return {};
      case 'logging/setLevel':
        this.level = params.level;
        note(`level ${params.level}`);
        return {};
      case 'tools/list':
        return this.paged(params, 'tools', this.tools());
      case 'prompts/list':
        return this.paged(params, 'prompts', promptList());
      case 'resources/list':
        return this.paged(params, 'resources', RESOURCES);
      case 'resources/templates/list':
        return this.paged(params, 'resourceTemplates', TEMPLATES);
      case 'resources/read': {
        const found = read(params.uri);
        if (found === undefined) throw new Refusal(-32002, 'Resource not found', { uri: params.uri });
        return found;
      }
      case 'resources/subscribe':
        this.subscribed.add(params.uri);
        note(`subscribe ${params.uri}`);
        return {};
      case 'resources/unsubscribe':
        if (!this.subscribed.delete(params.uri)) violation('unsubscribes from what it does not follow', params);
        note(`unsubscribe ${params.uri}`);
        return {};
      case 'completion/complete':
        return completion(params);
      case 'prompts/get': {
        const prompt = PROMPTS[params.name];
        if (prompt === undefined) throw new Refusal(-32602, `no prompt ${params.name}`);
        return this.run(id, params, hangUp, (cx) => prompt.run(params.arguments ?? {}, cx));
      }
      case 'tools/call':
        return this.call(id, params, hangUp);
      case 'tasks/result':
        return this.taskResult(id, params);
      default:
        throw new Refusal(-32601, `no method ${method}`);
    }
  }

  greet(params) {
    this.declared = params.capabilities ?? {};
    const asked = LEGACY.includes(params.protocolVersion) ? params.protocolVersion : this.options.revision;
    this.revision = asked < this.options.revision ? asked : this.options.revision;
    this.order.revision = this.revision;
    const changing = { listChanged: true };
    return {
      protocolVersion: this.revision,
      capabilities: {
        tools: changing,
        prompts: changing,
        resources: { subscribe: true, ...changing },
        logging: {},
        completions: {},
        ...(this.revision === '2025-11-25' ? { tasks: { cancel: {}, requests: { tools: { call: {} } } } } : {}),
      },
      serverInfo: { name: 'everything-legacy', version: '1.0.0' },
      instructions: 'A server for tests.',
    };
  }

  tools() {
    const task = { name: 'test_required_task', description: 'Runs as a task only', inputSchema: { type: 'object' } };
    const more = this.revision === '2025-11-25' ? [{ ...task, execution: { taskSupport: 'required' } }] : [];
    // What a server of both eras has kept for its older clients.
    if (this.options.era === 'both') more.push({ name: 'test_legacy_only', inputSchema: { type: 'object' } });
    return [...toolList(), ...more];
  }

  /** Pages of `--page` items, under cursors that mean nothing to anybody else. */
  paged(params, member, items) {
    const size = this.options.page;
    if (!size) return { [member]: items };
    const at = params.cursor === undefined ? 0 : Number(/^at "(\d+)"$/.exec(params.cursor)?.[1] ?? NaN);
    if (Number.isNaN(at)) throw new Refusal(-32602, 'no such cursor');
    const next = at + size < items.length ? { nextCursor: `at "${at + size}"` } : {};
    return { [member]: items.slice(at, at + size), ...next };
  }

  async call(id, params, hangUp) {
    if (params.name === 'test_required_task') return this.startTask(params);
    if (params.task !== undefined) throw new Refusal(-32601, 'this tool runs as no task');
    const tool = TOOLS[params.name];
    if (tool === undefined) throw new Refusal(-32602, `Unknown tool: ${params.name}`);
    return this.run(id, params, hangUp, (cx) => tool.run(params.arguments ?? {}, cx));
  }

  async run(id, params, hangUp, work) {
    let cancel;
    const cancelled = new Promise((resolve) => {
      cancel = resolve;
    });
    let stopped = false;
    this.running.set(id, () => {
      stopped = true;
      cancel();
    });
    const token = params._meta?.progressToken;
    const cx = {
      era: 'legacy',
      can: this.declared,
      cancelled,
      hangUp,
      meta: params._meta ?? {},
      ask: (requests) => this.ask(requests, id),
      log: (level, data) => {
        if (LEVELS.indexOf(level) >= LEVELS.indexOf(this.level)) this.send({ method: 'notifications/message', params: { level, data } }, id);
      },
      progress: (progress, total, message) => {
        if (token === undefined) return;
        this.send({ method: 'notifications/progress', params: { progressToken: token, progress, total, message } }, id);
      },
      stray: (method, stray) => this.send({ method, params: stray }, id),
      changed: (kind) => this.send({ method: `notifications/${kind}/list_changed` }),
      updated: (uri) => {
        const follows = [...this.subscribed].some((own) => uri === own || uri.startsWith(`${own}/`));
        if (follows) this.send({ method: 'notifications/resources/updated', params: { uri } });
      },
    };
    try {
      const result = await work(cx);
      return stopped ? undefined : result;
    } catch (error) {
      if (stopped) return undefined;
      if (error instanceof Refusal) throw error;
      return { content: [{ type: 'text', text: `Not supported or error: ${error.message}` }], isError: true };
    } finally {
      this.running.delete(id);
    }
  }

  /** Asks everything at the same time. */
  async ask(requests, about) {
    const entries = await Promise.all(
      Object.entries(requests).map(async ([key, request]) => [key, await this.question(request, about)]),
    );
    return Object.fromEntries(entries);
  }

  question({ method, params }, about) {
    const capability = { 'elicitation/create': 'elicitation', 'sampling/createMessage': 'sampling', 'roots/list': 'roots' }[method];
    if (this.declared[capability] === undefined) throw new Error(`the client cannot do ${capability}`);
    this.counter += 1;
    const id = `ask-${this.counter}`;
    const request = method === 'roots/list' ? { id, method } : { id, method, params };
    return new Promise((resolve, reject) => {
      this.asked.set(id, method);
      this.waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result)));
      this.send(request, about);
    });
  }

  startTask(params) {
    if (params.task === undefined) throw new Refusal(-32601, 'this tool runs as a task only');
    this.counter += 1;
    const taskId = `task-${this.counter}`;
    const now = new Date().toISOString();
    this.tasks.set(taskId, new Promise((resolve) => setTimeout(resolve, 50)));
    return { task: { taskId, status: 'working', createdAt: now, lastUpdatedAt: now, ttl: null, pollInterval: 20 } };
  }

  async taskResult(id, { taskId }) {
    if (!this.tasks.has(taskId)) throw new Refusal(-32602, `no task ${taskId}`);
    await this.tasks.get(taskId);
    const related = { 'io.modelcontextprotocol/related-task': { taskId } };
    return { content: [{ type: 'text', text: 'task done' }], _meta: related };
  }
}
