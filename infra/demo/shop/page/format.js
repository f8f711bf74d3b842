/** How numbers, money and times look in the shop's own language. Set once from /api/shop. */

let locale = 'en-GB';
let currency = 'GBP';

export function setLocale(shop) {
  locale = shop.locale;
  currency = shop.currency;
  document.documentElement.lang = shop.locale;
}

/** Decimal text (`12.3400`) → `£12.34`. Intl takes the text itself, so no digit is lost on the way. */
export function money(text, code = currency) {
  return new Intl.NumberFormat(locale, { style: 'currency', currency: code }).format(text);
}

export const count = (value) => new Intl.NumberFormat(locale).format(value);

export function time(iso) {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    new Date(iso),
  );
}

/** `3 articles`, `1 article`. */
export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** Decimal text → ten-thousandths as bigint, and back with two places or four where they matter. */
export function toUnits(text) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(4, '0').slice(0, 4)}`);
}

export function fromUnits(units) {
  const digits = units.toString().padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4).replace(/00$/, '')}`;
}
