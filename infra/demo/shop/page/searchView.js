import { api } from './api.js';
import { productCard, skeletonCards } from './card.js';
import { h, notice, replace } from './dom.js';
import { facetColumn, facetValueName } from './facets.js';
import { count, money, plural } from './format.js';
import { isNarrowed, readState, requestQuery, SORTS, stateQuery, toggled } from './searchState.js';
import { deliverable, followStock } from './stockStream.js';

/** The list: what was found, what it can be narrowed to, and how many of each are on the shelf right now. */
export function searchView({ main, url, shop, navigate, signal, title }) {
  const state = readState(url.searchParams);
  title(state.q ? `${state.q} – search` : null);
  const cards = new Map();
  let stopStock = () => {};
  let seen = 0;

  const heading = h('h1', { class: 'results-title' }, headline(state));
  const total = h('p', { class: 'results-total', role: 'status' }, 'Searching…');
  const chips = h('div', { class: 'chips' });
  const advice = h('p', { class: 'advice', 'aria-live': 'polite' });
  const list = h('ul', { class: 'grid', 'aria-busy': 'true' }, skeletonCards(12));
  const column = h('aside', { class: 'facets', id: 'facets', 'aria-label': 'Filters' });
  const more = h('div', { class: 'more' });
  const body = h('div', { class: 'results' }, list, more);
  const go = (next, focusId) => navigate(`/?${stateQuery(next)}`, { keepScroll: true, focusId });

  replace(
    main,
    h(
      'div',
      { class: 'results-head' },
      h('div', {}, heading, total),
      h('div', { class: 'results-tools' }, filterButton(column), sortControl(state, go)),
    ),
    chips,
    advice,
    h('div', { class: 'search-layout' }, column, body),
  );
  drawChips(chips, state, go);

  const load = async (cursor) => {
    const found = await api.search(requestQuery(state, cursor), signal);
    if (!cursor) {
      drawFacets(column, found, state, go);
      list.replaceChildren();
    }
    list.removeAttribute('aria-busy');
    seen += found.items.length;
    total.textContent = totalText(found, seen, state);
    if (!cursor) replace(advice, adviceOn(found, state, go));
    const fresh = found.items.map(productCard);
    for (const card of fresh) {
      cards.set(card.sku, card);
      list.append(card.element);
    }
    if (seen === 0 && !found.nextCursor) replace(body, nothingFound(state, go), popular(found));
    drawMore(more, found.nextCursor, load, fail);
    followAll();
    if (cursor) fresh[0]?.element.querySelector('a').focus({ preventScroll: true });
  };
  const followAll = () => {
    stopStock();
    // Only the newest hundred are followed live; the stream takes no more.
    stopStock = followStock([...cards.keys()].slice(-100), (item) =>
      cards.get(item.sku)?.showStock(deliverable(item, shop.deliveryLocations)),
    );
  };
  const fail = (error) => {
    if (signal.aborted) return;
    total.textContent = '';
    replace(
      body,
      notice(
        'That did not work',
        error.message,
        h('button', { onclick: () => navigate(location.href, { replace: true }) }, 'Try again'),
      ),
    );
  };
  load().catch(fail);
  signal.addEventListener('abort', () => stopStock());
}

/** Stock is looked at page by page, so that there is no total of what can be had. */
function totalText(found, seen, state) {
  if (seen === 0 && !found.nextCursor) return 'Nothing found';
  if (state.inStock) return `${plural(seen, 'article')} in stock${found.nextCursor ? ', and more' : ''}`;
  return `${plural(found.total, 'article')}${found.total > seen ? `, ${count(seen)} shown` : ''}`;
}

/** Says what the search did when nothing had all the words. */
function adviceOn({ relaxed, didYouMean, total }, state, go) {
  if (!relaxed || total === 0) return [];
  const said = [];
  if (didYouMean)
    said.push(
      'Showing results for ',
      h('button', { type: 'button', class: 'link', onclick: () => go({ ...state, q: didYouMean }) }, didYouMean),
      '. ',
    );
  if (relaxed.step === 'fewerWords')
    said.push(
      relaxed.optionalWords.length > 0
        ? `No article has all the words; these were left out: ${relaxed.optionalWords.join(', ')}.`
        : 'No article has all the words; these have some of them.',
    );
  return said;
}

