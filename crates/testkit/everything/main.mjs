// An MCP server that offers everything, for tests: of either era or of both, over each transport, and on demand a bad one.
//   node main.mjs --era legacy|modern|both --transport stdio|http|sse [--port N] [--revision R] [--page N]
//                 [--violations FILE] [--notes FILE] [--odd HOW [--delay MS] [--huge BYTES]]
import { parseArgs } from 'node:util';
import { serveHttp } from './http.mjs';
import { serveStdio } from './stdio.mjs';
import { LEGACY, recordTo } from './strict.mjs';

const { values } = parseArgs({
  options: {
    era: { type: 'string', default: 'legacy' },
    transport: { type: 'string', default: 'stdio' },
    port: { type: 'string', default: '0' },
    revision: { type: 'string', default: '2025-11-25' },
    page: { type: 'string', default: '0' },
    violations: { type: 'string' },
    notes: { type: 'string' },
    odd: { type: 'string', default: '' },
    delay: { type: 'string', default: '200' },
    huge: { type: 'string', default: '100000000' },
  },
});
const one = (name, allowed) => {
  if (!allowed.includes(values[name])) throw new Error(`--${name} must be one of ${allowed.join(', ')}`);
  return values[name];
};
const options = {
  era: one('era', ['legacy', 'modern', 'both']),
  transport: one('transport', ['stdio', 'http', 'sse']),
  revision: one('revision', LEGACY),
  port: Number(values.port),
  page: Number(values.page),
  odd: values.odd,
  delay: Number(values.delay),
  huge: Number(values.huge),
};
recordTo(values.violations, values.notes);
if (options.transport === 'stdio') serveStdio(options);
else serveHttp(options);
