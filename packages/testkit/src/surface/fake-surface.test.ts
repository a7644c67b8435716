import { fakeWorld } from './fake-world.ts';
import { surfaceAdapterSuite } from './suite.ts';

surfaceAdapterSuite('the fake with drafts', () => fakeWorld());
surfaceAdapterSuite('the fake with edits, bytes and small messages', () =>
  fakeWorld({
    capabilities: { preview: 'edit', sends: 'ambiguous', text: { limit: 200, unit: 'utf8' } },
  }),
);
surfaceAdapterSuite('the fake without abilities', () =>
  fakeWorld({
    capabilities: { preview: 'none', buttons: 'none', typing: 'none', chats: 'none', files: 'none' },
  }),
);
