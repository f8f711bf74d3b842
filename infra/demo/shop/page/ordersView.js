import { api } from './api.js';
import { h, notice, replace } from './dom.js';
import { money, time } from './format.js';

/** The account's orders, newest first, as its own token shows them. */
export async function ordersView({ main, signal, title }) {
  title('Your orders');
  const list = h('ul', { class: 'order-list' });
  const more = h('button', { type: 'button', class: 'quiet' }, 'Show older ones');
  const view = h('section', { class: 'orders' });
  const status = h('p', { class: 'muted', role: 'status' }, 'Looking…');
  replace(main, replace(view, h('h1', {}, 'Your orders'), status, list));
  let cursor;

  const load = async () => {
    more.disabled = true;
    try {
      const page = await api.orders(cursor ? { cursor } : {}, signal);
      cursor = page.nextCursor;
      list.append(...page.items.map(entry));
      status.textContent = list.children.length > 0 ? '' : 'You have not ordered anything yet.';
      if (cursor === null) more.remove();
      else view.append(more);
    } catch (error) {
      if (signal.aborted) return;
      replace(status, notice('Your orders cannot be shown just now', error.message));
    }
    more.disabled = false;
  };
  more.addEventListener('click', load);
  await load();
}

function entry(order) {
  const pieces = (order.lines ?? []).reduce((sum, line) => sum + line.quantity, 0);
  return h(
    'li',
    { class: 'order-row', 'data-status': order.status },
    h('span', { class: 'order-row-id' }, `Order ${order.orderId}`),
    h('span', { class: 'order-row-status' }, order.status),
    h('span', {}, pieces > 0 ? `${pieces} ${pieces === 1 ? 'piece' : 'pieces'}` : ''),
    h('span', {}, order.total ? money(order.total, order.currency ?? undefined) : ''),
    h('span', { class: 'muted' }, time(order.statusAt)),
    h(
      'ol',
      { class: 'order-row-history muted' },
      order.history.map((step) => h('li', {}, `${step.status}, ${time(step.at)}`)),
    ),
  );
}
