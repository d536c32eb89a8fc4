/** Whether a newer version of the page has been fetched and waits; listeners hear of it once. */
let waiting: ServiceWorker | undefined;
const listeners = new Set<() => void>();

/** Keeps the page for a visit without network. Where the browser has no service worker for it, it does without. */
export async function keepOffline() {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register('./sw.js');
    if (registration.waiting && navigator.serviceWorker.controller) found(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const coming = registration.installing;
      coming?.addEventListener('statechange', () => {
        // The first version of all waits for nobody.
        if (coming.state === 'installed' && navigator.serviceWorker.controller) found(coming);
      });
    });
  } catch (err) {
    // A page from a file, a private window, a host that refuses: it works, only not offline.
    console.info('tabernetes: not kept for use offline:', err);
  }
}

function found(worker: ServiceWorker) {
  waiting = worker;
  listeners.forEach((listener) => listener());
}

/** Whether a newer version waits. */
export const updateWaits = () => waiting !== undefined;

export function onUpdate(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Goes over to the newer version in this tab; others keep what they run. */
export function updateNow() {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage('now');
}
