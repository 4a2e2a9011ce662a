/**
 * Keeps the wallet's own files on the phone, so that it starts with no network at all. The list of files
 * is written in by the build; a new list is a new cache, taken whole or not at all. It never touches the
 * API: what settlement says is never answered from here.
 */
/** Put in place by the build (web/service-worker-plugin.ts). */
declare const BUILT: { version: string; files: readonly string[] };

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const CACHE = `wallet-${BUILT.version}`;
const START = '/wallet/';

worker.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(BUILT.files.map((file) => new Request(file, { cache: 'reload' })));
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      // An open page of the version before keeps running: all it needs is loaded.
      await Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  const name = event.request.mode === 'navigate' ? START : url.pathname;
  if (!BUILT.files.includes(name)) return;
  event.respondWith(
    (async () => (await (await caches.open(CACHE)).match(name)) ?? fetch(event.request))(),
  );
});
