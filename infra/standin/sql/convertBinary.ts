import { writeCodePage } from '../tds/codePage.ts';
import { guidBytes, guidText } from '../tds/guid.ts';
import type { Convert } from './convertNumber.ts';
import { isInteger, numberToNumber } from './convertNumber.ts';
import { isUnicode, lengthOf } from './convertText.ts';
import { sqlError } from './errors.ts';
import { fromMoment, toMoment } from './temporal.ts';
import { typeName } from './typeNames.ts';
import { BIGINT, MAX, type SqlType, type SqlValue, TICKS_PER_DAY } from './values.ts';

/** Cuts bytes at the right, or fills binary(n) with zeros there. */
export function fitBytes(v: Buffer, to: SqlType): Buffer {
  const n = to.k === 'rowversion' ? 8 : lengthOf(to);
  if (n === MAX) return v;
  if (v.length > n) return v.subarray(0, n);
  if (to.k !== 'varbinary' && v.length < n) return Buffer.concat([v, Buffer.alloc(n - v.length)]);
  return v;
}

/** Numbers align at the right: cut and filled at the left. */
function fitRight(v: Buffer, to: SqlType): Buffer {
  const n = to.k === 'rowversion' ? 8 : lengthOf(to);
  if (n === MAX) return v;
  if (v.length > n) return v.subarray(v.length - n);
  if (to.k !== 'varbinary' && v.length < n) return Buffer.concat([Buffer.alloc(n - v.length), v]);
  return v;
}

export function stringToBinary(from: SqlType, to: SqlType, style: number | undefined): Convert {
  if (style === 1 || style === 2) return (v) => fitBytes(readHex(v as string, from, to, style), to);
  if (isUnicode(from)) return (v) => fitBytes(Buffer.from(v as string, 'utf16le'), to);
  return (v) => fitBytes(pageBytes(v as string), to);
}

/** The bytes of text in code page 1252. */
export function pageBytes(s: string): Buffer {
  const out = Buffer.alloc(s.length);
  writeCodePage(out, 0, s);
  return out;
}

function readHex(text: string, from: SqlType, to: SqlType, style: number): Buffer {
  const t = text.trim();
  const hex = style === 1 ? t.replace(/^0x/i, '') : t;
  const wrongPrefix = (style === 1) !== /^0x/i.test(t);
  if (wrongPrefix || hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex))
    throw sqlError(8114, typeName(from), typeName(to));
  return Buffer.from(hex, 'hex');
}

/** Any other type to its stored bytes. */
export function valueToBinary(from: SqlType, to: SqlType): Convert {
  const bytes = bytesOf(from);
  const numeric =
    isInteger(from) || ['bit', 'money', 'smallmoney', 'float', 'real', 'datetime', 'smalldatetime'].includes(from.k);
  return numeric ? (v) => fitRight(bytes(v), to) : (v) => fitBytes(bytes(v), to);
}

function bytesOf(from: SqlType): (v: SqlValue) => Buffer {
  switch (from.k) {
    case 'bit':
    case 'tinyint':
      return (v) => Buffer.from([v as number]);
    case 'smallint':
      return (v) => bigEndian(BigInt(v as number), 2);
    case 'int':
      return (v) => bigEndian(BigInt(v as number), 4);
    case 'bigint':
    case 'money':
      return (v) => bigEndian(v as bigint, 8);
    case 'smallmoney':
      return (v) => bigEndian(v as bigint, 4);
    case 'float':
      return (v) => {
        const out = Buffer.alloc(8);
        out.writeDoubleBE(v as number);
        return out;
      };
    case 'real':
      return (v) => {
        const out = Buffer.alloc(4);
        out.writeFloatBE(v as number);
        return out;
      };
    case 'decimal':
      return (v) => decimalBytes(v as bigint, from.p, from.s);
    case 'uniqueidentifier':
      return (v) => guidBytes(v as string);
    case 'datetime':
      return (v) => {
        const days = Math.floor((v as number) / TICKS_PER_DAY);
        const out = Buffer.alloc(8);
        out.writeInt32BE(days);
        out.writeUInt32BE((v as number) - days * TICKS_PER_DAY, 4);
        return out;
      };
    case 'smalldatetime':
      return (v) => {
        const out = Buffer.alloc(4);
        out.writeUInt16BE(Math.floor((v as number) / 1440));
        out.writeUInt16BE((v as number) % 1440, 2);
        return out;
      };
    default:
      return (v) => newDateBytes(v, from);
  }
}

