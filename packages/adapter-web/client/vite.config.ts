import { defineConfig } from 'vite';

/** Relative addresses, so that the page also works below a path of a proxy. */
export default defineConfig({
  base: './',
  build: {
    outDir: '../dist/client',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
});
