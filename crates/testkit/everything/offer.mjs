// What the server offers, whatever the era: the names that the official conformance suite knows, and a few of our own.
// A tool asks its client with `ask`, which each era brings in its own way.
import { note } from './strict.mjs';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const object = (properties = {}, required = []) => ({ type: 'object', properties, ...(required.length ? { required } : {}) });
const form = (message, properties, required = Object.keys(properties)) => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties, required } },
});
const sample = (prompt, maxTokens = 100) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens },
});
const roots = { method: 'roots/list', params: {} };
const elicited = (kind, answer) => text(`${kind}: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);

/** What a tool throws to answer with a JSON-RPC error. */
export class Refusal extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

let opened = 0;

const SCHEMA_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const ENUMS = {
  untitledSingle: { type: 'string', description: 'Select one option', enum: ['option1', 'option2', 'option3'] },
  titledSingle: {
    type: 'string',
    description: 'Select one option with titles',
    oneOf: [
      { const: 'value1', title: 'First Option' },
      { const: 'value2', title: 'Second Option' },
      { const: 'value3', title: 'Third Option' },
    ],
  },
  legacyEnum: {
    type: 'string',
    description: 'Select one option (legacy)',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: {
    type: 'array',
    description: 'Select multiple options',
    minItems: 1,
    maxItems: 3,
    items: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  },
  titledMulti: {
    type: 'array',
    description: 'Select multiple options with titles',
    minItems: 1,
    maxItems: 3,
    items: {
      anyOf: [
        { const: 'value1', title: 'First Choice' },
        { const: 'value2', title: 'Second Choice' },
        { const: 'value3', title: 'Third Choice' },
      ],
    },
  },
};

const DEFAULTS = {
  name: { type: 'string', description: 'User name', default: 'John Doe' },
  age: { type: 'integer', description: 'User age', default: 30 },
  score: { type: 'number', description: 'User score', default: 95.5 },
  status: { type: 'string', description: 'User status', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', description: 'Verification status', default: true },
};

/**
 * Name to `{ description, inputSchema, run(args, cx) }`. `cx` has `ask(requests)`, which gives the answers under the
 * same keys, `log(level, data)`, `progress(done, total, message)`, `can` (what the client declared), `changed(kind)`,
 * `updated(uri)`, `meta` and `era`.
 */
export const TOOLS = {
  test_simple_text: { run: () => text('This is a simple text response for testing.') },
  test_image_content: { run: () => ({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }) },
  test_audio_content: { run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }) },
  test_embedded_resource: {
    run: () => ({
      content: [
        {
          type: 'resource',
          resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
        },
      ],
    }),
  },
  test_multiple_content_types: {
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: PNG, mimeType: 'image/png' },
        {
          type: 'resource',
          resource: {
            uri: 'test://mixed-content-resource',
            mimeType: 'application/json',
            text: JSON.stringify({ test: 'data', value: 123 }),
          },
        },
      ],
    }),
  },
  test_tool_with_logging: {
    run: async (_, cx) => {
      for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        cx.log('info', line);
        await pause(20);
      }
      return text('Tool with logging executed successfully');
    },
  },
  test_tool_with_progress: {
    run: async (_, cx) => {
      for (const done of [0, 50, 100]) {
        cx.progress(done, 100, `Completed step ${done} of 100`);
        await pause(20);
      }
      return text('done');
    },
  },
  test_error_handling: {
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_reconnection: {
    run: async (_, cx) => {
      cx.hangUp?.();
      await pause(100);
      return text('Reconnection test completed successfully');
    },
  },
  test_progress_around_a_question: {
    needs: 'elicitation',
    run: async (_, cx) => {
      cx.progress(1, 2, 'asking');
      await cx.ask({ answer: form('Go on?', { ok: { type: 'boolean' } }) });
      cx.progress(2, 2, 'answered');
      return text('went on');
    },
  },
  // In which era the server was called, for one that speaks both.
  test_era: { run: (_, cx) => text(cx.era) },
  test_sampling: {
    inputSchema: object({ prompt: { type: 'string' } }, ['prompt']),
    needs: 'sampling',
    run: async ({ prompt }, cx) => {
      const { sample: answer } = await cx.ask({ sample: sample(prompt) });
      return text(`LLM response: ${answer.content?.text ?? 'No response'}`);
    },
  },
  test_elicitation: {
    inputSchema: object({ message: { type: 'string' } }, ['message']),
    needs: 'elicitation',
    run: async ({ message }, cx) => {
      const properties = { response: { type: 'string', description: "User's response" } };
      return elicited('User response', (await cx.ask({ answer: form(message, properties) })).answer);
    },
  },
  test_elicitation_sep1034_defaults: {
    needs: 'elicitation',
    run: async (_, cx) => {
      const asked = form('Please review and update the form fields with defaults', DEFAULTS, []);
      return elicited('Elicitation completed', (await cx.ask({ answer: asked })).answer);
    },
  },
  test_elicitation_sep1330_enums: {
    needs: 'elicitation',
    run: async (_, cx) => {
      const asked = form('Please select options from the enum fields', ENUMS, []);
      return elicited('Elicitation completed', (await cx.ask({ answer: asked })).answer);
    },
  },
  json_schema_2020_12_tool: {
    inputSchema: SCHEMA_2020_12,
    run: (args) => text(`JSON Schema 2020-12 tool called with: ${JSON.stringify(args)}`),
  },
  test_custom_headers: {
    inputSchema: object({
      region: { type: 'string', 'x-mcp-header': 'Region' },
      priority: { type: 'integer', 'x-mcp-header': 'Priority' },
      verbose: { type: 'boolean', 'x-mcp-header': 'Verbose' },
      inner: object({ tenant: { type: 'string', 'x-mcp-header': 'Tenant' } }),
    }),
    run: (args) => text(`headers-ok: ${JSON.stringify(args)}`),
  },
  test_structured: {
    outputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    run: () => ({ ...text('{"n":1}'), structuredContent: { n: 1 } }),
  },
  test_echo: {
    inputSchema: object({ text: { type: 'string' } }),
    run: (args) => text(args.text ?? ''),
  },
  test_sleep: {
    inputSchema: object({ ms: { type: 'integer' } }),
    run: async ({ ms }, cx) => {
      note('sleeping');
      const gone = cx.cancelled.then(() => note('cancelled'));
      await Promise.race([pause(ms), gone]);
      return text('slept');
    },
  },
  test_missing_capability: { needs: 'sampling', strict: true, run: () => text('Success') },
  test_streaming_elicitation: {
    run: (_, cx) => {
      // A token that nobody gave out, and a member that does not exist: some servers do.
      cx.stray('notifications/progress', { progressToken: 'token-abc', total: 100, value: 50 });
      return text('Streaming complete');
    },
  },
  test_logging_tool: {
    run: (_, cx) => {
      cx.log('info', 'Diagnostic trace logging activated');
      return text('Logging evaluated');
    },
  },
  test_trigger_tool_change: {
    run: (_, cx) => {
      cx.changed('tools');
      return text('Mutation triggered');
    },
  },
  test_trigger_prompt_change: {
    run: (_, cx) => {
      cx.changed('prompts');
      return text('Mutation triggered');
    },
  },
  test_touch_resource: {
    inputSchema: object({ uri: { type: 'string' } }, ['uri']),
    run: ({ uri }, cx) => {
      cx.updated(uri);
      return text('touched');
    },
  },
  test_input_required_result_elicitation: {
    needs: 'elicitation',
    stateless: true,
    run: async (_, cx) => {
      const { user_name: answer } = await cx.ask({ user_name: form('What is your name?', { name: { type: 'string' } }) });
      return text(`Hello, ${answer.content?.name ?? 'unknown'}!`);
    },
  },
  test_input_required_result_sampling: {
    needs: 'sampling',
    stateless: true,
    run: async (_, cx) => {
      const { sample_request: answer } = await cx.ask({ sample_request: sample('What is the capital of France?') });
      return text(`Sampling result: ${answer.content?.text ?? 'no response'}`);
    },
  },
  test_input_required_result_list_roots: {
    needs: 'roots',
    stateless: true,
    run: async (_, cx) => text(`Found ${(await cx.ask({ roots_request: roots })).roots_request.roots.length} root(s)`),
  },
  test_input_required_result_request_state: {
    needs: 'elicitation',
    run: async (_, cx) => {
      await cx.ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }) });
      return text('state-ok: requestState validated');
    },
  },
  test_input_required_result_multiple_inputs: {
    needs: 'elicitation',
    run: async (_, cx) => {
      const got = await cx.ask({
        user_name: form('What is your name?', { name: { type: 'string' } }),
        greeting: sample('Generate a greeting', 50),
        client_roots: roots,
      });
      const name = got.user_name.content?.name ?? 'unknown';
      return text(`Name: ${name}; Greeting: ${got.greeting.content?.text}; Roots: ${got.client_roots.roots.length}`);
    },
  },
  test_input_required_result_multi_round: {
    needs: 'elicitation',
    run: async (_, cx) => {
      const { step1 } = await cx.ask({ step1: form('Step 1: What is your name?', { name: { type: 'string' } }) });
      const { step2 } = await cx.ask({ step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) });
      return text(`Multi-round complete for ${step1.content?.name ?? 'friend'} who likes ${step2.content?.color ?? 'none'}`);
    },
  },
  test_input_required_result_tampered_state: {
    needs: 'elicitation',
    run: async (_, cx) => {
      await cx.ask({ confirm: form('Please confirm', { ok: { type: 'boolean' } }) });
      return text('integrity-ok: state verified');
    },
  },
  test_input_required_result_capabilities: {
    run: async (_, cx) => {
      const asked = {};
      if (cx.can.elicitation) asked.elicit_input = form('Elicitation input', { value: { type: 'string' } });
      if (cx.can.sampling) asked.sample_input = sample('Sample request', 50);
      if (Object.keys(asked).length === 0) return text('No supported capabilities declared');
      return text(`capabilities-ok: received ${Object.keys(await cx.ask(asked)).join(',')}`);
    },
  },
  test_endless: {
    needs: 'elicitation',
    run: async (_, cx) => {
      for (let round = 1; ; round += 1) await cx.ask({ [`round${round}`]: form(`Question ${round}`, { a: { type: 'string' } }) });
    },
  },
  test_url_required: {
    // Refuses until its URL has been opened, as revision 2025-11-25 has it: the second call goes through.
    run: () => {
      opened += 1;
      if (opened % 2 === 0) return text('opened');
      const one = { mode: 'url', message: 'Sign in', url: 'https://example.com/sign-in', elicitationId: `e${opened}` };
      throw new Refusal(-32042, 'A URL has to be opened first', { elicitations: [one] });
    },
  },
  test_app: {
    meta: { ui: { resourceUri: 'ui://app/page.html' } },
    run: () => text('shown in an app'),
  },
};

export const toolList = () =>
  Object.entries(TOOLS).map(([name, { inputSchema = object(), outputSchema, meta }]) => ({
    name,
    description: `Conformance tool ${name}`,
    inputSchema,
    ...(outputSchema ? { outputSchema } : {}),
    ...(meta ? { _meta: meta } : {}),
  }));

const said = (content) => ({ role: 'user', content });
export const PROMPTS = {
  test_simple_prompt: { run: () => ({ messages: [said({ type: 'text', text: 'This is a simple prompt for testing.' })] }) },
  test_prompt_with_arguments: {
    arguments: ['arg1', 'arg2'],
    run: ({ arg1, arg2 }) => ({
      messages: [said({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
    }),
  },
  test_prompt_with_embedded_resource: {
    arguments: ['resourceUri'],
    run: ({ resourceUri: uri }) => ({
      messages: [
        said({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }),
        said({ type: 'text', text: 'Please process the embedded resource above.' }),
      ],
    }),
  },
  test_prompt_with_image: {
    run: () => ({
      messages: [
        said({ type: 'image', data: PNG, mimeType: 'image/png' }),
        said({ type: 'text', text: 'Please analyze the image above.' }),
      ],
    }),
  },
  test_input_required_result_prompt: {
    stateless: true,
    run: async (_, cx) => {
      const asked = { user_context: form('What context should the prompt use?', { context: { type: 'string' } }) };
      const { user_context: answer } = await cx.ask(asked);
      return { messages: [said({ type: 'text', text: `Prompt with context: ${answer.content?.context ?? 'unknown'}` })] };
    },
  },
};

export const promptList = () =>
  Object.entries(PROMPTS).map(([name, { arguments: names }]) => ({
    name,
    description: `Conformance prompt ${name}`,
    ...(names ? { arguments: names.map((argument) => ({ name: argument, required: true })) } : {}),
  }));

const APP = { uri: 'ui://app/page.html', mimeType: 'text/html;profile=mcp-app' };
export const RESOURCES = [
  { uri: 'test://static-text', name: 'static-text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', mimeType: 'text/plain' },
  { ...APP, name: 'app', _meta: { ui: { csp: { connectDomains: ['https://example.com'] } } } },
];
export const TEMPLATES = [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }];

/** The contents of a resource; undefined when there is none. */
export function read(uri) {
  const one = (rest) => ({ contents: [{ uri, ...rest }] });
  if (uri === 'test://static-text') {
    return one({ mimeType: 'text/plain', text: 'This is the content of the static text resource.' });
  }
  if (uri === 'test://static-binary') return one({ mimeType: 'image/png', blob: PNG });
  if (uri === 'test://watched-resource') return one({ mimeType: 'text/plain', text: 'Watched resource content' });
  if (uri === APP.uri) return one({ mimeType: APP.mimeType, text: '<!doctype html><title>app</title>' });
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) return undefined;
  return one({ mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) });
}

export const completion = ({ argument }) => ({
  completion: { values: ['alpha', 'beta'].filter((value) => value.startsWith(argument?.value ?? '')), total: 2, hasMore: false },
});
