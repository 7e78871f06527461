// The service worker of the web authenticator: it says that something is asked, and
// leads to the page that asks. It holds no key.
"use strict";
const page = () => self.registration.scope;
const pages = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));

self.addEventListener("push", event => event.waitUntil((async () => {
  const { title, body } = event.data ? event.data.json() : {};
  await self.registration.showNotification(title || "?", { body, tag: "question", renotify: true, requireInteraction: true });
  for (const client of await pages()) client.postMessage("look");
})()));

self.addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil((async () => {
    const open = (await pages()).find(client => client.url.startsWith(page()));
    if (!open) return self.clients.openWindow(page());
    open.postMessage("look");
    return open.focus();
  })());
});
