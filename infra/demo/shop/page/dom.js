/** Builds elements. Text always goes in as text nodes: nothing that comes from the shop's data is ever parsed as HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * `h('a', { class: 'x', href, onclick }, 'text', child)`. `on…` attaches a listener, true and false switch attributes, null and
 * undefined are left out.
 */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Swaps an element's children. */
export function replace(element, ...children) {
  element.replaceChildren(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Text that fades in briefly when it changes, so that the eye finds what moved. */
export function setLive(element, text) {
  if (element.textContent === text) return false;
  const first = element.textContent === '';
  element.textContent = text;
  if (!first) flash(element);
  return !first;
}

export function flash(element) {
  element.classList.remove('flash');
  void element.getBoundingClientRect();
  element.classList.add('flash');
}

/** Says something in passing, to eyes and screen readers. */
export function toast(text, action) {
  const box = h('div', { class: 'toast' }, h('span', {}, text), action ?? null);
  const area = document.getElementById('toasts');
  area.append(box);
  while (area.children.length > 3) area.firstChild.remove();
  setTimeout(() => box.remove(), 5000);
}

/** A friendly box for nothing, trouble and the like. */
export function notice(title, text, ...actions) {
  return h(
    'section',
    { class: 'notice' },
    h('h2', {}, title),
    h('p', {}, text),
    actions.length > 0 && h('div', { class: 'notice-actions' }, actions),
  );
}
