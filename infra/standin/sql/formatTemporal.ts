import { sqlError } from './errors.ts';
import { civilOf, type Moment, toMoment } from './temporal.ts';
import { typeName } from './typeNames.ts';
import type { SqlType, SqlValue } from './values.ts';

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function pad(n: number, width: number): string {
  return String(n).padStart(width, '0');
}

/** What a format can name: the date and clock of a value in text pieces. */
interface Pieces {
  readonly year: string;
  readonly yy: string;
  readonly mm: string;
  readonly dd: string;
  readonly mon: string;
  /** Day with a leading blank. */
  readonly day: string;
  readonly hh: string;
  readonly mi: string;
  readonly ss: string;
  /** Digits of the fraction, none for types and scales without one. */
  readonly fraction: string;
  /** Hour of 12 with a leading blank, and AM or PM. */
  readonly hour12: string;
  readonly ampm: string;
  /** '+02:00', '' for types without offset. */
  readonly zone: string;
}

function piecesOf(m: Moment, type: SqlType): Pieces {
  const { year, month, day } = civilOf(m.day);
  const seconds = Math.floor(m.units / 10_000_000);
  const hour = Math.floor(seconds / 3600);
  return {
    year: pad(year, 4),
    yy: pad(year % 100, 2),
    mm: pad(month, 2),
    dd: pad(day, 2),
    mon: (MONTHS[month - 1] ?? '').slice(0, 3),
    day: String(day).padStart(2, ' '),
    hh: pad(hour, 2),
    mi: pad(Math.floor(seconds / 60) % 60, 2),
    ss: pad(seconds % 60, 2),
    fraction: fractionOf(m, type),
    hour12: String(hour % 12 === 0 ? 12 : hour % 12).padStart(2, ' '),
    ampm: hour < 12 ? 'AM' : 'PM',
    zone: type.k === 'datetimeoffset' ? formatOffset(m.offset) : '',
  };
}

function fractionOf(m: Moment, type: SqlType): string {
  const units = m.units % 10_000_000;
  if (type.k === 'datetime') return pad(Math.round(units / 10_000), 3);
  if (type.k === 'smalldatetime') return '000';
  if (type.k === 'date') return '';
  const scale = 's' in type ? type.s : 7;
  return pad(units, 7).slice(0, scale);
}

