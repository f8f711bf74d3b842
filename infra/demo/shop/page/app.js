import { api } from './api.js';
import { basket } from './basket.js';
import { basketView } from './basketView.js';
import { h, notice, replace } from './dom.js';
import { setLocale } from './format.js';
import { ordersView } from './ordersView.js';
import { orderView } from './orderView.js';
import { productView } from './productView.js';
import { searchView } from './searchView.js';
import { setUpFinder } from './suggest.js';

/** Which view an address shows; links stay inside the page, and going back restores what was there. */

const main = document.getElementById('main');
let shop;
let current = new AbortController();

function navigate(to, options = {}) {
  const url = new URL(to, location.href);
  if (options.replace) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
  show(options);
}

function show({ keepScroll = false, focusId } = {}) {
  current.abort();
  current = new AbortController();
  const url = new URL(location.href);
  const context = { main, url, shop, navigate, signal: current.signal, title: setTitle };
  const [, kind, id] = /^\/(product|orders|order|basket)?(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const finder = document.getElementById('finder-input');
  if (document.activeElement !== finder) finder.value = kind ? '' : (url.searchParams.get('q') ?? '');
  if (kind === 'product' && id) productView({ ...context, sku: decodeURIComponent(id) });
  else if (kind === 'order' && id) orderView({ ...context, orderId: decodeURIComponent(id) });
  else if (kind === 'orders') ordersView(context);
  else if (kind === 'basket') basketView(context);
  else searchView(context);
  if (!keepScroll) scrollTo(0, 0);
  // The redrawn control keeps the focus; a new page is announced by moving it to the content.
  if (focusId) restoreFocus(focusId, current.signal);
  else if (!keepScroll) main.focus({ preventScroll: true });
}

/** The control that was used is drawn anew when the answer is there. */
function restoreFocus(id, signal) {
  const present = document.getElementById(id);
  if (present) present.focus({ preventScroll: true });
  const watcher = new MutationObserver(() => {
    const element = document.getElementById(id);
    if (!element || element === present) return;
    element.focus({ preventScroll: true });
    watcher.disconnect();
  });
  watcher.observe(main, { childList: true, subtree: true });
  signal.addEventListener('abort', () => watcher.disconnect());
}

function setTitle(text) {
  document.title = text ? `${text} – ${shop.title}` : shop.title;
}

function showBasketCount() {
  const pieces = basket.count();
  const badge = document.getElementById('basket-count');
  badge.hidden = pieces === 0;
  badge.textContent = String(pieces);
  badge.setAttribute('aria-label', `${pieces} in basket`);
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-link]');
  if (
    !link ||
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  event.preventDefault();
  navigate(link.href);
});
addEventListener('popstate', () => show());
basket.onChange(showBasketCount);

async function begin() {
  try {
    shop = await api.shop();
  } catch (error) {
    replace(
      main,
      notice(
        'The shop is closed for a moment',
        error.message,
        h('button', { onclick: () => location.reload() }, 'Try again'),
      ),
    );
    return;
  }
  setLocale(shop);
  document.getElementById('shop-title').textContent = shop.title;
  document.getElementById('shop-tagline').textContent = shop.tagline;
  showBasketCount();
  setUpFinder(document.getElementById('finder'), navigate);
  show();
}

begin();