function bigEndian(v: bigint, width: number): Buffer {
  return Buffer.from(
    BigInt.asUintN(width * 8, v)
      .toString(16)
      .padStart(width * 2, '0'),
    'hex',
  );
}

/** Precision, scale, 0, sign (1 = positive), magnitude little-endian in whole 4-byte words. */
function decimalBytes(v: bigint, p: number, s: number): Buffer {
  const hex = (v < 0n ? -v : v).toString(16);
  const words = Math.max(1, Math.ceil(hex.length / 8));
  const magnitude = Buffer.from(hex.padStart(words * 8, '0'), 'hex').reverse();
  return Buffer.concat([Buffer.from([p, s, 0, v < 0n ? 0 : 1]), magnitude]);
}

/** date: 3 bytes little-endian; the others: scale, clock, date, offset as on the wire. */
function newDateBytes(v: SqlValue, from: SqlType): Buffer {
  const m = toMoment(v, from);
  const day = Buffer.alloc(3);
  day.writeUIntLE(m.day, 0, 3);
  if (from.k === 'date') return day;
  const scale = 's' in from ? from.s : 7;
  const width = scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
  const clock = Buffer.alloc(width);
  clock.writeUIntLE(Math.floor(m.units / 10 ** (7 - scale)), 0, width);
  const head = [Buffer.from([scale]), clock];
  if (from.k === 'time') return Buffer.concat(head);
  if (from.k === 'datetime2') return Buffer.concat([...head, day]);
  const offset = Buffer.alloc(2);
  offset.writeInt16LE(m.offset);
  return Buffer.concat([...head, day, offset]);
}

/** Bytes to numbers, dates and guids. */
export function binaryToValue(from: SqlType, to: SqlType): Convert {
  switch (to.k) {
    case 'uniqueidentifier':
      return (v) => {
        const b = v as Buffer;
        return guidText(b.length < 16 ? Buffer.concat([b, Buffer.alloc(16 - b.length)]) : b.subarray(0, 16));
      };
    case 'datetime':
      return (v) => {
        const b = fitRight(v as Buffer, { k: 'binary', n: 8 });
        return b.readInt32BE(0) * TICKS_PER_DAY + b.readUInt32BE(4);
      };
    case 'smalldatetime':
      return (v) => {
        const b = fitRight(v as Buffer, { k: 'binary', n: 4 });
        return b.readUInt16BE(0) * 1440 + b.readUInt16BE(2);
      };
    case 'date':
      return (v) => {
        const out = fromMoment(
          { day: (v as Buffer).readUIntLE(0, Math.min(3, (v as Buffer).length)), units: 0, offset: 0 },
          to,
        );
        if (out === undefined) throw sqlError(241);
        return out;
      };
    case 'decimal':
      return (v) => binaryToDecimal(v as Buffer, from, to);
    case 'bit':
      return (v) => ((v as Buffer).at(-1) === 0 || (v as Buffer).length === 0 ? 0 : 1);
    default:
      return integerFromBytes(from, to);
  }
}

const WIDTHS: Readonly<Record<string, number>> = {
  tinyint: 1,
  smallint: 2,
  int: 4,
  bigint: 8,
  money: 8,
  smallmoney: 4,
};

function integerFromBytes(from: SqlType, to: SqlType): Convert {
  const width = WIDTHS[to.k];
  if (width === undefined) throw sqlError(529, typeName(from), typeName(to));
  const narrow = to.k === 'money' || to.k === 'smallmoney' ? undefined : numberToNumber(BIGINT, to);
  return (v) => {
    const b = (v as Buffer).subarray(Math.max(0, (v as Buffer).length - width));
    const raw = BigInt(`0x${b.toString('hex') || '0'}`);
    const signed = to.k === 'tinyint' || b.length < width ? raw : BigInt.asIntN(width * 8, raw);
    return narrow ? narrow(signed) : signed;
  };
}

function binaryToDecimal(b: Buffer, from: SqlType, to: SqlType & { k: 'decimal' }): SqlValue {
  if (b.length < 8 || b.length % 4 !== 0) throw sqlError(8114, typeName(from), 'numeric');
  const [p = 0, s = 0] = b;
  const magnitude = BigInt(`0x${Buffer.from(b.subarray(4)).reverse().toString('hex')}`);
  return numberToNumber({ k: 'decimal', p, s }, to)(b[3] === 0 ? -magnitude : magnitude);
}
