import { type DateTimeOffset, TICKS_PER_DAY } from '../sql/values.ts';
import type { Encoder } from './encoders.ts';
import type { TokenWriter } from './tokenWriter.ts';
import { timeBytes } from './typeInfo.ts';

const scratch64 = new BigInt64Array(1);
const scratch32 = new Uint32Array(scratch64.buffer);
/** 864 000 000 000 units of 100 ns per day = 2^14 × this. */
const DAY_ODD_PART = 52_734_375;
const MINUTES_PER_DAY = 1440;

export const encodeDate: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(4);
  w.buffer[w.at++] = 3;
  writeDays(w, value as number);
};

/** Length, then units of 10^-scale s since midnight. */
export function timeEncoder(scale: number): Encoder {
  const size = timeBytes(scale);
  const unit = 10 ** (7 - scale);
  return (w, value) => {
    if (value === null) return w.u8(0);
    w.ensure(6);
    w.buffer[w.at++] = size;
    writeTime(w, value as number, unit, size);
  };
}

export function datetime2Encoder(scale: number): Encoder {
  const size = timeBytes(scale);
  const unit = 10 ** (7 - scale);
  return (w, value) => {
    if (value === null) return w.u8(0);
    w.ensure(9);
    w.buffer[w.at++] = size + 3;
    writeInstant(w, value as bigint, unit, size);
  };
}

/** As datetime2, in UTC, then the offset in minutes. */
export function datetimeOffsetEncoder(scale: number): Encoder {
  const size = timeBytes(scale);
  const unit = 10 ** (7 - scale);
  return (w, value) => {
    if (value === null) return w.u8(0);
    const { utc, offset } = value as DateTimeOffset;
    w.ensure(11);
    w.buffer[w.at++] = size + 5;
    writeInstant(w, utc, unit, size);
    w.i16(offset);
  };
}

/** Days since 1900 (signed), then ticks of 1/300 s. */
export const encodeDatetime: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  const ticks = value as number;
  const days = Math.floor(ticks / TICKS_PER_DAY);
  w.ensure(9);
  w.buffer[w.at] = 8;
  w.at = w.buffer.writeInt32LE(days, w.at + 1);
  w.at = w.buffer.writeUInt32LE(ticks - days * TICKS_PER_DAY, w.at);
};

/** Days since 1900, then minutes, 2 bytes each. */
export const encodeSmallDatetime: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  const minutes = value as number;
  const days = Math.floor(minutes / MINUTES_PER_DAY);
  w.ensure(5);
  w.buffer[w.at] = 4;
  w.at = w.buffer.writeUInt16LE(days, w.at + 1);
  w.at = w.buffer.writeUInt16LE(minutes - days * MINUTES_PER_DAY, w.at);
};

/**
 * Splits units of 100 ns since 0001-01-01 into day and time of day without bigint arithmetic: the units shifted right by 14 fit a double
 * exactly (below 2^48), and a day is 2^14 × DAY_ODD_PART units.
 */
function writeInstant(w: TokenWriter, units: bigint, unit: number, size: number): void {
  scratch64[0] = units;
  const low = scratch32[0]!;
  const shifted = scratch32[1]! * 0x40000 + (low >>> 14);
  const days = Math.floor(shifted / DAY_ODD_PART);
  writeTime(w, (shifted - days * DAY_ODD_PART) * 0x4000 + (low & 0x3fff), unit, size);
  writeDays(w, days);
}

function writeTime(w: TokenWriter, units: number, unit: number, size: number): void {
  const ticks = unit === 1 ? units : Math.floor(units / unit);
  const high = Math.floor(ticks / 0x1000000);
  const low = ticks - high * 0x1000000;
  const b = w.buffer;
  let at = w.at;
  b[at++] = low;
  b[at++] = low >> 8;
  b[at++] = low >> 16;
  if (size > 3) b[at++] = high;
  if (size > 4) b[at++] = high >> 8;
  w.at = at;
}

function writeDays(w: TokenWriter, days: number): void {
  const b = w.buffer;
  let at = w.at;
  b[at++] = days;
  b[at++] = days >> 8;
  b[at++] = days >> 16;
  w.at = at;
}
