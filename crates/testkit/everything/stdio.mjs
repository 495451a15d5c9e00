// Either era over standard input and output, one message a line; and ways of doing it badly.
import { createInterface } from 'node:readline';
import { LegacySession } from './legacy.mjs';
import { ModernServer } from './modern.mjs';
import { violation } from './strict.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function serveStdio(options) {
  const { odd } = options;
  if (odd === 'banner') process.stdout.write('\uFEFFWelcome!\r\n\r\n');
  const out = (text) => process.stdout.write(odd === 'crlf' ? `${text}\r\n` : `${text}\n`);
  const write = async (message) => {
    const answers = 'result' in message || 'error' in message;
    if (odd === 'late' && answers) await pause(options.delay);
    if (odd === 'rubbish') out('DEBUG: this is no message');
    if (odd === 'string-ids' && answers) message = { ...message, id: String(message.id) };
    if (odd === 'batch') return out(JSON.stringify([message]));
    out(JSON.stringify(message));
    if (odd === 'duplicate' && answers) out(JSON.stringify(message));
    return undefined;
  };
  const take = { modern, legacy, both }[options.era](options, write);
  createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', (line) => {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return violation('a line that is no JSON', line);
    }
    const called = message.method === 'tools/call' ? message.params?.name : undefined;
    if (odd === 'silent' && message.method === 'tools/call') return undefined;
    if (odd === 'mute') return undefined;
    if (odd === 'crash' && called === 'test_simple_text') process.exit(7);
    if (odd === 'exit-on-probe' && message.method === 'server/discover') process.exit(3);
    if (odd === 'hang-on-probe' && message.method === 'server/discover') return undefined;
    if (odd === 'huge-line' && called === 'test_simple_text') return out('x'.repeat(options.huge));
    return void take(message);
  });
}

function legacy(options, write) {
  const session = new LegacySession(options, (message) => void write(message));
  return (message) => session.take(message);
}

/** The first message says of which era the connection is. */
function both(options, write) {
  let take;
  return (message) => {
    take ??= (message.method === 'initialize' ? legacy : modern)(options, write);
    return take(message);
  };
}

function modern(options, write) {
  const server = new ModernServer(options);
  const open = new Map();
  return (message) => {
    const { id, method, params } = message;
    if (method === 'notifications/cancelled') {
      server.order.check(message);
      const end = open.get(params?.requestId);
      open.delete(params?.requestId);
      return end?.();
    }
    let gone = false;
    const closed = new Promise((resolve) => {
      open.set(id, () => {
        gone = true;
        resolve();
      });
    });
    const send = (sent) => {
      if (!gone) void write(sent);
      if ('id' in sent) open.delete(id);
    };
    return void server.take(message, send, closed);
  };
}
