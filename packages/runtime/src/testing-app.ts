/**
 * An app for the tests of `run.ts`: the messenger in memory as its surface, steered over IPC.
 * `{say}` says something; `{shown}` comes for each message that can be read; `{url}` once it started.
 */
import { FakeSurface } from '@surfaces/core/testing';
import { z } from 'zod';
import { defineSurface, runApp } from './index.ts';

const fake = new FakeSurface();
const room = fake.messenger.room('room');
if (process.env.TEST_CANNOT_START) fake.messenger.fail({ fault: 'cannot_start', call: 'start' });
if (process.env.TEST_DEFECT) setTimeout(() => Promise.reject(new Error('a defect of the test')), 300);

process.on('message', (message: { say?: string }) => {
  if (message.say !== undefined) fake.messenger.say(room, message.say);
});
let sent = 0;
setInterval(() => {
  const shown = fake.messenger.shown(room);
  for (; sent < shown.length; sent++) process.send?.({ shown: shown[sent]?.message.markdown });
}, 5).unref();

await runApp({
  name: 'test',
  version: '1.2.3',
  summary: 'An app for tests.',
  surfaces: [
    defineSurface({
      name: 'fake',
      schema: z.object({ greeting: z.string().max(5).default('hello') }),
      variables: { greeting: 'FAKE_GREETING' },
      create: () => fake,
      address: () => 'fake://room',
    }),
  ],
});
process.channel?.unref();
