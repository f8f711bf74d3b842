import { s } from './dom.js';
import { glyphFor } from './glyphs.js';

/** There are no photographs, so each article gets a drawing: its kind's outline on a ground tinted by category, its own colour behind. */

const COLOURS = {
  black: '#2b2d2f',
  white: '#f7f7f2',
  navy: '#27406b',
  grey: '#8d9499',
  gray: '#8d9499',
  red: '#c2413a',
  green: '#4d8a57',
  olive: '#77783f',
  blue: '#3f76b5',
  teal: '#2f8688',
  mustard: '#d3a032',
  cream: '#efe3c4',
  charcoal: '#474c51',
  yellow: '#e2bd3c',
  silver: '#b9bfc4',
  'silver/black': '#7b8186',
  multi: '#b5679c',
};

function hash(text) {
  let value = 2166136261;
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0), 16777619);
  return value >>> 0;
}

/** CSS colour of a colour's name, or null. */
export const swatch = (name) => COLOURS[name?.toLowerCase()] ?? null;

/** Decorative, so screen readers skip it. */
export function picture(product) {
  const hue = hash(product.category ?? '') % 360;
  const seed = hash(product.sku);
  const accent = swatch(product.colour) ?? `hsl(${(hue + 150 + (seed % 40)) % 360} 38% 62%)`;
  const x = 30 + (seed % 40);
  const y = 34 + ((seed >>> 8) % 30);
  const glyph = glyphFor(product);
  const radius = 21 + ((seed >>> 16) % 9);
  return s(
    'svg',
    { class: 'picture', viewBox: '0 0 100 100', 'aria-hidden': 'true', preserveAspectRatio: 'xMidYMid slice' },
    s('rect', { width: 100, height: 100, fill: `hsl(${hue} var(--picture-saturation) var(--picture-lightness))` }),
    s('path', {
      d: `M0 ${78 - (seed % 9)}Q50 ${66 + (seed % 17)} 100 ${76 + ((seed >>> 4) % 9)}V100H0Z`,
      fill: `hsl(${hue} var(--picture-saturation) var(--picture-ground))`,
    }),
    s('circle', { cx: x, cy: y, r: radius, fill: accent, opacity: 0.66 }),
    s(
      'g',
      { transform: 'translate(26 26)', class: 'picture-lines' },
      s('path', { d: glyph, class: 'picture-halo' }),
      s('path', { d: glyph }),
    ),
  );
}