/** '+05:30' of 330. */
export function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}:${pad(size % 60, 2)}`;
}

/** A date part and a clock part, joined by a separator; styles without one of them leave it undefined. */
interface Style {
  readonly date?: ((p: Pieces) => string) | undefined;
  readonly clock?: ((p: Pieces) => string) | undefined;
  readonly between?: string | undefined;
}

const clock24 = (p: Pieces): string => `${p.hh}:${p.mi}:${p.ss}`;
const dotted = (p: Pieces): string => (p.fraction === '' ? clock24(p) : `${clock24(p)}.${p.fraction}`);
/** The old types separate the fraction with a colon, the new ones with a point. */
const colonFraction = (p: Pieces): string =>
  p.fraction.length === 3 ? `:${p.fraction}` : p.fraction === '' ? '' : `.${p.fraction}`;
const iso = (p: Pieces): string => `${p.year}-${p.mm}-${p.dd}`;
const isoClock = (p: Pieces): string => (/^0*$/.test(p.fraction) ? clock24(p) : dotted(p));

const STYLES: ReadonlyMap<number, Style> = new Map<number, Style>([
  [0, { date: (p) => `${p.mon} ${p.day} ${p.year}`, clock: (p) => `${p.hour12}:${p.mi}${p.ampm}` }],
  [1, { date: (p) => `${p.mm}/${p.dd}/${p.yy}` }],
  [2, { date: (p) => `${p.yy}.${p.mm}.${p.dd}` }],
  [3, { date: (p) => `${p.dd}/${p.mm}/${p.yy}` }],
  [4, { date: (p) => `${p.dd}.${p.mm}.${p.yy}` }],
  [5, { date: (p) => `${p.dd}-${p.mm}-${p.yy}` }],
  [6, { date: (p) => `${p.dd} ${p.mon} ${p.yy}` }],
  [7, { date: (p) => `${p.mon} ${p.dd}, ${p.yy}` }],
  [8, { clock: clock24 }],
  [
    9,
    {
      date: (p) => `${p.mon} ${p.day} ${p.year}`,
      clock: (p) => `${p.hour12}:${p.mi}:${p.ss}${colonFraction(p)}${p.ampm}`,
    },
  ],
  [10, { date: (p) => `${p.mm}-${p.dd}-${p.yy}` }],
  [11, { date: (p) => `${p.yy}/${p.mm}/${p.dd}` }],
  [12, { date: (p) => `${p.yy}${p.mm}${p.dd}` }],
  [13, { date: (p) => `${p.dd} ${p.mon} ${p.year}`, clock: (p) => `${clock24(p)}${colonFraction(p)}` }],
  [14, { clock: (p) => `${clock24(p)}${colonFraction(p)}` }],
  [20, { date: iso, clock: clock24 }],
  [21, { date: iso, clock: dotted }],
  [22, { date: (p) => `${p.mm}/${p.dd}/${p.yy}`, clock: (p) => `${p.hour12}:${p.mi}:${p.ss} ${p.ampm}` }],
  [23, { date: iso }],
  [101, { date: (p) => `${p.mm}/${p.dd}/${p.year}` }],
  [102, { date: (p) => `${p.year}.${p.mm}.${p.dd}` }],
  [103, { date: (p) => `${p.dd}/${p.mm}/${p.year}` }],
  [104, { date: (p) => `${p.dd}.${p.mm}.${p.year}` }],
  [105, { date: (p) => `${p.dd}-${p.mm}-${p.year}` }],
  [106, { date: (p) => `${p.dd} ${p.mon} ${p.year}` }],
  [107, { date: (p) => `${p.mon} ${p.dd}, ${p.year}` }],
  [110, { date: (p) => `${p.mm}-${p.dd}-${p.year}` }],
  [111, { date: (p) => `${p.year}/${p.mm}/${p.dd}` }],
  [112, { date: (p) => `${p.year}${p.mm}${p.dd}` }],
  [126, { date: iso, clock: isoClock, between: 'T' }],
]);
/** Styles that mean the same as another. */
const SAME = new Map([
  [100, 0],
  [108, 8],
  [24, 8],
  [109, 9],
  [113, 13],
  [114, 14],
  [120, 20],
  [25, 21],
  [121, 21],
  [127, 126],
]);

/**
 * A non-NULL temporal value as text in a CONVERT style; without one, datetime and smalldatetime use 0 and the other types 121.
 * 281 for a style that does not exist. The Hijri styles 130 and 131 are not built and raise 281 too.
 */
export function formatTemporal(v: SqlValue, type: SqlType, style?: number): string {
  const number = style ?? (type.k === 'datetime' || type.k === 'smalldatetime' ? 0 : 121);
  const found = STYLES.get(SAME.get(number) ?? number);
  if (!found) throw sqlError(281, number, typeName(type));
  const m = toMoment(v, type);
  if (number === 127 && type.k === 'datetimeoffset')
    return `${formatTemporal(utcOf(v), { k: 'datetime2', s: type.s }, 126)}Z`;
  const p = piecesOf(m, type);
  const parts: string[] = [];
  if (type.k !== 'time' && found.date) parts.push(found.date(p));
  if (type.k !== 'date' && found.clock) parts.push(found.clock(p));
  if (parts.length === 0) throw sqlError(281, number, typeName(type));
  const text = parts.join(found.between ?? ' ');
  if (p.zone === '' || !found.clock) return text;
  return found.between === 'T' ? `${text}${p.zone}` : `${text} ${p.zone}`;
}

function utcOf(v: SqlValue): SqlValue {
  return typeof v === 'object' && v !== null && 'utc' in v ? v.utc : v;
}
