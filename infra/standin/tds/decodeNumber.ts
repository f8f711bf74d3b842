import type { SqlType, SqlValue } from '../sql/values.ts';
import type { ByteReader } from './byteReader.ts';
import { ProtocolError, TDS_TYPE } from './protocol.ts';
import type { WireType } from './typeInfoReader.ts';
import { invalidValueError } from './valueError.ts';

/** Reads the bytes of a value that is not NULL, without its length. */
type BareDecoder = (r: ByteReader, size: number) => SqlValue;

/** Types of fixed length: no length byte, never NULL. Undefined for any other type byte. */
export function fixedType(id: number): WireType | undefined {
  return FIXED.get(id);
}

const bit: BareDecoder = (r) => (r.u8() === 0 ? 0 : 1);
const tinyint: BareDecoder = (r) => r.u8();
const smallint: BareDecoder = (r) => r.i16();
const int: BareDecoder = (r) => r.i32();
const bigint: BareDecoder = (r) => r.i64();
const float: BareDecoder = (r) => finite(r.f64(), 'float');
const real: BareDecoder = (r) => finite(r.f32(), 'real');
const smallmoney: BareDecoder = (r) => BigInt(r.i32());
const money: BareDecoder = (r) => {
  const high = BigInt(r.i32());
  return (high << 32n) | BigInt(r.u32());
};
/** Days since 1900 and ticks of 1/300 s, as one number of ticks. */
const datetime: BareDecoder = (r) => {
  const days = r.i32();
  const ticks = r.u32();
  if (days < -53_690 || days > 2_958_463 || ticks >= 25_920_000) throw invalidValueError('datetime');
  return days * 25_920_000 + ticks;
};
const smalldatetime: BareDecoder = (r) => {
  const days = r.u16();
  const minutes = r.u16();
  if (minutes >= 1440) throw invalidValueError('smalldatetime');
  return days * 1440 + minutes;
};

const FIXED: ReadonlyMap<number, WireType> = new Map(
  (
    [
      [TDS_TYPE.tinyint, { k: 'tinyint' }, tinyint],
      [TDS_TYPE.bit, { k: 'bit' }, bit],
      [TDS_TYPE.smallint, { k: 'smallint' }, smallint],
      [TDS_TYPE.int, { k: 'int' }, int],
      [TDS_TYPE.bigint, { k: 'bigint' }, bigint],
      [TDS_TYPE.real, { k: 'real' }, real],
      [TDS_TYPE.float, { k: 'float' }, float],
      [TDS_TYPE.money, { k: 'money' }, money],
      [TDS_TYPE.smallmoney, { k: 'smallmoney' }, smallmoney],
      [TDS_TYPE.datetime, { k: 'datetime' }, datetime],
      [TDS_TYPE.smalldatetime, { k: 'smalldatetime' }, smalldatetime],
      [TDS_TYPE.null, { k: 'int' }, () => null],
    ] satisfies [number, SqlType, BareDecoder][]
  ).map(([id, type, decode]) => [id, { type, decode: (r: ByteReader) => decode(r, 0) }]),
);

export function intN(size: number): WireType {
  if (size === 1) return sized({ k: 'tinyint' }, [1], tinyint);
  if (size === 2) return sized({ k: 'smallint' }, [2], smallint);
  if (size === 4) return sized({ k: 'int' }, [4], int);
  if (size === 8) return sized({ k: 'bigint' }, [8], bigint);
  throw new ProtocolError(`INTN of ${size} bytes`);
}

export function bitN(size: number): WireType {
  if (size !== 1) throw new ProtocolError(`BITN of ${size} bytes`);
  return sized({ k: 'bit' }, [1], bit);
}

/** A value may be shorter than its type says: the size in front of it decides. */
export function floatN(size: number): WireType {
  if (size !== 4 && size !== 8) throw new ProtocolError(`FLTN of ${size} bytes`);
  return sized({ k: size === 4 ? 'real' : 'float' }, [4, 8], (r, n) => (n === 4 ? real(r, n) : float(r, n)));
}

export function moneyN(size: number): WireType {
  if (size !== 4 && size !== 8) throw new ProtocolError(`MONEYN of ${size} bytes`);
  return sized({ k: size === 4 ? 'smallmoney' : 'money' }, [4, 8], (r, n) =>
    n === 4 ? smallmoney(r, n) : money(r, n),
  );
}

export function datetimeN(size: number): WireType {
  if (size === 4) return sized({ k: 'smalldatetime' }, [4], smalldatetime);
  if (size === 8) return sized({ k: 'datetime' }, [8], datetime);
  throw new ProtocolError(`DATETIMN of ${size} bytes`);
}

const MAX_PRECISION = 38;
/** 10^38: a magnitude of 38 digits stays below. */
const MAGNITUDE_LIMIT = 10n ** 38n;

/** Sign and magnitude. Clients send any number of magnitude bytes (mssql-jdbc the fewest that do), not only 4, 8, 12 or 16. */
export function decimalN(precision: number, scale: number): WireType {
  if (precision < 1 || precision > MAX_PRECISION || scale > precision)
    throw new ProtocolError(`decimal(${precision},${scale})`);
  return {
    type: { k: 'decimal', p: precision, s: scale },
    decode: (r) => {
      const size = r.u8();
      if (size === 0) return null;
      const negative = r.u8() === 0;
      const magnitude = readMagnitude(r.view(size - 1));
      if (magnitude >= MAGNITUDE_LIMIT) throw invalidValueError('decimal');
      return negative ? -magnitude : magnitude;
    },
  };
}

function readMagnitude(bytes: Buffer): bigint {
  if (bytes.length === 8) return bytes.readBigUInt64LE(0);
  if (bytes.length === 4) return BigInt(bytes.readUInt32LE(0));
  let magnitude = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) magnitude = (magnitude << 8n) | BigInt(bytes[i]!);
  return magnitude;
}

/** A value with a length byte: 0 for NULL, else one of the sizes allowed. */
function sized(type: SqlType, sizes: readonly number[], decode: BareDecoder): WireType {
  return {
    type,
    decode: (r) => {
      const size = r.u8();
      if (size === 0) return null;
      if (!sizes.includes(size)) throw new ProtocolError(`a ${type.k} of ${size} bytes`);
      return decode(r, size);
    },
  };
}

function finite(value: number, typeName: string): number {
  if (!Number.isFinite(value)) throw invalidValueError(typeName);
  return value;
}
