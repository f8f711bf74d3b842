import { api } from './api.js';
import { flash, h, setLive } from './dom.js';
import { plural, time } from './format.js';
import { deliverable, followStock, stockWords } from './stockStream.js';

/** Live stock of one article: a line beside the price and a table of all places. Both change by themselves. */
export function stockPanel({ sku, purchasable }, shop, signal) {
  const listeners = [];
  const words = h('strong', { class: 'stock-words' });
  const lamp = h(
    'span',
    { class: 'lamp', 'data-state': 'waiting' },
    h('span', { class: 'lamp-dot', 'aria-hidden': 'true' }),
    h('span', { class: 'lamp-text' }, 'connecting'),
  );
  const summary = h('p', { class: 'stock-summary', id: 'stock-summary' }, words, lamp);
  const rows = new Map();
  const body = h('tbody');
  const asOf = h('p', { class: 'muted small-text' });
  const places = h(
    'section',
    { class: 'places', 'aria-labelledby': 'places-title', hidden: true },
    h('h2', { id: 'places-title' }, 'Where it is'),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Place'),
          h('th', { scope: 'col', class: 'number' }, 'Free'),
          h('th', { scope: 'col', class: 'number wide' }, 'On the shelf'),
          h('th', { scope: 'col', class: 'number wide' }, 'Promised'),
        ),
      ),
      body,
    ),
    asOf,
    askDatabase(sku, signal),
  );

  const show = (item) => {
    const pieces = deliverable(item, shop.deliveryLocations);
    const { text, tone } = stockWords(pieces);
    words.dataset.tone = tone;
    setLive(words, pieces > 10 && purchasable !== false ? `${text}, ready to send` : text);
    for (const listener of listeners) listener(pieces);
    places.hidden = item.locations.length === 0;
    for (const place of sorted(item.locations)) showPlace(body, rows, place, shop);
    const other = shop.deliveryLocations ? item.available - pieces : 0;
    const elsewhere = other > 0 ? `${plural(other, 'piece')} in our branches. ` : '';
    const age =
      item.asOf === null
        ? 'How old this is is not known yet.'
        : `As of ${time(item.asOf)}${item.stale ? ', which is later than it should be' : ''}.`;
    asOf.textContent = elsewhere + age;
  };
  const stop = followStock([sku], show, (state) => {
    lamp.dataset.state = state;
    lamp.lastChild.textContent = state === 'live' ? 'live' : 'reconnecting';
  });
  signal.addEventListener('abort', stop);
  return { summary, places, onPieces: (listener) => listeners.push(listener) };
}

/** Asks the old system itself, past every copy: what a shop does for the few articles it may not promise from a copy. */
function askDatabase(sku, signal) {
  const answer = h('span', { class: 'muted small-text', role: 'status', id: 'live-stock' });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: async () => {
        button.disabled = true;
        try {
          const { items, asOf } = await api.liveStock(sku, signal);
          const [item] = items;
          answer.textContent = item
            ? `${plural(item.available, 'piece')} for web orders, ${item.reserved} promised, at ${time(asOf)}.`
            : 'It is not sold on the web.';
        } catch (error) {
          if (!signal.aborted) answer.textContent = error.message;
        }
        button.disabled = false;
      },
    },
    'Ask the till system now',
  );
  return h('p', { class: 'notice-actions' }, button, answer);
}

const sorted = (locations) =>
  [...locations].sort((a, b) => Number(a.location) - Number(b.location) || (a.location < b.location ? -1 : 1));

function showPlace(body, rows, place, shop) {
  const values = [place.available, place.onHand, place.reserved];
  let row = rows.get(place.location);
  if (!row) {
    const cells = values.map((_, index) => h('td', { class: index === 0 ? 'number' : 'number wide' }));
    const delivers = shop.deliveryLocations?.includes(place.location);
    const name = h(
      'th',
      { scope: 'row' },
      shop.locations[place.location] ?? `Place ${place.location}`,
      delivers && h('span', { class: 'tag' }, 'sends your order'),
    );
    row = { element: h('tr', { 'data-location': place.location }, name, cells), cells };
    rows.set(place.location, row);
    body.append(row.element);
  }
  let changed = false;
  for (const [index, cell] of row.cells.entries()) changed = setLive(cell, String(values[index])) || changed;
  row.element.classList.toggle('empty', place.available <= 0);
  if (changed) flash(row.element);
}
