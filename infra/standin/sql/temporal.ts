/** Calendar arithmetic on the proleptic Gregorian calendar, and one common form of all temporal values. */
import {
  DAYS_TO_1900,
  isDateTimeOffset,
  type SqlType,
  type SqlValue,
  TICKS_PER_DAY,
  UNITS_PER_DAY,
  UNITS_PER_DAY_BIG,
} from './values.ts';

/** Last day there is, 9999-12-31, and the first of datetime, 1753-01-01, as days since 0001-01-01. */
export const MAX_DAY = 3_652_058;
export const FIRST_DATETIME_DAY = 639_905;

/** Day since 0001-01-01 of a date; month 1-12. No range check. */
export function dayOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy;
  return era * 146_097 + doe - 306;
}

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Date of a day since 0001-01-01. */
export function civilOf(dayNumber: number): CivilDate {
  const z = dayNumber + 306;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 };
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** 0 Sunday … 6 Saturday of a day since 0001-01-01 (a Monday). */
export function weekdayOf(dayNumber: number): number {
  return (dayNumber + 1) % 7;
}

/** A temporal value taken apart: local day since 0001-01-01, local units of 100 ns since midnight, offset in minutes (0 when it has none). */
export interface Moment {
  readonly day: number;
  readonly units: number;
  readonly offset: number;
}

const KINDS: ReadonlySet<string> = new Set([
  'date',
  'time',
  'datetime',
  'smalldatetime',
  'datetime2',
  'datetimeoffset',
]);

/** True for date and time types. */
export function isTemporal(type: SqlType): boolean {
  return KINDS.has(type.k);
}

/** Takes a non-NULL temporal value apart. A time stands on 1900-01-01. */
export function toMoment(v: SqlValue, type: SqlType): Moment {
  switch (type.k) {
    case 'date':
      return { day: v as number, units: 0, offset: 0 };
    case 'time':
      return { day: DAYS_TO_1900, units: v as number, offset: 0 };
    case 'datetime': {
      const ticks = v as number;
      const days = Math.floor(ticks / TICKS_PER_DAY);
      return { day: days + DAYS_TO_1900, units: Math.round(((ticks - days * TICKS_PER_DAY) * 100_000) / 3), offset: 0 };
    }
    case 'smalldatetime': {
      const minutes = v as number;
      const days = Math.floor(minutes / 1440);
      return { day: days + DAYS_TO_1900, units: (minutes - days * 1440) * 600_000_000, offset: 0 };
    }
    case 'datetime2':
      return split(v as bigint, 0);
    default:
      if (!isDateTimeOffset(v)) throw new TypeError(`no temporal value of type ${type.k}`);
      return split(v.utc + BigInt(v.offset) * 600_000_000n, v.offset);
  }
}

function split(units: bigint, offset: number): Moment {
  const day = Number(units / UNITS_PER_DAY_BIG);
  return { day, units: Number(units - BigInt(day) * UNITS_PER_DAY_BIG), offset };
}

const SCALE_UNITS = [10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1];

/** Units of 100 ns rounded half up to a scale of 0 to 7 digits; may reach a full day. */
function roundUnits(units: number, scale: number): number {
  const step = SCALE_UNITS[scale] ?? 1;
  return step === 1 ? units : Math.floor((units + step / 2) / step) * step;
}

/**
 * The moment as a value of the type, rounded as the type demands, or undefined when it is out of the type's range.
 * A time keeps only the clock, a date only the day; an offset is dropped, not applied, except into datetimeoffset.
 */
export function fromMoment(m: Moment, type: SqlType): SqlValue | undefined {
  switch (type.k) {
    case 'date':
      return m.day < 0 || m.day > MAX_DAY ? undefined : m.day;
    case 'time':
      return roundUnits(m.units, type.s) % UNITS_PER_DAY;
    case 'datetime': {
      if (m.day < FIRST_DATETIME_DAY || m.day > MAX_DAY) return undefined;
      const ticks = (m.day - DAYS_TO_1900) * TICKS_PER_DAY + Math.round((m.units * 3) / 100_000);
      return ticks >= (MAX_DAY + 1 - DAYS_TO_1900) * TICKS_PER_DAY ? undefined : ticks;
    }
    case 'smalldatetime': {
      const minutes = (m.day - DAYS_TO_1900) * 1440 + Math.floor((m.units + 300_010_000) / 600_000_000);
      return minutes < 0 || minutes > 65_535 * 1440 + 1439 ? undefined : minutes;
    }
    case 'datetime2': {
      const units = BigInt(m.day) * UNITS_PER_DAY_BIG + BigInt(roundUnits(m.units, type.s));
      return units < 0n || units > BigInt(MAX_DAY + 1) * UNITS_PER_DAY_BIG - 1n ? undefined : units;
    }
    case 'datetimeoffset': {
      const local = BigInt(m.day) * UNITS_PER_DAY_BIG + BigInt(roundUnits(m.units, type.s));
      const utc = local - BigInt(m.offset) * 600_000_000n;
      const most = BigInt(MAX_DAY + 1) * UNITS_PER_DAY_BIG;
      return utc < 0n || utc >= most || local < 0n || local >= most ? undefined : { utc, offset: m.offset };
    }
    default:
      throw new TypeError(`no temporal type: ${type.k}`);
  }
}
