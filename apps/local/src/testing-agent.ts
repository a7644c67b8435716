/** A child for the tests of `agent-process.ts`: says who it is over HTTP and behaves as TEST mode asks. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const mode = process.env.AGENT_TEST_MODE;
process.on('disconnect', () => process.exit(0));
if (mode === 'stubborn') process.on('SIGTERM', () => console.log('no'));
console.log('the agent says hello');
if (mode === 'broken') {
  console.error('cannot read its model');
  process.exit(3);
}
const server = createServer((_, response) => {
  response.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
if (mode === 'mute') setInterval(() => undefined, 1_000);
else {
  server.listen(Number(process.env.AGENT_PORT), '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ type: 'listening', url: `http://127.0.0.1:${port}/` });
  });
}
