/** Functions that make dates: the clock, the FROMPARTS family, EOMONTH, offsets. Date parts are in functionsDatePart.ts. */
import { converter } from './convert.ts';
import { familyOf } from './convertRules.ts';
import { SqlError, sqlError } from './errors.ts';
import { coerce, pure, strict1, strict2, strictN } from './exprMake.ts';
import type { Compiled, Frame } from './exprTypes.ts';
import type { Builtin, BuiltinTable } from './functions.ts';
import { readOffset } from './parseTemporal.ts';
import { civilOf, dayOf, daysInMonth, fromMoment, isTemporal, toMoment } from './temporal.ts';
import { typeName } from './typeNames.ts';
import {
  DATE,
  DATETIME,
  datetime2,
  datetime2FromUnixMs,
  datetimeoffset,
  INT,
  nvarchar,
  SMALLDATETIME,
  type SqlType,
  type SqlValue,
  time,
} from './values.ts';

const DT2 = datetime2(7);
const DTO = datetimeoffset(7);

/** The argument as a date: text and numbers become `fallback`. */
export function dateArg(c: Compiled, fallback: SqlType = DATETIME): Compiled {
  if (c.untypedNull) return coerce(c, fallback);
  return isTemporal(c.type) ? c : coerce(c, fallback);
}

function clock(type: SqlType, read: (f: Frame) => SqlValue): Builtin {
  return { min: 0, max: 0, compile: () => ({ type, nullable: false, eval: read }) };
}

function utcNow(f: Frame): bigint {
  return datetime2FromUnixMs(f.env.nowMs);
}

function localNow(f: Frame): bigint {
  return utcNow(f) + BigInt(f.env.utcOffsetMinutes) * 600_000_000n;
}

const toDatetime = converter(DT2, DATETIME);

function dateParts(year: number, month: number, day: number, fn: string, type: SqlType): number {
  const ok = year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!ok) throw sqlError(289, type.k);
  return fn === '' ? 0 : dayOf(year, month, day);
}

/** Units of 100 ns of a clock; `fraction` is in units of 10^-precision s. 289 when a field is out of range. */
function clockParts(h: number, m: number, s: number, fraction: number, precision: number, type: SqlType): number {
  const ok = h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60 && fraction >= 0 && fraction < 10 ** precision;
  if (!ok) throw sqlError(289, type.k);
  return ((h * 60 + m) * 60 + s) * 10_000_000 + fraction * 10 ** (7 - precision);
}

function parts(
  type: (precision: number) => SqlType,
  count: number,
  precisionAt: number | undefined,
  make: (n: number[], type: SqlType, precision: number) => SqlValue,
): Builtin {
  return {
    min: count,
    max: count,
    compile: (args) => {
      const numbers = args.map((a) => coerce(a, INT));
      const precision = precisionAt === undefined ? 7 : constantOf(numbers[precisionAt]!);
      const result = type(precision);
      return strictN(result, numbers, (v) => make(v as number[], result, precision));
    },
  };
}

/** The precision argument must be a constant of 0 to 7. */
function constantOf(c: Compiled): number {
  const v = c.constant ? c.eval({ env: { nowMs: 0, utcOffsetMinutes: 0, dateFirst: 7, dateFormat: 'mdy' } }) : null;
  if (typeof v !== 'number' || v < 0 || v > 7) throw sqlError(10_760);
  return v;
}

function moment(day: number, units: number, offset: number, type: SqlType): SqlValue {
  const v = fromMoment({ day, units, offset }, type);
  if (v === undefined) throw sqlError(289, type.k);
  return v;
}

/** EOMONTH(date [, months]). */
function endOfMonth(args: readonly Compiled[]): Compiled {
  const [a, n] = args;
  const x = coerce(dateArg(a!), DATE);
  return pure(DATE, true, args, (f) => {
    const v = x.eval(f);
    const months = n ? coerce(n, INT).eval(f) : 0;
    if (v === null) return null;
    const { year, month } = civilOf(v as number);
    const index = year * 12 + month - 1 + ((months as number | null) ?? 0);
    const y = Math.floor(index / 12);
    const m = (index % 12) + 1;
    if (y < 1 || y > 9999) throw sqlError(517, 'date');
    return dayOf(y, m, daysInMonth(y, m));
  });
}

/** Minutes of an offset given as '+hh:mm' or as a number; 9812-like errors are 241 here. */
function offsetMinutes(v: SqlValue): number {
  const minutes = typeof v === 'string' ? readOffset(v) : Number(v);
  if (minutes === undefined || Math.abs(minutes) > 840) throw sqlError(9812);
  return minutes;
}

