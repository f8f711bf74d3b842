/** DATEADD, DATEDIFF, DATEPART, DATENAME, DATETRUNC. */
import type { DatePart, FunctionCall } from './ast.ts';
import { familyOf } from './convertRules.ts';
import { sqlError } from './errors.ts';
import { coerce, strict1, strict2 } from './exprMake.ts';
import type { Compiled } from './exprTypes.ts';
import { formatOffset, MONTHS, WEEKDAYS } from './formatTemporal.ts';
import type { BuiltinTable } from './functions.ts';
import { dateArg } from './functionsDate.ts';
import { civilOf, dayOf, daysInMonth, fromMoment, type Moment, toMoment, weekdayOf } from './temporal.ts';
import { typeName } from './typeNames.ts';
import {
  BIGINT,
  datetime2,
  INT,
  isDateTimeOffset,
  nvarchar,
  type SqlType,
  type SqlValue,
  UNITS_PER_DAY,
  UNITS_PER_DAY_BIG,
} from './values.ts';

/** Units of 100 ns of the parts that have a fixed length. A nanosecond is 0.01. */
const UNITS: Readonly<Partial<Record<DatePart, number>>> = {
  week: 7 * UNITS_PER_DAY,
  isoweek: 7 * UNITS_PER_DAY,
  day: UNITS_PER_DAY,
  dayofyear: UNITS_PER_DAY,
  weekday: UNITS_PER_DAY,
  hour: 36_000_000_000,
  minute: 600_000_000,
  second: 10_000_000,
  millisecond: 10_000,
  microsecond: 10,
  nanosecond: 0.01,
};

const MONTHS_PER: Readonly<Partial<Record<DatePart, number>>> = { year: 12, quarter: 3, month: 1 };

function partOf(call: FunctionCall): DatePart {
  if (!call.datepart) throw sqlError(174, call.name.name.toLowerCase(), 3);
  return call.datepart;
}

/** 9810 when the type has no such part: hours of a date, years of a time. */
function checkPart(part: DatePart, type: SqlType, fn: string): void {
  const ofClock = (UNITS[part] ?? UNITS_PER_DAY) < UNITS_PER_DAY;
  const bad =
    (type.k === 'date' && (ofClock || part === 'tzoffset')) ||
    (type.k === 'time' && !ofClock) ||
    (part === 'tzoffset' && (type.k === 'datetime' || type.k === 'smalldatetime'));
  if (bad) throw sqlError(9810, part, fn, typeName(type));
}

function dateAdd(args: readonly Compiled[], call: FunctionCall): Compiled {
  const part = partOf(call);
  const [n, a] = args as [Compiled, Compiled];
  const x = dateArg(a);
  checkPart(part, x.type, 'dateadd');
  if (part === 'tzoffset' || part === 'isoweek') throw sqlError(9810, part, 'dateadd', typeName(x.type));
  const amount = familyOf(n.type) === 'number' && n.type.k === 'bigint' ? n : coerce(n, INT);
  return strict2(x.type, amount, x, (k, v) => {
    const moved = add(toMoment(v, x.type), part, Number(k));
    const out = fromMoment(moved, x.type);
    if (out === undefined) throw sqlError(517, typeName(x.type));
    return out;
  });
}

function add(m: Moment, part: DatePart, n: number): Moment {
  const months = MONTHS_PER[part];
  if (months !== undefined) {
    const { year, month, day } = civilOf(m.day);
    const index = year * 12 + month - 1 + n * months;
    const y = Math.floor(index / 12);
    const mo = (((index % 12) + 12) % 12) + 1;
    return { ...m, day: dayOf(y, mo, Math.min(day, daysInMonth(y, mo))) };
  }
  const unit = UNITS[part] ?? UNITS_PER_DAY;
  if (unit >= UNITS_PER_DAY) return { ...m, day: m.day + n * (unit / UNITS_PER_DAY) };
  // Whole days apart, so that no product leaves the exact range of a double.
  const perDay = UNITS_PER_DAY / unit;
  const days = Math.trunc(n / perDay);
  const units = m.units + Math.round((n - days * perDay) * unit);
  const carry = Math.floor(units / UNITS_PER_DAY);
  return { ...m, day: m.day + days + carry, units: units - carry * UNITS_PER_DAY };
}

/** Boundaries of a part crossed from one moment to the other. */
function difference(a: Moment, b: Moment, part: DatePart): bigint {
  const months = MONTHS_PER[part];
  if (months !== undefined) {
    const index = (m: Moment): number => {
      const { year, month } = civilOf(m.day);
      return Math.floor((year * 12 + month - 1) / months);
    };
    return BigInt(index(b) - index(a));
  }
  // Weeks begin on Sunday whatever DATEFIRST says.
  if (part === 'week') return BigInt(Math.floor((b.day + 1) / 7) - Math.floor((a.day + 1) / 7));
  if (part === 'isoweek') return BigInt(Math.floor(b.day / 7) - Math.floor(a.day / 7));
  const total = (m: Moment): bigint => BigInt(m.day) * UNITS_PER_DAY_BIG + BigInt(m.units);
  if (part === 'nanosecond') return (total(b) - total(a)) * 100n;
  const unit = BigInt(UNITS[part] ?? UNITS_PER_DAY);
  return total(b) / unit - total(a) / unit;
}

function dateDiff(args: readonly Compiled[], call: FunctionCall, big: boolean): Compiled {
  const part = partOf(call);
  const fn = big ? 'datediff_big' : 'datediff';
  const a = dateArg(args[0]!, datetime2(7));
  const b = dateArg(args[1]!, datetime2(7));
  if (part === 'tzoffset') throw sqlError(9810, part, fn, typeName(a.type));
  checkPart(part, a.type, fn);
  checkPart(part, b.type, fn);
  return strict2(big ? BIGINT : INT, a, b, (x, y) => {
    const n = difference(utcMoment(x, a.type), utcMoment(y, b.type), part);
    if (big) return n;
    if (n > 2_147_483_647n || n < -2_147_483_648n) throw sqlError(535, fn, fn);
    return Number(n);
  });
}

