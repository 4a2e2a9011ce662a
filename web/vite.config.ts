/** Builds the three pages into web/dist, which settlement serves as it is. */
import { defineConfig } from 'vite';
import { serviceWorkerPlugin } from './service-worker-plugin.ts';

export default defineConfig({
  root: import.meta.dirname,
  // Files keep their place: /wallet/, /till/ and /scanner/ are folders of the same origin.
  base: '/',
  plugins: [serviceWorkerPlugin()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The pages' CSP allows no inline script, and data: URLs are not worth an exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        wallet: 'wallet/index.html',
        till: 'till/index.html',
        scanner: 'scanner/index.html',
      },
    },
  },
});
