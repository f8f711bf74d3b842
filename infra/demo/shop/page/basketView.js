import { api } from './api.js';
import { basket, MAX_QUANTITY } from './basket.js';
import { h, notice, replace, toast } from './dom.js';
import { fromUnits, money, plural, toUnits } from './format.js';
import { picture } from './picture.js';
import { deliverable, followStock, stockWords } from './stockStream.js';

/** The basket, checked against the shop as it is now: prices that changed are pointed out, levels are live. */
export function basketView({ main, shop, navigate, signal, title }) {
  title('Basket');
  let stopStock = () => {};
  const draw = () => {
    stopStock();
    const lines = basket.lines();
    if (lines.length === 0) {
      replace(
        main,
        notice(
          'Your basket is empty',
          'Find something you like; it will wait here for you.',
          h('a', { class: 'button', href: '/', 'data-link': true }, 'Go shopping'),
        ),
      );
      return;
    }
    const stock = new Map();
    replace(
      main,
      h('h1', {}, 'Basket'),
      h(
        'div',
        { class: 'basket' },
        h(
          'ul',
          { class: 'basket-lines' },
          lines.map((line) => basketLine(line, stock, draw)),
        ),
        summary(lines, navigate),
      ),
    );
    stopStock = followStock(
      lines.map((line) => line.sku),
      (item) => {
        const place = stock.get(item.sku);
        if (!place) return;
        const { text, tone } = stockWords(deliverable(item, shop.deliveryLocations));
        place.dataset.tone = tone;
        place.textContent = text;
      },
    );
  };
  draw();
  refreshPrices(signal, draw);
  signal.addEventListener('abort', () => stopStock());
}

/** Articles are looked up once; a price that is no longer the one in the basket is taken over and said aloud. */
async function refreshPrices(signal, draw) {
  let changed = 0;
  await Promise.all(
    basket.lines().map(async (line) => {
      const answer = await api.product(line.sku, signal).catch(() => null);
      if (!answer || toUnits(answer.product.price) === toUnits(line.price)) return;
      basket.setPrice(line.sku, answer.product.price);
      changed++;
    }),
  );
  if (changed === 0 || signal.aborted) return;
  toast(`${plural(changed, 'price has', 'prices have')} changed since; your basket shows the new ones.`);
  draw();
}

function basketLine(line, stock, redraw) {
  const badge = h('span', { class: 'badge' });
  stock.set(line.sku, badge);
  const quantity = h('input', {
    type: 'number',
    min: 1,
    max: MAX_QUANTITY,
    value: line.quantity,
    inputmode: 'numeric',
    'aria-label': `How many of ${line.name}`,
    onchange: () => {
      basket.setQuantity(line.sku, Number(quantity.value));
      redraw();
    },
  });
  const remove = h(
    'button',
    {
      type: 'button',
      class: 'link',
      'aria-label': `Remove ${line.name}`,
      onclick: () => {
        basket.remove(line.sku);
        redraw();
        document.getElementById('main').focus();
      },
    },
    'Remove',
  );
  return h(
    'li',
    { class: 'basket-line' },
    h(
      'a',
      {
        class: 'basket-picture',
        href: `/product/${encodeURIComponent(line.sku)}`,
        'data-link': true,
        tabindex: -1,
        'aria-hidden': 'true',
      },
      picture(line),
    ),
    h(
      'div',
      { class: 'basket-what' },
      h('a', { href: `/product/${encodeURIComponent(line.sku)}`, 'data-link': true }, line.name),
      h('p', { class: 'variant' }, [line.colour, line.size].filter(Boolean).join(' · ')),
      badge,
    ),
    h('div', { class: 'basket-count-cell' }, quantity, remove),
    h(
      'p',
      { class: 'basket-price' },
      h('strong', {}, money(fromUnits(toUnits(line.price) * BigInt(line.quantity)))),
      line.quantity > 1 && h('span', { class: 'muted' }, `${money(line.price)} each`),
    ),
  );
}

function summary(lines, navigate) {
  const total = lines.reduce((sum, line) => sum + toUnits(line.price) * BigInt(line.quantity), 0n);
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const button = h('button', { type: 'button', class: 'big', id: 'place-order' }, 'Place order');
  button.addEventListener('click', async () => {
    button.disabled = true;
    button.textContent = 'Placing your order…';
    problem.hidden = true;
    try {
      const order = await api.checkout({
        idempotencyKey: basket.checkoutKey(),
        lines: lines.map(({ sku, quantity, price }) => ({ sku, quantity, unitPrice: price })),
      });
      basket.clear();
      const query = new URLSearchParams({ key: order.orderKey, after: order.commandId });
      navigate(`/order/${encodeURIComponent(order.orderId)}?${query}`);
    } catch (error) {
      // Nothing was heard, or the shop is busy: the same attempt may go on. Anything else was decided.
      if (error.status >= 400 && error.status < 500 && error.status !== 429) basket.newAttempt();
      problem.textContent = refusal(error, lines);
      problem.hidden = false;
      button.disabled = false;
      button.textContent = 'Place order';
    }
  });
  return h(
    'aside',
    { class: 'summary' },
    h('h2', {}, 'Your order'),
    h(
      'dl',
      {},
      h(
        'dt',
        {},
        plural(
          lines.reduce((sum, line) => sum + line.quantity, 0),
          'article',
        ),
      ),
      h('dd', {}, money(fromUnits(total))),
      h('dt', {}, 'Delivery'),
      h('dd', {}, 'Free'),
      h('dt', { class: 'grand' }, 'Total'),
      h('dd', { class: 'grand' }, money(fromUnits(total))),
    ),
    problem,
    button,
    h(
      'p',
      { class: 'muted small-text' },
      'A demonstration account is used; nothing is charged and nobody comes to your door.',
    ),
  );
}

/** What the shop answers, in the shopper's terms. */
function refusal(error, lines) {
  const { problem } = error;
  // The shop names the place in the order, `/lines/1/quantity`.
  const [, at] = /^\/lines\/(\d+)\//.exec(problem.errors?.[0]?.pointer ?? '') ?? [];
  const line = lines[Number(at)];
  const name = line?.name ?? 'one article';
  switch (problem.code) {
    case 'not-enough-stock':
      return `Of ${name} only ${problem.available} can be promised just now. Please lower the number.`;
    case 'price-differs':
      if (line && problem.expected) basket.setPrice(line.sku, problem.expected);
      return `The price of ${name} has just changed${problem.expected ? ` to ${money(problem.expected)}` : ''}. Please look at your basket again.`;
    case 'unknown-product':
      return `${name} is no longer sold. Please remove it from your basket.`;
    default:
      return error.message;
  }
}
