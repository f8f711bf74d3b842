import { h } from './dom.js';
import { count, money } from './format.js';
import { swatch } from './picture.js';

/** The filters beside the list. Which values exist, and how many articles each has, comes with every answer. */
export const FACETS = [
  ['category', 'Department'],
  ['subcategory', 'Type'],
  ['price', 'Price'],
  ['brand', 'Brand'],
  ['colour', 'Colour'],
  ['size', 'Size'],
];
const SHOWN_AT_FIRST = 8;

/** A facet's name for people. */
export const facetTitle = (facet) => FACETS.find(([name]) => name === facet)?.[1] ?? facet;

const expanded = new Set();

/** `25-50` → `£25 to £50`; the keys are those of the catalogue's price ranges. */
export function priceRangeName(key) {
  const whole = (number) => money(number).replace(/[.,]00$/, '');
  const [, under, over, from, to] = /^(?:under-(\d+)|over-(\d+)|(\d+)-(\d+))$/.exec(key) ?? [];
  if (under) return `Under ${whole(under)}`;
  if (over) return `Over ${whole(over)}`;
  return from ? `${whole(from)} to ${whole(to)}` : key;
}

/** Where a price range begins, for its place in the list. */
const lowest = (key) => (key.startsWith('under') ? 0 : Number(/\d+/.exec(key)?.[0] ?? 0));

export const facetValueName = (facet, value) => (facet === 'price' ? priceRangeName(value) : value);

/** The whole column. `chosen(name)` gives a Set of values; `toggle(name, value)` and `setBounds(min, max)` change them. */
export function facetColumn(facets, state, { toggle, setBounds, setInStock }) {
  return FACETS.map(([name, title]) => {
    const values = merged(facets[name] ?? [], state.filters[name] ?? []);
    if (name === 'price') values.sort((a, b) => lowest(a.value) - lowest(b.value));
    if (values.length === 0 && name !== 'price') return null;
    return h(
      'fieldset',
      { class: 'facet' },
      h('legend', {}, title),
      valueList(name, values, state, toggle),
      name === 'price' && boundsForm(state, setBounds),
    );
  }).concat(availability(facets, state, toggle, setInStock));
}

/** Chosen values stay visible even when nothing has them any more, so that they can be taken off. */
function merged(values, chosen) {
  const missing = chosen.filter((value) => !values.some((entry) => entry.value === value));
  return [
    ...missing.map((value) => ({ value, count: 0 })),
    ...values.filter((entry) => entry.count > 0 || chosen.includes(entry.value)),
  ];
}

function valueList(name, values, state, toggle) {
  const all = expanded.has(name);
  const list = h('ul', { class: 'facet-values' });
  const shown = all ? values : values.slice(0, SHOWN_AT_FIRST);
  for (const entry of shown) list.append(valueRow(name, entry, state, toggle));
  if (values.length <= SHOWN_AT_FIRST) return list;
  const more = h(
    'button',
    {
      type: 'button',
      class: 'link',
      'aria-expanded': all ? 'true' : 'false',
      onclick: () => {
        if (all) expanded.delete(name);
        else expanded.add(name);
        const next = valueList(name, values, state, toggle);
        holder.replaceWith(next);
        next.querySelector('button')?.focus();
      },
    },
    all ? 'Show fewer' : `Show all ${values.length}`,
  );
  const holder = h('div', {}, list, more);
  return holder;
}

function valueRow(name, { value, count: articles }, state, toggle) {
  const checked = (state.filters[name] ?? []).includes(value);
  const id = `facet-${name}-${value}`.replace(/[^\w-]/g, '_');
  const colour = name === 'colour' ? swatch(value) : null;
  const dot = colour && h('span', { class: 'dot', 'aria-hidden': 'true' });
  if (dot) dot.style.background = colour;
  return h(
    'li',
    {},
    h(
      'label',
      { class: 'facet-value' },
      h('input', { type: 'checkbox', id, checked, onchange: () => toggle(name, value, id) }),
      dot,
      h('span', { class: 'facet-name' }, facetValueName(name, value)),
      h('span', { class: 'facet-count' }, count(articles)),
    ),
  );
}

function boundsForm(state, setBounds) {
  const field = (name, label, value) =>
    h('input', {
      name,
      type: 'number',
      min: 0,
      max: 999999,
      step: 'any',
      inputmode: 'decimal',
      placeholder: label,
      'aria-label': `${label} price`,
      value,
    });
  return h(
    'form',
    {
      class: 'bounds',
      onsubmit: (event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        setBounds(data.get('min'), data.get('max'));
      },
    },
    field('min', 'Min', state.priceMin),
    h('span', { 'aria-hidden': 'true' }, '–'),
    field('max', 'Max', state.priceMax),
    h('button', { class: 'small', type: 'submit', 'aria-label': 'Apply price limits' }, 'Go'),
  );
}

/** What can be had now, by live stock; and what is on sale, offered only where some articles are shown without being sold. */
function availability(facets, state, toggle, setInStock) {
  const chosen = (state.filters.purchasable ?? []).includes('true');
  const unsold = (facets.purchasable ?? []).some((entry) => entry.value === 'false' && entry.count > 0);
  const id = 'facet-purchasable';
  return [
    h(
      'fieldset',
      { class: 'facet' },
      h('legend', {}, 'Availability'),
      choice('facet-in-stock', state.inStock, 'In stock now', () => setInStock(!state.inStock)),
      (unsold || chosen) && choice(id, chosen, 'Only what is on sale', () => toggle('purchasable', 'true', id)),
    ),
  ];
}

function choice(id, checked, label, onchange) {
  return h(
    'label',
    { class: 'facet-value' },
    h('input', { type: 'checkbox', id, checked, onchange }),
    h('span', { class: 'facet-name' }, label),
  );
}