/** What others look at, when nothing matches. */
function popular({ instead = [] }) {
  if (instead.length === 0) return [];
  const cards = instead.map((item) => productCard(item).element);
  return [h('h2', { class: 'instead-title' }, 'Popular instead'), h('ul', { class: 'grid' }, cards)];
}

/** The words, or the one department or type that was chosen. */
function headline(state) {
  if (state.q) return `“${state.q}”`;
  const only = [state.filters.subcategory, state.filters.category].find((values) => values?.length === 1);
  return only?.[0] ?? 'Everything in the shop';
}

function sortControl(state, go) {
  const select = h(
    'select',
    { id: 'sort', onchange: () => go({ ...state, sort: select.value }, 'sort') },
    SORTS.filter(([name]) => name !== 'relevance' || state.q).map(([name, label]) =>
      h('option', { value: name, selected: name === state.sort }, label),
    ),
  );
  return h('label', { class: 'sort' }, h('span', {}, 'Sort by'), select);
}

/** On a phone the filters are folded away behind this button. */
function filterButton(column) {
  const button = h(
    'button',
    { type: 'button', class: 'filter-button', 'aria-controls': 'facets', 'aria-expanded': 'false' },
    'Filters',
  );
  button.addEventListener('click', () => {
    const open = column.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
    sessionStorage.setItem('filters.open', open ? '1' : '');
  });
  if (sessionStorage.getItem('filters.open')) {
    column.classList.add('open');
    button.setAttribute('aria-expanded', 'true');
  }
  return button;
}

function drawFacets(column, found, state, go) {
  replace(
    column,
    facetColumn(found.facets ?? {}, state, {
      toggle: (name, value, id) => go(toggled(state, name, value), id),
      setBounds: (priceMin, priceMax) => go({ ...state, priceMin, priceMax }),
      setInStock: (inStock) => go({ ...state, inStock }, 'facet-in-stock'),
    }),
  );
}

function drawChips(chips, state, go) {
  const chip = (label, next) =>
    h(
      'button',
      { type: 'button', class: 'chip', 'aria-label': `Remove filter ${label}`, onclick: () => go(next) },
      label,
      h('span', { 'aria-hidden': 'true' }, '×'),
    );
  const all = Object.entries(state.filters).flatMap(([name, values]) =>
    values.map((value) =>
      chip(name === 'purchasable' ? 'On sale' : facetValueName(name, value), toggled(state, name, value)),
    ),
  );
  if (state.inStock) all.push(chip('In stock now', { ...state, inStock: false }));
  if (state.priceMin) all.push(chip(`From ${money(state.priceMin)}`, { ...state, priceMin: '' }));
  if (state.priceMax) all.push(chip(`Up to ${money(state.priceMax)}`, { ...state, priceMax: '' }));
  if (all.length > 1)
    all.push(
      h(
        'button',
        {
          type: 'button',
          class: 'link',
          onclick: () => go({ ...state, filters: {}, inStock: false, priceMin: '', priceMax: '' }),
        },
        'Clear all',
      ),
    );
  replace(chips, all);
}

function nothingFound(state, go) {
  const actions = [];
  if (isNarrowed(state))
    actions.push(
      h(
        'button',
        { onclick: () => go({ ...state, filters: {}, inStock: false, priceMin: '', priceMax: '' }) },
        'Remove all filters',
      ),
    );
  actions.push(h('a', { class: 'button quiet', href: '/', 'data-link': true }, 'See everything'));
  return notice(
    'Nothing matches',
    state.q ? 'Try fewer or other words, or look through the departments.' : 'No article has all of these properties.',
    ...actions,
  );
}

function drawMore(more, cursor, load, fail) {
  if (!cursor) return replace(more);
  const button = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: () => {
        button.disabled = true;
        button.textContent = 'Loading…';
        load(cursor).catch(fail);
      },
    },
    'Show more',
  );
  return replace(more, button);
}
