/**
 * Exact readings of the server's date and time texts (CONVERT style 121 and 23). Times without a zone are read as if they were UTC, as
 * Debezium does. Each function gives undefined when the text is not of that form or the result does not fit 64 bits.
 */

const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/;
const ZONED = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))? ([+-])(\d{2}):(\d{2})$/;
const DAY_MS = 86_400_000;
const MAX_LONG = 0x7fff_ffff_ffff_ffffn;

/** Milliseconds since 1970 of a date; Date.UTC would take years below 100 for 19xx. */
function dayMillis(year: string, month: string, day: string): number {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getTime();
}

/** 100-nanosecond units since 1970 of `2026-01-02 03:04:05.1234567`. */
function ticksOf(text: string): bigint | undefined {
  const m = DATE_TIME.exec(text);
  if (!m) return undefined;
  const seconds = dayMillis(m[1]!, m[2]!, m[3]!) / 1000 + Number(m[4]) * 3600 + Number(m[5]) * 60 + Number(m[6]);
  return BigInt(seconds) * 10_000_000n + BigInt((m[7] ?? '').padEnd(7, '0'));
}

/** Microseconds since 1970. */
export function microsOf(text: string): bigint | undefined {
  const ticks = ticksOf(text);
  return ticks === undefined ? undefined : ticks / 10n;
}

/** Nanoseconds since 1970; undefined outside 1677-09-21 … 2262-04-11, which is what 64 bits hold. */
export function nanosOf(text: string): bigint | undefined {
  const ticks = ticksOf(text);
  if (ticks === undefined) return undefined;
  const nanos = ticks * 100n;
  return nanos > MAX_LONG || nanos < -MAX_LONG - 1n ? undefined : nanos;
}

/** A time that 64 bits of nanoseconds cannot hold: the nearest that they can, and what it really is. */
export class SaturatedTime {
  /** Nanoseconds since 1970: the largest or smallest 64-bit integer. */
  readonly value: bigint;
  /** ISO 8601 without a zone and with all digits, `9999-12-31T23:59:59.9999999`. */
  readonly text: string;

  constructor(value: bigint, text: string) {
    this.value = value;
    this.text = text;
  }
}

/** Nanoseconds since 1970, saturated outside what 64 bits hold. */
export function saturatedNanos(text: string): bigint | SaturatedTime | undefined {
  const ticks = ticksOf(text);
  if (ticks === undefined) return undefined;
  const nanos = ticks * 100n;
  if (nanos > MAX_LONG) return new SaturatedTime(MAX_LONG, text.replace(' ', 'T'));
  return nanos < -MAX_LONG - 1n ? new SaturatedTime(-MAX_LONG - 1n, text.replace(' ', 'T')) : nanos;
}

/** Days since 1970-01-01 of `2026-01-02`. */
export function dateDays(text: string): number | undefined {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  return m ? dayMillis(m[1]!, m[2]!, m[3]!) / DAY_MS : undefined;
}

/** A time of day as a whole number of 10^-digits seconds. */
export function timeUnits(text: string, digits: number): bigint | undefined {
  const m = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/.exec(text);
  if (!m) return undefined;
  const seconds = Number(m[1]) * 3600 + Number(m[2]) * 60 + Number(m[3]);
  const fraction = (m[4] ?? '').padEnd(9, '0').slice(0, digits);
  return BigInt(seconds) * 10n ** BigInt(digits) + BigInt(fraction === '' ? 0 : fraction);
}

/** ISO 8601 with the original offset, as Debezium's ZonedTimestamp: no needless zeros, `Z` for UTC. */
export function zonedText(text: string): string | undefined {
  const m = ZONED.exec(text);
  if (!m) return undefined;
  const fraction = (m[3] ?? '').replace(/0+$/, '');
  const offset = m[5] === '00' && m[6] === '00' ? 'Z' : `${m[4]}${m[5]}:${m[6]}`;
  return `${m[1]}T${m[2]}${fraction === '' ? '' : `.${fraction}`}${offset}`;
}