/** Offsets are not looked at: instants are compared by their UTC side. */
function utcMoment(v: SqlValue, type: SqlType): Moment {
  return isDateTimeOffset(v) ? toMoment(v.utc, datetime2(7)) : toMoment(v, type);
}

/** The number DATEPART gives. `dateFirst` is 1 (Monday) to 7. */
function datePartOf(m: Moment, part: DatePart, dateFirst: number): number {
  const { year, month, day } = civilOf(m.day);
  const seconds = Math.floor(m.units / 10_000_000);
  switch (part) {
    case 'year':
      return year;
    case 'quarter':
      return Math.floor((month + 2) / 3);
    case 'month':
      return month;
    case 'day':
      return day;
    case 'dayofyear':
      return m.day - dayOf(year, 1, 1) + 1;
    case 'week':
      return Math.floor((m.day - weekStart(dayOf(year, 1, 1), dateFirst)) / 7) + 1;
    case 'weekday':
      return ((weekdayOf(m.day) - (dateFirst % 7) + 7) % 7) + 1;
    case 'isoweek':
      return isoWeek(m.day);
    case 'hour':
      return Math.floor(seconds / 3600);
    case 'minute':
      return Math.floor(seconds / 60) % 60;
    case 'second':
      return seconds % 60;
    case 'millisecond':
      return Math.floor((m.units % 10_000_000) / 10_000);
    case 'microsecond':
      return Math.floor((m.units % 10_000_000) / 10);
    case 'nanosecond':
      return (m.units % 10_000_000) * 100;
    case 'tzoffset':
      return m.offset;
  }
}

/** First day of the week that holds a day. */
function weekStart(day: number, dateFirst: number): number {
  return day - ((weekdayOf(day) - (dateFirst % 7) + 7) % 7);
}

/** ISO 8601: weeks begin on Monday, week 1 holds the first Thursday. */
function isoWeek(day: number): number {
  const thursday = day - ((weekdayOf(day) + 6) % 7) + 3;
  return Math.floor((thursday - dayOf(civilOf(thursday).year, 1, 1)) / 7) + 1;
}

function datePart(args: readonly Compiled[], call: FunctionCall): Compiled {
  const part = partOf(call);
  const x = dateArg(args[0]!, datetime2(7));
  checkPart(part, x.type, 'datepart');
  const type = x.type.k === 'datetime' ? 'datetime' : '';
  return {
    type: INT,
    nullable: x.nullable,
    eval: (f) => {
      const v = x.eval(f);
      return v === null ? null : datePartOf(shown(toMoment(v, x.type), type), part, f.env.dateFirst);
    },
  };
}

/** A datetime's fraction counts in the ms it is shown with, .003 not .00333. */
function shown(m: Moment, type: string): Moment {
  return type === 'datetime' ? { ...m, units: Math.round(m.units / 10_000) * 10_000 } : m;
}

function dateName(args: readonly Compiled[], call: FunctionCall): Compiled {
  const part = partOf(call);
  const number = datePart(args, call);
  const x = dateArg(args[0]!, datetime2(7));
  return {
    type: nvarchar(30),
    nullable: x.nullable,
    eval: (f) => {
      const v = x.eval(f);
      if (v === null) return null;
      const m = toMoment(v, x.type);
      if (part === 'month') return MONTHS[civilOf(m.day).month - 1] ?? '';
      if (part === 'weekday') return WEEKDAYS[weekdayOf(m.day)] ?? '';
      if (part === 'tzoffset') return formatOffset(m.offset);
      return String(number.eval(f));
    },
  };
}

function dateTrunc(args: readonly Compiled[], call: FunctionCall): Compiled {
  const part = partOf(call);
  const x = dateArg(args[0]!, datetime2(7));
  checkPart(part, x.type, 'datetrunc');
  if (part === 'weekday' || part === 'nanosecond' || part === 'tzoffset')
    throw sqlError(9810, part, 'datetrunc', typeName(x.type));
  return strict1(x.type, x, (v) => fromMoment(truncate(toMoment(v, x.type), part), x.type) ?? v);
}

function truncate(m: Moment, part: DatePart): Moment {
  const { year, month } = civilOf(m.day);
  switch (part) {
    case 'year':
      return { ...m, day: dayOf(year, 1, 1), units: 0 };
    case 'quarter':
      return { ...m, day: dayOf(year, month - ((month - 1) % 3), 1), units: 0 };
    case 'month':
      return { ...m, day: dayOf(year, month, 1), units: 0 };
    case 'week':
      return { ...m, day: weekStart(m.day, 7), units: 0 };
    case 'isoweek':
      return { ...m, day: weekStart(m.day, 1), units: 0 };
    default: {
      const unit = Math.min(UNITS_PER_DAY, UNITS[part] ?? UNITS_PER_DAY);
      return { ...m, units: Math.floor(m.units / unit) * unit };
    }
  }
}

export const DATE_PART_BUILTINS: BuiltinTable = {
  DATEADD: { min: 2, max: 2, compile: dateAdd },
  DATEDIFF: { min: 2, max: 2, compile: (args, call) => dateDiff(args, call, false) },
  DATEDIFF_BIG: { min: 2, max: 2, compile: (args, call) => dateDiff(args, call, true) },
  DATEPART: { min: 1, max: 1, compile: datePart },
  DATENAME: { min: 1, max: 1, compile: dateName },
  DATETRUNC: { min: 1, max: 1, compile: dateTrunc },
};
