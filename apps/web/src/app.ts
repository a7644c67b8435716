import { webSurface } from '@surfaces/adapter-web';
import { defineSurface, runApp } from '@surfaces/runtime';
import manifest from '../package.json' with { type: 'json' };

await runApp({
  name: 'web',
  version: manifest.version,
  summary: 'Surfaces on a web page: people talk to an AI agent in the browser.',
  surfaces: [defineSurface(webSurface)],
});
