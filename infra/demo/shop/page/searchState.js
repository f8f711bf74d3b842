import { FACETS } from './facets.js';

/** What is searched for lives in the address, so that it can be shared, reloaded and gone back to. */

export const SORTS = [
  ['relevance', 'Best match'],
  ['newest', 'Newest'],
  ['price_asc', 'Price, low to high'],
  ['price_desc', 'Price, high to low'],
  ['name', 'Name'],
];
export const PAGE_SIZE = 24;
const FILTERS = [...FACETS.map(([name]) => name), 'purchasable'];

export function readState(query) {
  const filters = {};
  for (const name of FILTERS) {
    const values = query.getAll(name).filter((value) => value !== '' && value.length <= 100);
    if (values.length > 0) filters[name] = values.slice(0, 20);
  }
  const q = (query.get('q') ?? '').trim().slice(0, 200);
  const sort = SORTS.some(([name]) => name === query.get('sort')) ? query.get('sort') : q ? 'relevance' : 'newest';
  const amount = (name) => (/^\d{1,6}(\.\d{1,2})?$/.test(query.get(name) ?? '') ? query.get(name) : '');
  const inStock = query.get('stock') === 'only';
  return { q, filters, sort, inStock, priceMin: amount('priceMin'), priceMax: amount('priceMax') };
}

/** The page's own address for a state; defaults are left out. */
export function stateQuery(state) {
  const query = new URLSearchParams();
  if (state.q) query.set('q', state.q);
  for (const [name, values] of Object.entries(state.filters)) for (const value of values) query.append(name, value);
  if (state.priceMin) query.set('priceMin', state.priceMin);
  if (state.priceMax) query.set('priceMax', state.priceMax);
  if (state.inStock) query.set('stock', 'only');
  if (state.sort !== (state.q ? 'relevance' : 'newest')) query.set('sort', state.sort);
  return query;
}

/** What the API is asked. */
export function requestQuery(state, cursor) {
  const query = stateQuery(state);
  query.delete('priceMin');
  query.delete('priceMax');
  // The API takes hundredths, from (inclusive) and to (exclusive).
  if (state.priceMin) query.set('priceFrom', String(hundredths(state.priceMin)));
  if (state.priceMax) query.set('priceTo', String(hundredths(state.priceMax) + 1));
  query.set('sort', state.sort);
  query.set('limit', String(PAGE_SIZE));
  // What can be had comes first on each page.
  if (!state.inStock) query.set('stock', 'first');
  if (cursor) query.set('cursor', cursor);
  return query;
}

const hundredths = (text) => Math.round(Number(text) * 100);

export function toggled(state, name, value) {
  const present = state.filters[name] ?? [];
  const values = present.includes(value) ? present.filter((other) => other !== value) : [...present, value];
  const filters = { ...state.filters, [name]: values };
  if (values.length === 0) delete filters[name];
  return { ...state, filters };
}

export const isNarrowed = (state) =>
  state.inStock || Object.keys(state.filters).length > 0 || state.priceMin !== '' || state.priceMax !== '';
