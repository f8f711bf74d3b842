import { h, setLive } from './dom.js';
import { money } from './format.js';
import { picture, swatch } from './picture.js';
import { stockWords } from './stockStream.js';

/** Price, with the one before the promotion struck through. */
export function priceTag(product) {
  if (product.purchasable === false) return h('p', { class: 'price muted' }, 'Not on sale');
  return h(
    'p',
    { class: 'price' },
    product.wasPrice && h('s', {}, h('span', { class: 'hidden' }, 'was '), money(product.wasPrice, product.currency)),
    h('strong', { class: product.wasPrice ? 'offer' : null }, money(product.price, product.currency)),
  );
}

/** Colour and size in a line. */
export function variantLine(product) {
  const colour = swatch(product.colour);
  if (!product.colour && !product.size) return null;
  return h(
    'p',
    { class: 'variant' },
    colour && dot(colour),
    [product.colour, product.size].filter(Boolean).join(' · '),
  );
}

function dot(colour) {
  const element = h('span', { class: 'dot', 'aria-hidden': 'true' });
  element.style.background = colour;
  return element;
}

/** One article in a list. `showStock(pieces)` fills in the live level. */
export function productCard(product) {
  const badge = h('span', { class: 'badge' });
  const element = h(
    'li',
    { class: 'card' },
    h(
      'a',
      { class: 'card-link', href: `/product/${encodeURIComponent(product.sku)}`, 'data-link': true },
      h('div', { class: 'card-picture' }, picture(product), product.wasPrice && h('span', { class: 'flag' }, 'Offer')),
      h('p', { class: 'card-brand' }, product.brand ?? product.category),
      h('h3', { class: 'card-name' }, product.name),
      variantLine(product),
      priceTag(product),
    ),
    badge,
  );
  return {
    sku: product.sku,
    element,
    showStock(pieces) {
      const { text, tone } = stockWords(pieces);
      badge.dataset.tone = tone;
      setLive(badge, text);
    },
  };
}

/** Grey boxes while a list is on its way. */
export function skeletonCards(count) {
  return Array.from({ length: count }, () =>
    h(
      'li',
      { class: 'card skeleton', 'aria-hidden': 'true' },
      h('div', { class: 'card-picture' }),
      h('div', { class: 'bar short' }),
      h('div', { class: 'bar' }),
      h('div', { class: 'bar short' }),
    ),
  );
}
