/** FORMAT(value, pattern) for the invariant English culture: standard number formats N, F, D, C, P, X, custom digits, and custom dates. */
import { scaleOf } from './convertNumber.ts';
import { familyOf } from './convertRules.ts';
import { sqlError, unsupported } from './errors.ts';
import { withCommas } from './formatNumber.ts';
import { formatOffset, MONTHS, WEEKDAYS } from './formatTemporal.ts';
import { doubleToScaled, rescale, scaledText } from './numeric.ts';
import { civilOf, isTemporal, toMoment, weekdayOf } from './temporal.ts';
import { typeName } from './typeNames.ts';
import type { SqlType, SqlValue } from './values.ts';

/** A non-NULL number or date as text by a .NET-like pattern. 8116 for other types, 40517 for patterns that are not built. */
export function formatValue(v: Exclude<SqlValue, null>, type: SqlType, pattern: string): string {
  if (isTemporal(type)) return formatDate(v, type, pattern);
  if (familyOf(type) !== 'number') throw sqlError(8116, typeName(type), 1, 'format');
  const standard = /^([a-z])(\d{0,2})$/i.exec(pattern);
  return standard
    ? standardNumber(v, type, (standard[1] ?? '').toUpperCase(), standard[2] ?? '', pattern)
    : customNumber(v, type, pattern);
}

/** The number's text with that many decimals, rounded half away from zero. */
function fixed(v: Exclude<SqlValue, null>, type: SqlType, decimals: number): string {
  const units = typeof v === 'bigint' ? rescale(v, scaleOf(type), decimals) : doubleToScaled(v as number, decimals);
  return scaledText(units, decimals);
}

function standardNumber(
  v: Exclude<SqlValue, null>,
  type: SqlType,
  letter: string,
  digits: string,
  pattern: string,
): string {
  const decimals = digits === '' ? 2 : Number(digits);
  switch (letter) {
    case 'N':
      return withCommas(fixed(v, type, decimals));
    case 'F':
      return fixed(v, type, decimals);
    case 'C': {
      const text = withCommas(fixed(v, type, decimals));
      return text.startsWith('-') ? `($${text.slice(1)})` : `$${text}`;
    }
    case 'P': {
      const text = fixed(v, type, decimals + 2);
      const shifted = BigInt(text.replace('.', ''));
      return `${withCommas(scaledText(shifted, decimals))}%`;
    }
    case 'D': {
      const text = fixed(v, type, 0);
      const width = digits === '' ? 1 : decimals;
      return text.startsWith('-') ? `-${text.slice(1).padStart(width, '0')}` : text.padStart(width, '0');
    }
    case 'X':
      return BigInt(fixed(v, type, 0))
        .toString(16)
        .toUpperCase()
        .padStart(digits === '' ? 1 : decimals, '0');
    default:
      throw unsupported(`FORMAT with '${pattern}'`);
  }
}

/** Custom patterns of 0, #, one point, thousands comma, and plain text around them. */
function customNumber(v: Exclude<SqlValue, null>, type: SqlType, pattern: string): string {
  const m = /^([^0#.,%;]*)([0#,]*)(?:\.([0#]*))?([^0#.,%;]*)$/.exec(pattern);
  if (!m) throw unsupported(`FORMAT with '${pattern}'`);
  const [, before = '', whole = '', fraction = '', after = ''] = m;
  const text = fixed(v, type, fraction.length);
  const negative = text.startsWith('-');
  const [digits = '', decimals = ''] = (negative ? text.slice(1) : text).split('.');
  const least = (whole.match(/0/g) ?? []).length;
  const trimmed = digits.replace(/^0+/, '').padStart(least, '0');
  const grouped = whole.includes(',') ? withCommas(trimmed) : trimmed;
  const keep = fraction.lastIndexOf('0') + 1;
  let shown = decimals;
  while (shown.length > keep && shown.endsWith('0')) shown = shown.slice(0, -1);
  return `${negative ? '-' : ''}${before}${grouped}${shown === '' ? '' : `.${shown}`}${after}`;
}

const TOKEN =
  /yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|F{1,7}|tt|t|zzz|'[^']*'|"[^"]*"|\\.|[\s\S]/g;

const STANDARD_DATES: Readonly<Record<string, string>> = {
  d: 'M/d/yyyy',
  D: 'dddd, MMMM d, yyyy',
  s: "yyyy-MM-dd'T'HH:mm:ss",
  t: 'h:mm tt',
  T: 'h:mm:ss tt',
  g: 'M/d/yyyy h:mm tt',
  G: 'M/d/yyyy h:mm:ss tt',
  O: "yyyy-MM-dd'T'HH:mm:ss.fffffff",
};

function formatDate(v: Exclude<SqlValue, null>, type: SqlType, pattern: string): string {
  const wanted = pattern.length === 1 ? STANDARD_DATES[pattern] : pattern;
  if (wanted === undefined) throw unsupported(`FORMAT with '${pattern}'`);
  const m = toMoment(v, type);
  const { year, month, day } = civilOf(m.day);
  const seconds = Math.floor(m.units / 10_000_000);
  const hour = Math.floor(seconds / 3600);
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  const units = pad(m.units % 10_000_000, 7);
  const pieces: Readonly<Record<string, string>> = {
    yyyy: pad(year, 4),
    yy: pad(year % 100, 2),
    MMMM: MONTHS[month - 1] ?? '',
    MMM: (MONTHS[month - 1] ?? '').slice(0, 3),
    MM: pad(month, 2),
    M: String(month),
    dddd: WEEKDAYS[weekdayOf(m.day)] ?? '',
    ddd: (WEEKDAYS[weekdayOf(m.day)] ?? '').slice(0, 3),
    dd: pad(day, 2),
    d: String(day),
    HH: pad(hour, 2),
    H: String(hour),
    hh: pad(hour % 12 === 0 ? 12 : hour % 12, 2),
    h: String(hour % 12 === 0 ? 12 : hour % 12),
    mm: pad(Math.floor(seconds / 60) % 60, 2),
    m: String(Math.floor(seconds / 60) % 60),
    ss: pad(seconds % 60, 2),
    s: String(seconds % 60),
    tt: hour < 12 ? 'AM' : 'PM',
    t: hour < 12 ? 'A' : 'P',
    zzz: formatOffset(m.offset),
  };
  return wanted.replace(TOKEN, (token) => {
    if (/^[fF]+$/.test(token)) return units.slice(0, token.length);
    if (/^'.*'$|^".*"$/.test(token) && token.length > 1) return token.slice(1, -1);
    return token.startsWith('\\') ? token.slice(1) : (pieces[token] ?? token);
  });
}
