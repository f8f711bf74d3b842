/** The shop's own server. Every failure becomes an ApiError with a sentence a shopper understands. */

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? problem?.title ?? 'The shop cannot be reached just now.');
    this.status = status;
    this.problem = problem ?? {};
  }
}

const TIMEOUT_MS = 12_000;

async function call(path, options = {}) {
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(options.signal ? [options.signal] : [])]);
  let answer;
  try {
    answer = await fetch(path, { ...options, signal, headers: { accept: 'application/json', ...options.headers } });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, { title: 'The shop cannot be reached just now. Check your connection and try again.' });
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, body);
  return body;
}

const post = (path, body) =>
  call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export const api = {
  shop: () => call('/api/shop'),
  search: (params, signal) => call(`/api/products?${params}`, { signal }),
  suggest: (q, signal) => call(`/api/suggest?${new URLSearchParams({ q, limit: '20' })}`, { signal }),
  product: (sku, signal) => call(`/api/products/${encodeURIComponent(sku)}`, { signal }),
  stock: (skus, signal) => call(`/api/stock?${new URLSearchParams({ skus: skus.join(',') })}`, { signal }),
  liveStock: (sku, signal) => call(`/api/live-stock?${new URLSearchParams({ sku })}`, { signal }),
  order: (orderId, query, signal) =>
    call(`/api/orders/${encodeURIComponent(orderId)}?${new URLSearchParams(query)}`, { signal }),
  orders: (query, signal) => call(`/api/orders?${new URLSearchParams(query)}`, { signal }),
  news: (orderId, query, signal) =>
    call(`/api/orders/${encodeURIComponent(orderId)}/news?${new URLSearchParams(query)}`, { signal }),
  checkout: (order) => post('/api/checkout', order),
  cancel: (orderId, body) => post(`/api/orders/${encodeURIComponent(orderId)}/cancel`, body),
  changeAddress: (orderId, body) => post(`/api/orders/${encodeURIComponent(orderId)}/address`, body),
};
