/*
 * Keeps the driver's page on the phone, so that it opens without a signal. Built by vite.config.ts, which puts the list of
 * files and their version in place of the two names below. Calls of the service are never answered from here: what was
 * read of them is kept by the page itself, which says how old it is.
 */
const VERSION = __VERSION__;
const FILES = __FILES__;
const PAGE = "/driver";
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll([...FILES, PAGE].map((path) => new Request(path, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

async function page(request) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const fresh = await fetch(request, { signal: abort.signal });
    if (fresh.ok) return fresh;
  } catch {
    // No signal, or hardly any: the page that is kept will do.
  } finally {
    clearTimeout(timer);
  }
  const kept = await caches.match(PAGE);
  return kept ?? Response.error();
}

async function file(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (!url.pathname.startsWith("/v1/") && !url.pathname.startsWith("/docs")) event.respondWith(page(request));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(file(request));
  }
});
