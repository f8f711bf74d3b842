/** Arithmetic on scaled bigints: decimal and money values. */

const POWERS: bigint[] = [1n];
for (let i = 1; i <= 80; i++) POWERS.push(POWERS[i - 1]! * 10n);

/** 10^n for 0 <= n <= 80. */
export function pow10(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n);
}

/** a / b rounded half away from zero; b must not be 0. */
export function divideRounded(a: bigint, b: bigint): bigint {
  const q = a / b;
  const rest = a - q * b;
  const twice = 2n * (rest < 0n ? -rest : rest);
  if (twice < (b < 0n ? -b : b)) return q;
  return a < 0n === b < 0n ? q + 1n : q - 1n;
}

/** A value of scale `from` at scale `to`, rounded half away from zero when digits are lost. */
export function rescale(v: bigint, from: number, to: number): bigint {
  if (from === to) return v;
  return from < to ? v * pow10(to - from) : divideRounded(v, pow10(from - to));
}

/** The same, cut towards zero. */
export function rescaleTruncated(v: bigint, from: number, to: number): bigint {
  if (from === to) return v;
  return from < to ? v * pow10(to - from) : v / pow10(from - to);
}

/** Nearest double of an unscaled value. */
export function toDouble(v: bigint, scale: number): number {
  if (scale === 0) return Number(v);
  // Through text: the division of two doubles would round twice.
  return Number(scaledText(v, scale));
}

/** '-12.30' of -1230n at scale 2. */
export function scaledText(v: bigint, scale: number): string {
  if (scale === 0) return v.toString();
  const negative = v < 0n;
  const digits = (negative ? -v : v).toString().padStart(scale + 1, '0');
  const cut = digits.length - scale;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

/** A number read from text: unscaled value and its scale. */
export interface ReadNumber {
  readonly units: bigint;
  readonly scale: number;
}

const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** Reads '[+-]digits[.digits]' with blanks around it; undefined for anything else. */
export function readDecimal(text: string): ReadNumber | undefined {
  const t = text.trim();
  if (!PLAIN.test(t)) return undefined;
  const negative = t[0] === '-';
  const bare = t[0] === '-' || t[0] === '+' ? t.slice(1) : t;
  const point = bare.indexOf('.');
  const fraction = point < 0 ? '' : bare.slice(point + 1);
  const units = BigInt((point < 0 ? bare : bare.slice(0, point)) + fraction || '0');
  return { units: negative ? -units : units, scale: fraction.length };
}

/** A finite double as an unscaled value at `scale`, from its 17 significant digits, rounded half away from zero. */
export function doubleToScaled(v: number, scale: number): bigint {
  const [mantissa = '0', exponent = '0'] = v.toExponential(16).split('e');
  const digits = BigInt(mantissa.replace('.', ''));
  const shift = Number(exponent) - 16 + scale;
  return shift >= 0 ? digits * pow10(shift) : -shift > 60 ? 0n : divideRounded(digits, pow10(-shift));
}
