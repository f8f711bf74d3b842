import { dayOf, daysInMonth, type Moment } from './temporal.ts';
import { DAYS_TO_1900 } from './values.ts';

/** What was read from text: a moment, and which halves the text had. `digits` is the number of fraction digits. */
export interface ReadMoment extends Moment {
  readonly hasDate: boolean;
  readonly hasClock: boolean;
  readonly hasOffset: boolean;
  readonly digits: number;
  /** False when a field is out of range (month 13, 30 February, 25:00): the text is well formed and yet no date. */
  readonly valid: boolean;
}

const MONTH_NAMES = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** The order of the numbers in 03/04/2005: from a CONVERT style when it names one, else from SET DATEFORMAT. */
export type DateOrder = 'mdy' | 'dmy' | 'ymd' | 'ydm' | 'myd' | 'dym';

const STYLE_ORDER: ReadonlyMap<number, DateOrder> = new Map([
  [1, 'mdy'],
  [101, 'mdy'],
  [10, 'mdy'],
  [110, 'mdy'],
  [2, 'ymd'],
  [102, 'ymd'],
  [11, 'ymd'],
  [111, 'ymd'],
  [3, 'dmy'],
  [103, 'dmy'],
  [4, 'dmy'],
  [104, 'dmy'],
  [5, 'dmy'],
  [105, 'dmy'],
]);

/** The order a style prescribes, if any. */
export function orderOfStyle(style: number | undefined): DateOrder | undefined {
  return style === undefined ? undefined : STYLE_ORDER.get(style);
}

const CLOCK = /(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.:](\d{1,9}))?)?)?\s*([ap]m)?\s*(z|[+-]\d{1,2}:\d{2})?$/i;

/** Reads text as date, time or both; undefined when it is neither. Blank text is 1900-01-01 00:00. */
export function readMoment(text: string, order: DateOrder): ReadMoment | undefined {
  const t = text.trim();
  if (t === '')
    return {
      day: DAYS_TO_1900,
      units: 0,
      offset: 0,
      hasDate: true,
      hasClock: true,
      hasOffset: false,
      digits: 0,
      valid: true,
    };
  let datePart = t;
  let clock: ReadClock | undefined;
  const at = clockStart(t);
  if (at >= 0) {
    clock = readClock(t.slice(at));
    if (!clock) return undefined;
    datePart = t
      .slice(0, at)
      .trimEnd()
      .replace(/(\d)T$/i, '$1');
  }
  const date = datePart === '' ? undefined : readDate(datePart, order);
  if (datePart !== '' && !date) return undefined;
  return {
    day: date?.day ?? DAYS_TO_1900,
    units: clock?.units ?? 0,
    offset: clock?.offset ?? 0,
    hasDate: date !== undefined,
    hasClock: clock !== undefined,
    hasOffset: clock?.hasOffset ?? false,
    digits: clock?.digits ?? 0,
    valid: (date?.valid ?? true) && (clock?.valid ?? true),
  };
}

/** Where the clock begins: the digits before the first colon, or before a lone AM/PM. -1 when there is none. */
function clockStart(t: string): number {
  const colon = t.indexOf(':');
  if (colon > 0) {
    let i = colon;
    while (i > 0 && /\d/.test(t[i - 1] ?? '')) i--;
    return i < colon ? i : -1;
  }
  const lone = /\d{1,2}\s*[ap]m$/i.exec(t);
  return lone ? lone.index : -1;
}

interface ReadClock {
  units: number;
  offset: number;
  hasOffset: boolean;
  digits: number;
  valid: boolean;
}

function readClock(t: string): ReadClock | undefined {
  const m = CLOCK.exec(t);
  if (m?.index !== 0) return undefined;
  const [, h = '', mi = '0', s = '0', fraction = '', ampm, zone] = m;
  let hour = Number(h);
  let valid = hour < 24 && Number(mi) < 60 && Number(s) < 60;
  if (ampm) {
    valid &&= hour >= 1 || hour === 0;
    if (hour > 12) valid &&= ampm.toLowerCase() === 'pm';
    else if (ampm.toLowerCase() === 'pm') hour = hour === 12 ? 12 : hour + 12;
    else if (hour === 12) hour = 0;
  }
  const offset = zone === undefined || /z/i.test(zone) ? 0 : readOffset(zone);
  if (offset === undefined) return undefined;
  // Beyond seven digits the eighth rounds.
  const seven = Math.round(Number(`0.${fraction || '0'}`) * 10_000_000);
  const units = ((hour * 60 + Number(mi)) * 60 + Number(s)) * 10_000_000 + seven;
  return {
    units,
    offset,
    hasOffset: zone !== undefined,
    digits: fraction.length,
    valid: valid && Math.abs(offset) <= 840,
  };
}

