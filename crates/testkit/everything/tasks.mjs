// The tasks extension (`io.modelcontextprotocol/tasks`): tools that run as tasks, and the methods about them.
import { randomUUID } from 'node:crypto';
import { Refusal } from './offer.mjs';

export const TASKS = 'io.modelcontextprotocol/tasks';
const text = (value) => ({ content: [{ type: 'text', text: value }] });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const confirm = (message) => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties: { confirm: { type: 'boolean' } } } },
});

// `sync` runs at once; `start` works on a task and may ask through it.
const RUN = {
  greet: { sync: ({ name }) => text(`Hello, ${name}!`) },
  slow_compute: {
    plain: ({ label }) => text(`computed ${label}`),
    start: async ({ seconds, label }, task) => {
      await Promise.race([pause(seconds * 1000), task.cancelled]);
      return text(`computed ${label}`);
    },
  },
  failing_job: {
    start: async () => {
      await pause(300);
      return { ...text('the job failed'), isError: true };
    },
  },
  protocol_error_job: {
    start: async () => {
      await pause(100);
      throw new Refusal(-32603, 'the job broke down');
    },
  },
  confirm_delete: {
    start: async ({ filename }, task) => {
      const { ok } = await task.ask({ ok: confirm(`Delete ${filename}?`) });
      return text(`${ok.action} ${filename}`);
    },
  },
  multi_input: {
    start: async (_, task) => {
      const { one, two } = await task.ask({ one: confirm('The first?'), two: confirm('The second?') });
      return text(`${one.action} ${two.action}`);
    },
  },
  test_tool_with_task: {
    // Asks before there is a task, as any call does.
    before: async (_, cx) =>
      cx.ask({
        user_name: {
          method: 'elicitation/create',
          params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
        },
      }),
    start: async (_, __, heard) => text(`Hello, ${heard.user_name.content?.name}!`),
  },
};

export const TASK_TOOLS = Object.keys(RUN).map((name) => ({
  name,
  description: `Task tool ${name}`,
  inputSchema: { type: 'object' },
}));

export class Tasks {
  /** `changed(task)` is called with what is told of a task whenever it becomes another one. */
  constructor(changed) {
    this.changed = changed;
    this.all = new Map();
  }

  offers(name) {
    return name in RUN;
  }

  /** `rounds` runs something that may ask in the way of a plain call. */
  async call(params, can, rounds) {
    const item = RUN[params.name];
    const args = params.arguments ?? {};
    if (item.sync) return item.sync(args);
    if (can.extensions?.[TASKS] === undefined) {
      if (item.plain) return item.plain(args);
      throw new Refusal(-32021, 'the tasks extension is needed', { requiredCapabilities: { extensions: { [TASKS]: {} } } });
    }
    if (item.before === undefined) return this.start(item, args);
    return rounds({ run: async (_, cx) => this.start(item, args, await item.before(args, cx)) });
  }

  start(item, args, heard) {
    const now = new Date().toISOString();
    const task = { taskId: randomUUID(), status: 'working', createdAt: now, lastUpdatedAt: now, ttlMs: 60_000, pollIntervalMs: 100 };
    const entry = { task, pending: {}, answers: {} };
    entry.cancelled = new Promise((resolve) => {
      entry.cancel = resolve;
    });
    entry.ask = (requests) => {
      entry.pending = { ...requests };
      this.become(entry, 'input_required');
      return new Promise((resolve) => {
        entry.resume = () => resolve(entry.answers);
      });
    };
    this.all.set(task.taskId, entry);
    item.start(args, entry, heard).then(
      (result) => this.become(entry, 'completed', { result }),
      (error) => this.become(entry, 'failed', { error: { code: error.code ?? -32603, message: error.message } }),
    );
    return { resultType: 'task', ...task };
  }

  become(entry, status, rest = {}) {
    if (['completed', 'failed', 'cancelled'].includes(entry.task.status)) return;
    entry.task = { ...entry.task, status, lastUpdatedAt: new Date().toISOString(), ...rest };
    this.changed(this.told(entry));
  }

  told(entry) {
    return entry.task.status === 'input_required' ? { ...entry.task, inputRequests: { ...entry.pending } } : { ...entry.task };
  }

  handle(method, params, can) {
    if (can.extensions?.[TASKS] === undefined) {
      throw new Refusal(-32021, 'the tasks extension is needed', { requiredCapabilities: { extensions: { [TASKS]: {} } } });
    }
    const entry = this.all.get(params.taskId);
    if (entry === undefined) throw new Refusal(-32602, `no task ${params.taskId}`);
    if (method === 'tasks/get') return this.told(entry);
    if (method === 'tasks/cancel') {
      this.become(entry, 'cancelled');
      entry.cancel();
      return {};
    }
    for (const [key, value] of Object.entries(params.inputResponses ?? {})) {
      if (!(key in entry.pending)) continue;
      entry.answers[key] = value;
      delete entry.pending[key];
    }
    if (entry.task.status === 'input_required' && Object.keys(entry.pending).length === 0) {
      this.become(entry, 'working');
      entry.resume();
    }
    return {};
  }
}
