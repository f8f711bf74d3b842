import { UNITS_PER_DAY, UNITS_PER_DAY_BIG } from '../sql/values.ts';
import type { ByteReader } from './byteReader.ts';
import { datetimeN } from './decodeNumber.ts';
import { ProtocolError } from './protocol.ts';
import { timeBytes } from './typeInfo.ts';
import type { WireType } from './typeInfoReader.ts';
import { invalidValueError } from './valueError.ts';

export { datetimeN };

/** 9999-12-31 in days since 0001-01-01. */
const LAST_DAY = 3_652_058;
const MAX_OFFSET_MINUTES = 840;

export const DATE_TYPE: WireType = {
  type: { k: 'date' },
  decode: (r) => (size(r, 3, 'date') === 0 ? null : readDay(r, 'date')),
};

export function timeType(scale: number): WireType {
  const bytes = checkedTimeBytes(scale);
  return {
    type: { k: 'time', s: scale },
    decode: (r) => (size(r, bytes, 'time') === 0 ? null : readUnits(r, scale, 'time')),
  };
}

export function datetime2Type(scale: number): WireType {
  const bytes = checkedTimeBytes(scale) + 3;
  return {
    type: { k: 'datetime2', s: scale },
    decode: (r) => (size(r, bytes, 'datetime2') === 0 ? null : readInstant(r, scale, 'datetime2')),
  };
}

export function datetimeOffsetType(scale: number): WireType {
  const bytes = checkedTimeBytes(scale) + 5;
  return {
    type: { k: 'datetimeoffset', s: scale },
    decode: (r) => {
      if (size(r, bytes, 'datetimeoffset') === 0) return null;
      const utc = readInstant(r, scale, 'datetimeoffset');
      const offset = r.i16();
      if (Math.abs(offset) > MAX_OFFSET_MINUTES) throw invalidValueError('datetimeoffset');
      return { utc, offset };
    },
  };
}

/** The value's size: the one its type and scale ask for, or 0 for NULL. */
function size(r: ByteReader, expected: number, typeName: string): number {
  const given = r.u8();
  if (given !== 0 && given !== expected)
    throw new ProtocolError(`a ${typeName} of ${given} bytes instead of ${expected}`);
  return given;
}

function checkedTimeBytes(scale: number): number {
  if (scale > 7) throw new ProtocolError(`a time scale of ${scale}`);
  return timeBytes(scale);
}

function readDay(r: ByteReader, typeName: string): number {
  const day = r.uint(3);
  if (day > LAST_DAY) throw invalidValueError(typeName);
  return day;
}

function readUnits(r: ByteReader, scale: number, typeName: string): number {
  const units = r.uint(timeBytes(scale)) * 10 ** (7 - scale);
  if (units >= UNITS_PER_DAY) throw invalidValueError(typeName);
  return units;
}

function readInstant(r: ByteReader, scale: number, typeName: string): bigint {
  const units = readUnits(r, scale, typeName);
  return BigInt(readDay(r, typeName)) * UNITS_PER_DAY_BIG + BigInt(units);
}
