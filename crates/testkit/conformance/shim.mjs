// Adds a credential to every request on its way to the daemon, because the suite has no option for one. Everything else
// passes as it is, at once, in both directions; a client that leaves takes its request with it.
import { createServer, request as send } from 'node:http';

/** Listens on localhost, which the suite's check against DNS rebinding wants, and gives back its base URL. */
export function startShim(daemon, key) {
  const { hostname, port } = new URL(daemon);
  const server = createServer((incoming, outgoing) => {
    const headers = [...incoming.rawHeaders, 'Authorization', `Bearer ${key}`];
    const forwarded = send({ hostname, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  // Longer than the suite keeps a connection, which else may be closed in the moment of its next use.
  server.keepAliveTimeout = 120_000;
  return new Promise((resolve) => {
    server.listen(0, 'localhost', () => resolve({ base: `http://localhost:${server.address().port}`, close: () => server.close() }));
  });
}
