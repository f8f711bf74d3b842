import { api } from './api.js';
import { h, replace } from './dom.js';
import { facetTitle } from './facets.js';
import { money, plural } from './format.js';

const PAUSE_MS = 110;
const SHOWN = 9;
const VALUES_SHOWN = 2;
const WORDS_SHOWN = 2;

/**
 * Suggestions under the search box, after the ARIA combobox pattern: arrows move, Enter takes, Escape closes, typing goes on as usual.
 */
export function setUpFinder(form, navigate) {
  const input = form.elements.q;
  const list = form.querySelector('[role=listbox]');
  let asked;
  let timer;
  let active = -1;

  const close = () => {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const options = () => [...list.children];
  const mark = (index) => {
    const all = options();
    active = all.length === 0 ? -1 : (index + all.length) % all.length;
    for (const [at, option] of all.entries()) option.setAttribute('aria-selected', String(at === active));
    if (active >= 0) input.setAttribute('aria-activedescendant', all[active].id);
    all[active]?.scrollIntoView({ block: 'nearest' });
  };
  const take = (suggestion) => {
    close();
    input.blur();
    navigate(suggestion.href);
  };
  const show = (suggestions) => {
    if (suggestions.length === 0) return close();
    replace(
      list,
      suggestions.map((suggestion, index) => option(suggestion, index, take)),
    );
    list.hidden = false;
    active = -1;
    input.setAttribute('aria-expanded', 'true');
  };
  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    try {
      const found = await api.suggest(input.value.trim(), signal);
      if (!signal.aborted && document.activeElement === input) show(offers(found));
    } catch {
      // Suggestions are a courtesy: without them the search still works.
      if (!signal.aborted) close();
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    if (input.value.trim() === '') close();
    else timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return close();
    if (list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      mark(event.key === 'ArrowDown' ? active + 1 : active < 0 ? -1 : active - 1);
    } else if (event.key === 'Enter' && active >= 0) {
      event.preventDefault();
      options()[active].click();
    }
  });
  input.addEventListener('blur', () => setTimeout(close, 120));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    close();
    input.blur();
    const q = input.value.trim();
    navigate(q ? `/?${new URLSearchParams({ q })}` : '/');
  });
}

/** Departments and types first, then the word completed, then articles. */
function offers({ suggestions, completions = [], values = [] }) {
  const named = values.slice(0, VALUES_SHOWN).map(({ facet, value, count }) => ({
    text: value,
    note: `${facetTitle(facet)} · ${plural(count, 'article')}`,
    href: searchFor(facet, value),
  }));
  const words = completions.slice(0, WORDS_SHOWN).map((text) => ({ text, note: 'Search', href: searchFor('q', text) }));
  return [...named, ...words, ...grouped(suggestions)].slice(0, SHOWN);
}

const searchFor = (name, value) => `/?${new URLSearchParams({ [name]: value })}`;

/** Colours and sizes of one article come as one suggestion, which then lists them all. */
function grouped(suggestions) {
  return [...Map.groupBy(suggestions, ({ text }) => text)].map(([text, [first, ...others]]) => {
    const single = others.length === 0 && first.sku;
    const note = single ? first.price && money(first.price, first.currency) : plural(others.length + 1, 'kind');
    return {
      text,
      note: [first.category, note].filter(Boolean).join(' · '),
      href: single ? `/product/${encodeURIComponent(first.sku)}` : searchFor('q', text),
    };
  });
}

function option(suggestion, index, take) {
  return h(
    'div',
    {
      class: 'finder-option',
      id: `finder-option-${index}`,
      role: 'option',
      'aria-selected': 'false',
      // The box must not lose the focus before the click arrives.
      onmousedown: (event) => event.preventDefault(),
      onclick: () => take(suggestion),
    },
    h('span', {}, suggestion.text),
    h('small', {}, suggestion.note),
  );
}
