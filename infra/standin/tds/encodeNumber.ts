import type { Encoder } from './encoders.ts';
import type { TokenWriter } from './tokenWriter.ts';
import { decimalBytes } from './typeInfo.ts';

/** A bigint is taken apart through these two views of the same 8 bytes: faster than shifting bigints. */
const scratch64 = new BigInt64Array(1);
const scratch32 = new Uint32Array(scratch64.buffer);

/** bit, tinyint, smallint, int: numbers of 1, 2 or 4 bytes. */
export function intEncoder(size: 1 | 2 | 4): Encoder {
  return (w, value) => {
    if (value === null) return w.u8(0);
    const n = value as number;
    w.ensure(5);
    const b = w.buffer;
    let at = w.at;
    b[at++] = size;
    b[at++] = n;
    if (size > 1) b[at++] = n >> 8;
    if (size > 2) {
      b[at++] = n >> 16;
      b[at++] = n >> 24;
    }
    w.at = at;
  };
}

export const encodeBigint: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(9);
  w.buffer[w.at] = 8;
  scratch64[0] = value as bigint;
  w.at = u32(w.buffer, u32(w.buffer, w.at + 1, scratch32[0]!), scratch32[1]!);
};

export const encodeFloat: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(9);
  w.buffer[w.at] = 8;
  w.at = w.buffer.writeDoubleLE(value as number, w.at + 1);
};

export const encodeReal: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(5);
  w.buffer[w.at] = 4;
  w.at = w.buffer.writeFloatLE(value as number, w.at + 1);
};

/** Money goes high half first (MS-TDS 2.2.5.5.1.2). */
export const encodeMoney: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(9);
  w.buffer[w.at] = 8;
  scratch64[0] = value as bigint;
  w.at = u32(w.buffer, u32(w.buffer, w.at + 1, scratch32[1]!), scratch32[0]!);
};

export const encodeSmallMoney: Encoder = (w, value) => {
  if (value === null) return w.u8(0);
  w.ensure(5);
  w.buffer[w.at] = 4;
  w.at = w.buffer.writeInt32LE(Number(value), w.at + 1);
};

/** Length, sign (1 = not negative), magnitude in 4, 8, 12 or 16 bytes. */
export function decimalEncoder(precision: number): Encoder {
  const length = decimalBytes(precision);
  return (w, value) => {
    if (value === null) return w.u8(0);
    w.ensure(18);
    const unscaled = value as bigint;
    const negative = unscaled < 0n;
    w.buffer[w.at] = length;
    w.buffer[w.at + 1] = negative ? 0 : 1;
    w.at += 2;
    writeMagnitude(w, negative ? -unscaled : unscaled, length - 1);
  };
}

function writeMagnitude(w: TokenWriter, magnitude: bigint, size: number): void {
  scratch64[0] = BigInt.asIntN(64, magnitude);
  let at = u32(w.buffer, w.at, scratch32[0]!);
  if (size > 4) at = u32(w.buffer, at, scratch32[1]!);
  if (size > 8) {
    scratch64[0] = BigInt.asIntN(64, magnitude >> 64n);
    at = u32(w.buffer, at, scratch32[0]!);
    if (size > 12) at = u32(w.buffer, at, scratch32[1]!);
  }
  w.at = at;
}

function u32(b: Buffer, at: number, value: number): number {
  b[at] = value;
  b[at + 1] = value >>> 8;
  b[at + 2] = value >>> 16;
  b[at + 3] = value >>> 24;
  return at + 4;
}
