import { api } from './api.js';
import { basket } from './basket.js';
import { priceTag, variantLine } from './card.js';
import { h, notice, replace, toast } from './dom.js';
import { picture, swatch } from './picture.js';
import { stockPanel } from './stockPanel.js';

/** One article: what it is, what it costs, where it is, at this moment. */
export async function productView({ main, sku, shop, signal, title }) {
  replace(
    main,
    h(
      'div',
      { class: 'product skeleton', 'aria-busy': 'true' },
      h('div', { class: 'product-picture' }),
      h(
        'div',
        { class: 'product-facts' },
        h('div', { class: 'bar short' }),
        h('div', { class: 'bar tall' }),
        h('div', { class: 'bar' }),
      ),
    ),
  );
  let product;
  try {
    product = (await api.product(sku, signal)).product;
  } catch (error) {
    if (signal.aborted) return;
    const gone = error.status === 404;
    replace(
      main,
      notice(
        gone ? 'No longer in the shop' : 'That did not work',
        gone ? 'This article has been withdrawn, or never was here.' : error.message,
        h('a', { class: 'button', href: '/', 'data-link': true }, 'Back to the shop'),
      ),
    );
    return;
  }
  title(product.name);
  const panel = stockPanel(product, shop, signal);
  const variants = h('div', { class: 'variants' });
  replace(
    main,
    crumbs(product),
    h(
      'article',
      { class: 'product' },
      h('div', { class: 'product-picture' }, picture(product)),
      h(
        'div',
        { class: 'product-facts' },
        h('p', { class: 'card-brand' }, product.brand),
        h('h1', {}, product.name),
        variantLine(product),
        priceTag(product),
        panel.summary,
        product.purchasable !== false && buyForm(product, panel),
        product.description && h('p', { class: 'description' }, product.description),
        variants,
        details(product),
      ),
      panel.places,
    ),
  );
  showVariants(variants, product, signal).catch(() => variants.remove());
}

function crumbs(product) {
  const link = (query, text) => h('a', { href: `/?${new URLSearchParams(query)}`, 'data-link': true }, text);
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Where you are' },
    h('a', { href: '/', 'data-link': true }, 'Shop'),
    link({ category: product.category }, product.category),
    product.subcategory && link({ category: product.category, subcategory: product.subcategory }, product.subcategory),
  );
}

function buyForm(product, panel) {
  const quantity = h('input', {
    type: 'number',
    name: 'quantity',
    min: 1,
    max: 99,
    step: 1,
    value: 1,
    inputmode: 'numeric',
    'aria-label': 'How many',
  });
  const button = h('button', { type: 'submit', class: 'big', id: 'add-to-basket' }, 'Add to basket');
  panel.onPieces((pieces) => {
    button.disabled = pieces <= 0;
    button.textContent = pieces <= 0 ? 'Out of stock' : 'Add to basket';
  });
  return h(
    'form',
    {
      class: 'buy',
      onsubmit: (event) => {
        event.preventDefault();
        const pieces = Math.max(1, Math.min(99, Math.trunc(Number(quantity.value)) || 1));
        basket.add(product, pieces);
        toast(
          `${pieces} × ${product.name} in your basket.`,
          h('a', { href: '/basket', 'data-link': true }, 'Go to basket'),
        );
      },
    },
    quantity,
    button,
  );
}

function details(product) {
  const rows = [
    ['Code', product.sku],
    [/^\d{8,14}$/.test(product.barcode ?? '') ? 'Bar code' : 'Number', product.barcode],
    ['Colour', product.colour],
    ['Size', product.size],
  ].filter(([, value]) => value);
  return h(
    'dl',
    { class: 'details' },
    rows.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
}

/** The same article in other colours and sizes: those found under the very same name. */
async function showVariants(area, product, signal) {
  const query = new URLSearchParams({ q: product.name, limit: '48' });
  if (product.brand) query.set('brand', product.brand);
  const { items } = await api.search(query, signal);
  const same = items.filter((item) => item.name === product.name && (item.colour || item.size));
  if (same.length < 2) return;
  replace(
    area,
    h('h2', {}, 'Colours and sizes'),
    h(
      'ul',
      {},
      same.map((item) => {
        const colour = swatch(item.colour);
        const dot = colour && h('span', { class: 'dot', 'aria-hidden': 'true' });
        if (dot) dot.style.background = colour;
        return h(
          'li',
          {},
          h(
            'a',
            {
              class: 'chip',
              href: `/product/${encodeURIComponent(item.sku)}`,
              'data-link': true,
              'aria-current': item.sku === product.sku && 'true',
            },
            dot,
            [item.colour, item.size].filter(Boolean).join(' · '),
          ),
        );
      }),
    ),
  );
}
