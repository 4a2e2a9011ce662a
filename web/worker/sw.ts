/**
 * Keeps the own files of wallet or till in the browser, so that they start with no network at all. The list of files
 * is written in by the build; a new list is a new cache, taken whole or not at all. It never touches the
 * API: what settlement says is never answered from here.
 */
/** Put in place by the build (web/service-worker-plugin.ts). */
declare const BUILT: { page: string; version: string; files: readonly string[] };

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
/** Each page has caches of its own, and takes away no other page's. */
const OWN = `${BUILT.page}-`;
const CACHE = OWN + BUILT.version;
const START = `/${BUILT.page}/`;

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
      const old = names.filter((name) => name.startsWith(OWN) && name !== CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
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
