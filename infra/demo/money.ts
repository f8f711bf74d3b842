/** Exact money for the demo: whole hundredths (pence, cents) as bigint-free integers small enough for a number, or text. */

/** 1234 → `12.34`. */
export function penceToText(pence: number): string {
  const sign = pence < 0 ? '-' : '';
  const digits = String(Math.abs(pence)).padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `12.3450` (any scale) → 1235: hundredths, halves away from zero, as shop tills round. Throws on anything but a decimal number. */
export function textToPence(text: string): number {
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || (!match[2] && !match[3]))
    throw new RangeError(`expected a decimal number, found ${JSON.stringify(text)}`);
  const fraction = `${match[3] ?? ''}000`;
  const rounded = BigInt(`${match[2]}${fraction.slice(0, 2)}`) + (fraction.charAt(2) >= '5' ? 1n : 0n);
  if (rounded > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`amount out of range: ${text}`);
  const pence = Number(rounded);
  return match[1] && pence !== 0 ? -pence : pence;
}

/** The VAT inside a VAT-inclusive amount: `pence × rate / (100 + rate)`, rounded half up to the penny. `ratePct` as text, e.g. `20.00`. */
export function vatInside(pence: number, ratePct: string): number {
  const rate = textToPence(ratePct);
  return Math.floor((2 * pence * rate + 10_000 + rate) / (2 * (10_000 + rate)));
}
