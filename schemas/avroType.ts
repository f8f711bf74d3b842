import avro, { type Schema, type Type } from 'avsc';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { AvroSchema } from './avroSchema.ts';
import { type AvroWriter, compileWriter } from './avroWriter.ts';
import { bytesToDecimal, decimalToBytes } from './decimal.ts';

/** Encodes and decodes values of one schema. Longs are bigint, decimals are text with all digits of their scale, bytes are Buffers. */
export interface AvroType {
  /** Writes at `position` and gives the position after it, or a negative number of missing bytes when the buffer is too small. */
  encode(value: unknown, target: Buffer, position: number): number;
  /** Decodes what starts at `position`. @throws SluiceError SCHEMA_BAD_RECORD when it does not fit the schema */
  decode(source: Buffer, position: number): unknown;
}

/** 64-bit integers without loss. */
const bigintLong = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: (value: number | string) => BigInt(value),
  toJSON: (value: bigint) => Number(value),
  isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/** Avro's `decimal` on bytes as exact text. */
class DecimalType extends avro.types.LogicalType {
  readonly #scale: number;

  constructor(schema: Schema, options?: unknown) {
    super(schema, options as ConstructorParameters<typeof avro.types.LogicalType>[1]);
    this.#scale = (schema as { scale?: number }).scale ?? 0;
  }

  protected override _fromValue(bytes: Buffer): string {
    return bytesToDecimal(bytes, this.#scale);
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    return typeof text === 'string' ? decimalToBytes(text, this.#scale) : undefined;
  }
}

/** The library's type of a schema, with our forms of long and decimal. @throws SluiceError SCHEMA_UNSUPPORTED when it is not valid Avro */
export function libraryType(schema: AvroSchema): Type {
  try {
    return avro.Type.forSchema(schema as Schema, {
      logicalTypes: { decimal: DecimalType },
      assertLogicalTypes: true,
      wrapUnions: 'never' as never,
      typeHook: (part) => (part === 'long' || isLong(part) ? bigintLong : undefined),
    });
  } catch (error) {
    throw new SluiceError('SCHEMA_UNSUPPORTED', `Not a usable Avro schema: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Compiles a schema. @throws SluiceError SCHEMA_UNSUPPORTED when it is not valid Avro */
export function compileAvro(schema: AvroSchema): AvroType {
  const type = libraryType(schema);
  const write = compileWriter(schema);
  return {
    encode: (value, target, position) => {
      if (write) {
        const end = tryWrite(write, value, target, position);
        if (end !== undefined) return end <= target.length ? end : target.length - end;
      }
      try {
        return type.encode(value, target, position);
      } catch (error) {
        throw unfit(type, value, error);
      }
    },
    decode: (source, position) => {
      try {
        const { value, offset } = type.decode(source, position);
        if (offset < 0) throw new Error('the record ends too early');
        return value;
      } catch (error) {
        throw new SluiceError(
          'SCHEMA_BAD_RECORD',
          `A record does not fit schema ${type.name ?? type.typeName}: ${(error as Error).message}`,
          {
            cause: error,
          },
        );
      }
    },
  };
}

/** Undefined when the value does not fit, or fits by one of the library's finer rules. */
function tryWrite(write: AvroWriter, value: unknown, target: Buffer, position: number): number | undefined {
  try {
    return write(value, target, position);
  } catch {
    return undefined;
  }
}

function isLong(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && (schema as { type?: unknown }).type === 'long';
}

/** Names the fields that do not fit, without showing their values. */
function unfit(type: Type, value: unknown, cause: unknown): SluiceError {
  const paths: string[] = [];
  type.isValid(value, {
    errorHook: (path, _found, expected) => {
      paths.push(`${path.join('.')} (expected ${expected.typeName})`);
    },
  });
  const what = paths.length > 0 ? `fields that do not fit: ${paths.slice(0, 5).join(', ')}` : (cause as Error).message;
  return new SluiceError(
    'SCHEMA_VALUE_UNFIT',
    `A value cannot be written with schema ${type.name ?? type.typeName}: ${what}`,
    { cause },
  );
}
