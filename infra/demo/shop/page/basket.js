/** The basket lives in this browser only. Each line keeps name and price as they were shown, so that a change can be pointed out. */

const KEY = 'basket.v1';
const MAX_LINES = 50;
export const MAX_QUANTITY = 99;
const listeners = new Set();

function read() {
  try {
    const lines = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(lines)) return [];
    return lines.filter((line) => typeof line?.sku === 'string' && typeof line.price === 'string' && line.quantity > 0);
  } catch {
    return [];
  }
}

function write(lines) {
  try {
    localStorage.setItem(KEY, JSON.stringify(lines.slice(0, MAX_LINES)));
  } catch {
    // Storage may be full or forbidden; the basket then lasts as long as the page.
  }
  // Another basket is another order: only a repeat of the very same one may reuse its key.
  sessionStorage.removeItem('checkout.key');
  for (const listener of listeners) listener(lines);
}

export const basket = {
  lines: read,
  count: () => read().reduce((sum, line) => sum + line.quantity, 0),
  add(product, quantity = 1) {
    const lines = read();
    const present = lines.find((line) => line.sku === product.sku);
    if (present) present.quantity = Math.min(MAX_QUANTITY, present.quantity + quantity);
    else {
      const { sku, name, price, category, subcategory, colour, size } = product;
      lines.push({ sku, name, price, category, subcategory, colour, size, quantity });
    }
    write(lines);
  },
  setQuantity(sku, quantity) {
    const lines = read();
    for (const line of lines)
      if (line.sku === sku) line.quantity = Math.max(1, Math.min(MAX_QUANTITY, Math.trunc(quantity) || 1));
    write(lines);
  },
  setPrice(sku, price) {
    const lines = read();
    for (const line of lines) if (line.sku === sku) line.price = price;
    write(lines);
  },
  remove: (sku) => write(read().filter((line) => line.sku !== sku)),
  clear: () => write([]),
  /** Told of every change, also of one in another tab. */
  onChange(listener) {
    listeners.add(listener);
  },
  /** The key under which this very basket is ordered, however often the button is pressed. */
  checkoutKey() {
    const key = sessionStorage.getItem('checkout.key') ?? crypto.randomUUID();
    sessionStorage.setItem('checkout.key', key);
    return key;
  },
  /** A refusal is final for its key: whatever is tried next is another attempt. */
  newAttempt: () => sessionStorage.removeItem('checkout.key'),
};

addEventListener('storage', (event) => {
  if (event.key === KEY) for (const listener of listeners) listener(read());
});
