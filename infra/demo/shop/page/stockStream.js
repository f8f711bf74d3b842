/** Live stock over server-sent events. One stream per view; the browser reconnects by itself and the server sends the present level first. */

const SLOWEST_RETRY_MS = 15_000;

/**
 * Follows up to 100 skus. `onStock(item)` gets each level; `onState('live' | 'waiting')` tells whether the stream is open.
 * Returns a function that ends it.
 */
export function followStock(skus, onStock, onState = () => {}) {
  if (skus.length === 0) return () => {};
  const url = `/api/stock/stream?${new URLSearchParams({ skus: skus.slice(0, 100).join(',') })}`;
  let source;
  let timer;
  let failures = 0;
  const open = () => {
    source = new EventSource(url);
    source.addEventListener('open', () => {
      failures = 0;
      onState('live');
    });
    source.addEventListener('stock', (event) => onStock(JSON.parse(event.data)));
    source.addEventListener('error', () => {
      onState('waiting');
      // After an answer that is no stream (for example 503) the browser gives up; we do not.
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, Math.min(SLOWEST_RETRY_MS, 1000 * 2 ** failures++));
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/** What can be sold to a web shopper: the delivery locations' share, or all of it. */
export function deliverable(item, deliveryLocations) {
  if (deliveryLocations === null) return item.available;
  return item.locations
    .filter((place) => deliveryLocations.includes(place.location))
    .reduce((sum, place) => sum + place.available, 0);
}

/** Words and tone for a number of pieces. */
export function stockWords(pieces) {
  if (pieces <= 0) return { text: 'Out of stock', tone: 'none' };
  if (pieces <= 10) return { text: `Only ${pieces} left`, tone: 'low' };
  return { text: `${pieces} in stock`, tone: 'good' };
}
