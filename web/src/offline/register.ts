/** Keep the page on the device where the browser can: on https, and on this machine itself. */

export function keepOnDevice(): void {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