/** Minutes of '+05:30'; undefined when it is no offset. */
export function readOffset(text: string): number | undefined {
  const m = /^([+-])(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!m) return undefined;
  const minutes = Number(m[2]) * 60 + Number(m[3]);
  return m[1] === '-' ? -minutes : minutes;
}

interface ReadDate {
  day: number;
  valid: boolean;
}

function make(year: number, month: number, day: number): ReadDate {
  const valid = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return { day: valid ? dayOf(year, month, day) : 0, valid };
}

/** Two-digit years: 00-49 are 20xx, 50-99 are 19xx (the default "two digit year cutoff" of 2049). */
function fullYear(text: string): number {
  const n = Number(text);
  return text.length > 2 ? n : n < 50 ? 2000 + n : 1900 + n;
}

function readDate(text: string, order: DateOrder): ReadDate | undefined {
  const t = text.trim();
  if (/^\d+$/.test(t)) return readDigits(t);
  const numbers = /^(\d{1,4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,4})$/.exec(t);
  if (numbers) return readNumbers(numbers[1] ?? '', numbers[2] ?? '', numbers[3] ?? '', order);
  return readNamed(t);
}

function readDigits(t: string): ReadDate | undefined {
  if (t.length === 8) return make(Number(t.slice(0, 4)), Number(t.slice(4, 6)), Number(t.slice(6)));
  if (t.length === 6) return make(fullYear(t.slice(0, 2)), Number(t.slice(2, 4)), Number(t.slice(4)));
  return t.length === 4 ? make(Number(t), 1, 1) : undefined;
}

function readNumbers(a: string, b: string, c: string, order: DateOrder): ReadDate | undefined {
  // A year of four digits in front fixes the rest as month, day; ydm is the one order that turns them round.
  if (a.length === 4)
    return order === 'ydm' ? make(Number(a), Number(c), Number(b)) : make(Number(a), Number(b), Number(c));
  if (a.length === 3 || c.length === 3) return undefined;
  if (c.length === 4)
    return order.indexOf('d') < order.indexOf('m')
      ? make(Number(c), Number(b), Number(a))
      : make(Number(c), Number(a), Number(b));
  const fields = { y: '', m: '', d: '' };
  [a, b, c].forEach((field, i) => {
    fields[(order[i] ?? 'm') as 'y' | 'm' | 'd'] = field;
  });
  return make(fullYear(fields.y), Number(fields.m), Number(fields.d));
}

/** Dates with a month's name: 'Jan 2 2006', '2 January, 2006', '2006 Jan 2', 'Jan 2006'. */
function readNamed(t: string): ReadDate | undefined {
  const words = t.split(/[\s,./-]+/).filter((w) => w !== '');
  const monthAt = words.findIndex((w) => /^[a-z]+$/i.test(w));
  const monthWord = words[monthAt]?.toLowerCase();
  if (monthWord === undefined || monthWord.length < 3) return undefined;
  const month = MONTH_NAMES.indexOf(monthWord.slice(0, 3)) + 1;
  const full = new Date(Date.UTC(2000, month - 1, 1))
    .toLocaleString('en-US', { month: 'long', timeZone: 'UTC' })
    .toLowerCase();
  if (month === 0 || !full.startsWith(monthWord)) return undefined;
  const rest = words.filter((_, i) => i !== monthAt);
  if (rest.some((w) => !/^\d{1,4}$/.test(w)) || rest.length === 0 || rest.length > 2) return undefined;
  if (rest.length === 1) return make(fullYear(rest[0] ?? ''), month, 1);
  const [first = '', second = ''] = rest;
  return first.length === 4 ? make(Number(first), month, Number(second)) : make(fullYear(second), month, Number(first));
}