function offsetArg(c: Compiled): Compiled {
  return familyOf(c.type) === 'string' ? coerce(c, nvarchar(10)) : coerce(c, INT);
}

function isDate(a: Compiled): Compiled {
  const toDate = familyOf(a.type) === 'string' ? converter(a.type, DATETIME) : undefined;
  return pure(INT, false, [a], (f) => {
    const v = a.eval(f);
    if (v === null || !toDate) return v !== null && (a.type.k === 'datetime' || a.type.k === 'smalldatetime') ? 1 : 0;
    try {
      return toDate(v) === null || String(v).trim() === '' ? 0 : 1;
    } catch (error) {
      if (error instanceof SqlError) return 0;
      throw error;
    }
  });
}

function field(pick: (year: number, month: number, day: number) => number): Builtin {
  return {
    min: 1,
    max: 1,
    compile: ([a]) => {
      const x = dateArg(a!);
      if (x.type.k === 'time') throw sqlError(9810, 'year', 'datepart', typeName(x.type));
      return strict1(INT, x, (v) => {
        const { year, month, day } = civilOf(toMoment(v, x.type).day);
        return pick(year, month, day);
      });
    },
  };
}

export const DATE_FUNCTIONS: BuiltinTable = {
  GETDATE: clock(DATETIME, (f) => toDatetime(localNow(f))),
  CURRENT_TIMESTAMP: clock(DATETIME, (f) => toDatetime(localNow(f))),
  GETUTCDATE: clock(DATETIME, (f) => toDatetime(utcNow(f))),
  SYSDATETIME: clock(DT2, localNow),
  SYSUTCDATETIME: clock(DT2, utcNow),
  SYSDATETIMEOFFSET: clock(DTO, (f) => ({ utc: utcNow(f), offset: f.env.utcOffsetMinutes })),
  CURRENT_TIMEZONE_ID: { min: 0, max: 0, compile: () => ({ type: nvarchar(64), nullable: false, eval: () => 'UTC' }) },
  YEAR: field((year) => year),
  MONTH: field((_, month) => month),
  DAY: field((_, __, day) => day),
  EOMONTH: { min: 1, max: 2, compile: endOfMonth },
  ISDATE: { min: 1, max: 1, compile: ([a]) => isDate(a!) },
  DATEFROMPARTS: parts(
    () => DATE,
    3,
    undefined,
    ([y, m, d], type) => dateParts(y!, m!, d!, 'date', type),
  ),
  TIMEFROMPARTS: parts(time, 5, 4, ([h, m, s, x], type, p) => clockParts(h!, m!, s!, x!, p, type)),
  DATETIMEFROMPARTS: parts(
    () => DATETIME,
    7,
    undefined,
    ([y, mo, d, h, mi, s, ms], type) =>
      moment(dateParts(y!, mo!, d!, 'date', type), clockParts(h!, mi!, s!, ms!, 3, type), 0, type),
  ),
  SMALLDATETIMEFROMPARTS: parts(
    () => SMALLDATETIME,
    5,
    undefined,
    ([y, mo, d, h, mi], type) =>
      moment(dateParts(y!, mo!, d!, 'date', type), clockParts(h!, mi!, 0, 0, 3, type), 0, type),
  ),
  DATETIME2FROMPARTS: parts(datetime2, 8, 7, ([y, mo, d, h, mi, s, x], type, p) =>
    moment(dateParts(y!, mo!, d!, 'date', type), clockParts(h!, mi!, s!, x!, p, type), 0, type),
  ),
  DATETIMEOFFSETFROMPARTS: parts(datetimeoffset, 10, 9, ([y, mo, d, h, mi, s, x, oh, om], type, p) =>
    moment(dateParts(y!, mo!, d!, 'date', type), clockParts(h!, mi!, s!, x!, p, type), oh! * 60 + om!, type),
  ),
  TODATETIMEOFFSET: {
    min: 2,
    max: 2,
    compile: ([a, o]) => {
      const x = dateArg(a!, DT2);
      const type = datetimeoffset('s' in x.type ? x.type.s : x.type.k === 'datetime' ? 3 : 0);
      return strict2(type, x, offsetArg(o!), (v, offset) => {
        const m = toMoment(v, x.type);
        return moment(m.day, m.units, offsetMinutes(offset), type);
      });
    },
  },
  SWITCHOFFSET: {
    min: 2,
    max: 2,
    compile: ([a, o]) => {
      const x = coerce(a!, a!.type.k === 'datetimeoffset' ? a!.type : DTO);
      return strict2(x.type, x, offsetArg(o!), (v, offset) =>
        typeof v === 'object' && 'utc' in v ? { utc: v.utc, offset: offsetMinutes(offset) } : v,
      );
    },
  },
};
