import { api } from './api.js';
import { h, replace } from './dom.js';
import { money } from './format.js';

const PAUSE_MS = 110;
const SHOWN = 8;

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
    navigate(
      suggestion.sku
        ? `/product/${encodeURIComponent(suggestion.sku)}`
        : `/?${new URLSearchParams({ q: suggestion.text })}`,
    );
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
      const { suggestions } = await api.suggest(input.value.trim(), signal);
      if (!signal.aborted && document.activeElement === input) show(grouped(suggestions));
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

/** Colours and sizes of one article come as one suggestion, which then lists them all. */
function grouped(suggestions) {
  const byText = new Map();
  for (const suggestion of suggestions) {
    const same = byText.get(suggestion.text);
    if (same) same.kinds++;
    else byText.set(suggestion.text, { ...suggestion, sku: suggestion.kinds === 1 ?? suggestion.id, kinds: 1 });
  }
  return [...byText.values()].slice(0, SHOWN);
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
    h(
      'small',
      {},
      [
        suggestion.category,
        suggestion.kinds === 1
          ? suggestion.price && money(suggestion.price, suggestion.currency)
          : `${suggestion.kinds} kinds`,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
  );
}
