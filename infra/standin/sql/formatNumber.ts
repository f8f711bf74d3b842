import { divideRounded, scaledText } from './numeric.ts';

/**
 * A float as CONVERT writes it. Style 0 (default): at most 6 digits, exponent when below 1e-4 or from 1e6; 1: 8 digits with exponent;
 * 2: 16 digits; 3: 17 digits, lossless; 126 and above: shortest text that reads back the same.
 */
export function formatFloat(v: number, style = 0): string {
  switch (style) {
    case 1:
      return exponential(v.toExponential(7));
    case 2:
      return exponential(v.toExponential(15));
    case 3:
      return exponential(v.toExponential(16));
    case 126:
    case 128:
    case 129:
      return String(v);
    default:
      return general(v, 6);
  }
}

/** A real: style 0 as for float, 3 with 9 digits. */
export function formatReal(v: number, style = 0): string {
  return style === 3 ? exponential(v.toExponential(8)) : formatFloat(v, style);
}

/** The exponent has a sign and three digits: 1.5e+006. */
function exponential(text: string): string {
  const [mantissa = '', exponent = '+0'] = text.split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(3, '0')}`;
}

function general(v: number, digits: number): string {
  if (v === 0) return '0';
  const [mantissa = '', exponent = '0'] = v.toExponential(digits - 1).split('e');
  const e = Number(exponent);
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (e < -4 || e >= digits) return exponential(`${trimmed}e${exponent}`);
  const fixed = v.toFixed(Math.max(0, digits - 1 - e));
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

/** Money: style 0 two decimals, 1 two decimals and commas, 2 and 126 four decimals. */
export function formatMoney(v: bigint, style = 0): string {
  if (style === 2 || style === 126) return scaledText(v, 4);
  const text = scaledText(divideRounded(v, 100n), 2);
  return style === 1 ? withCommas(text) : text;
}

/** Puts a comma between each three digits before the point. */
export function withCommas(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
