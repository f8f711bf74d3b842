import { addressForm } from './addressForm.js';
import { api } from './api.js';
import { h, notice, replace, toast } from './dom.js';
import { money, time } from './format.js';

const STEPS = [
  ['new', 'Placed', 'We have it.'],
  ['picking', 'Being picked', 'Somebody is fetching your things from the shelves.'],
  ['shipped', 'Shipped', 'It is on its way.'],
];
const POLL_MS = 1200;
const FINAL = new Set(['shipped', 'cancelled', 'rejected']);

/** An order's way through the warehouse, followed until it has left. */
export function orderView({ main, orderId, url, signal, title }) {
  title(`Order ${orderId}`);
  const key = url.searchParams.get('key') ?? '';
  const view = h(
    'section',
    { class: 'order' },
    h('h1', {}, `Order ${orderId}`),
    h('p', { class: 'muted', role: 'status' }, 'Waiting for word from the warehouse…'),
  );
  replace(main, view);
  // The command's id is the right to see the order, and makes the first answer wait until the copy has it.
  const after = url.searchParams.get('after') ?? '';
  let shown;

  const look = async () => {
    try {
      const order = await api.order(orderId, { key, after }, signal);
      const { news } = await api.news(orderId, { key }, signal).catch(() => ({ news: [] }));
      const { asOf: _asOf, ageSeconds: _age, ...facts } = order;
      const state = JSON.stringify([facts, news]);
      if (state !== shown) draw(view, order, key, news);
      shown = state;
      // The message may come a moment after the copy shows it.
      if (FINAL.has(order.status) && (news.some((one) => one.status === order.status) || late++ > 10)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 404) {
        replace(
          view,
          notice(
            'We do not know this order',
            'Orders can be followed from the browser they were placed in, while the demonstration runs.',
            h('a', { class: 'button', href: '/', 'data-link': true }, 'Back to the shop'),
          ),
        );
        return;
      }
    }
    timer = setTimeout(look, document.hidden ? POLL_MS * 5 : POLL_MS);
  };
  let late = 0;
  let timer;
  look();
  signal.addEventListener('abort', () => clearTimeout(timer));
}

function draw(view, order, key, news) {
  const cancelled = order.status === 'cancelled' || order.status === 'rejected';
  replace(
    view,
    h('p', { class: 'eyebrow' }, cancelled ? 'Cancelled' : 'Thank you'),
    h('h1', {}, `Order ${order.orderId}`),
    h('p', { class: 'order-status', role: 'status', 'data-status': order.status }, words(order.status)),
    cancelled ? null : stepper(order),
    h(
      'dl',
      { class: 'details' },
      order.total && [h('dt', {}, 'Total'), h('dd', {}, money(order.total, order.currency ?? undefined))],
      h('dt', {}, 'Last news'),
      h('dd', {}, time(order.statusAt)),
    ),
    order.lines && order.lines.length > 0 && lines(order),
    news.length > 0 && messages(news),
    h(
      'div',
      { class: 'notice-actions' },
      h('a', { class: 'button quiet', href: '/', 'data-link': true }, 'Go on shopping'),
      order.status === 'new' && cancelButton(order.orderId, key),
    ),
    order.status === 'new' && addressForm(order.orderId, key),
  );
}

function lines(order) {
  return h(
    'ul',
    { class: 'order-lines', 'aria-label': 'Articles' },
    order.lines.map((line) =>
      h(
        'li',
        {},
        h('a', { href: `/product/${encodeURIComponent(line.sku)}`, 'data-link': true }, line.sku),
        h('span', {}, `× ${line.quantity}`),
        h('span', {}, line.total ? money(line.total, order.currency ?? undefined) : ''),
      ),
    ),
  );
}

/** What the shop was told by signed webhooks, as its mailer or its warehouse would be. */
function messages(news) {
  return h(
    'section',
    { class: 'order-news' },
    h('h2', {}, 'Messages the shop received'),
    h(
      'ul',
      {},
      news.map((one) => h('li', {}, `${one.type}: ${one.status}, ${time(one.receivedAt)}`)),
    ),
  );
}

const words = (status) =>
  status === 'cancelled'
    ? 'This order was cancelled; its articles are back on the shelf.'
    : (STEPS.find(([name]) => name === status)?.[2] ?? `Status: ${status}`);

function stepper(order) {
  const reached = STEPS.findIndex(([name]) => name === order.status);
  return h(
    'ol',
    { class: 'steps' },
    STEPS.map(([name, label], index) => {
      const at = order.history?.findLast((step) => step.status === name)?.at;
      const state = index < reached || order.status === 'shipped' ? 'done' : index === reached ? 'now' : 'to-come';
      return h(
        'li',
        { 'data-state': state, 'aria-current': state === 'now' && 'step' },
        h('span', { class: 'step-mark', 'aria-hidden': 'true' }),
        h('span', { class: 'step-label' }, label),
        h('span', { class: 'step-time' }, at && index <= reached ? time(at) : ''),
      );
    }),
  );
}

function cancelButton(orderId, orderKey) {
  const idempotencyKey = crypto.randomUUID();
  const button = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: async () => {
        button.disabled = true;
        try {
          await api.cancel(orderId, { orderKey, idempotencyKey });
          toast('Cancelled. The page will show it in a moment.');
        } catch (error) {
          toast(
            error.problem?.code === 'order-not-cancellable' ? 'Too late: the picker already has it.' : error.message,
          );
          button.disabled = false;
        }
      },
    },
    'Cancel order',
  );
  return button;
}
