import { SluiceError } from '#infra/runtime/errors.ts';

const DECIMAL_TEXT = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * The unscaled value of a decimal text as big-endian two's complement in the fewest bytes, which is how Avro's `decimal` and Kafka
 * Connect's Decimal carry it: '12.34' with scale 4 is 123400.
 * @throws SluiceError SCHEMA_VALUE_UNFIT when the text is no decimal or has more digits after the point than the scale (never rounded).
 */
export function decimalToBytes(text: string, scale: number): Buffer {
  const small = text.length <= SAFE_DIGITS ? smallUnscaled(text, scale) : undefined;
  return small === undefined ? bigintToBytes(unscaled(text, scale)) : smallToBytes(small);
}

/**
 * Writes what decimalToBytes gives, with its length before it as Avro wants it, and gives the position after it; bytes beyond the end of the target
 * are only counted. @throws SluiceError SCHEMA_VALUE_UNFIT
 */
export function writeDecimal(text: string, scale: number, target: Buffer, at: number): number {
  const small = text.length <= SAFE_DIGITS ? smallUnscaled(text, scale) : undefined;
  if (small === undefined) {
    const bytes = bigintToBytes(unscaled(text, scale));
    // No decimal of SQL Server has more than 17 bytes; the length of fewer than 64 takes one.
    if (bytes.length > 63) throw new SluiceError('SCHEMA_VALUE_UNFIT', 'A decimal of more than 63 bytes');
    target[at] = bytes.length * 2;
    for (let i = 0; i < bytes.length; i++) target[at + 1 + i] = bytes[i]!;
    return at + 1 + bytes.length;
  }
  const length = smallBytes(small);
  target[at] = length * 2;
  putSmall(small, target, at + 1, length);
  return at + 1 + length;
}

/** Texts up to this length and their scaled values stay far below 2^53. */
const SAFE_DIGITS = 11;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/**
 * The unscaled value of a short plain decimal, without the cost of bigint; undefined for anything else, which takes the long way. Prices
 * and quantities are nearly always short, and this is where the encoder spends its time.
 */
function smallUnscaled(text: string, scale: number): number | undefined {
  if (scale > 4) return undefined;
  let value = 0;
  let digits = 0;
  let decimals = -1;
  const negative = text.charCodeAt(0) === MINUS;
  for (let i = negative ? 1 : 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === POINT) {
      if (decimals >= 0 || digits === 0) return undefined;
      decimals = 0;
      continue;
    }
    if (c < ZERO || c > ZERO + 9) return undefined;
    value = value * 10 + (c - ZERO);
    digits++;
    if (decimals >= 0) decimals++;
  }
  if (digits === 0 || decimals === 0 || decimals > scale) return undefined;
  for (let d = Math.max(decimals, 0); d < scale; d++) value *= 10;
  return negative ? -value : value;
}

/** Big-endian two's complement in the fewest bytes of a number below 2^53. */
function smallToBytes(value: number): Buffer {
  const length = smallBytes(value);
  const bytes = Buffer.allocUnsafe(length);
  putSmall(value, bytes, 0, length);
  return bytes;
}

function smallBytes(value: number): number {
  let length = 1;
  for (let limit = 128; value < -limit || value >= limit; limit *= 256) length++;
  return length;
}

function putSmall(value: number, target: Buffer, at: number, length: number): void {
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    const byte = ((rest % 256) + 256) % 256;
    target[at + i] = byte;
    rest = (rest - byte) / 256;
  }
}

/** The inverse: exact text with all `scale` digits after the point, '12.3400'. */
export function bytesToDecimal(bytes: Uint8Array, scale: number): string {
  return formatUnscaled(bytesToBigint(bytes), scale);
}

/** '12.34' with scale 4 → 123400n. @throws SluiceError SCHEMA_VALUE_UNFIT */
export function unscaled(text: string, scale: number): bigint {
  const match = DECIMAL_TEXT.exec(text);
  const fraction = match?.[3] ?? '';
  if (!match || fraction.slice(scale).replaceAll('0', '') !== '') {
    throw new SluiceError(
      'SCHEMA_VALUE_UNFIT',
      `Expected a decimal with at most ${scale} digits after the point, found ${text.length} characters that do not fit`,
    );
  }
  const value = BigInt(match[2]! + fraction.slice(0, scale).padEnd(scale, '0'));
  return match[1] ? -value : value;
}

/** 123400n with scale 4 → '12.3400'. */
export function formatUnscaled(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${value < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Big-endian two's complement in the fewest bytes (at least one). */
export function bigintToBytes(value: bigint): Buffer {
  if (value >= -0x8000_0000_0000_0000n && value <= 0x7fff_ffff_ffff_ffffn) {
    const eight = Buffer.allocUnsafe(8);
    eight.writeBigInt64BE(value);
    let start = 0;
    const fill = value < 0n ? 0xff : 0;
    while (start < 7 && eight[start] === fill && (eight[start + 1]! & 0x80) === (fill & 0x80)) start++;
    return eight.subarray(start);
  }
  let length = 9;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  let hex = BigInt.asUintN(length * 8, value).toString(16);
  hex = hex.padStart(length * 2, '0');
  return Buffer.from(hex, 'hex');
}

/** The number that big-endian two's complement bytes stand for; no bytes are 0. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}
