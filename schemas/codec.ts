import { SluiceError } from '#infra/runtime/errors.ts';
import type { AvroSchema } from './avroSchema.ts';
import { type AvroType, compileAvro } from './avroType.ts';
import type { SchemaRegistry } from './registry.ts';
import { readSchemaId, WIRE_HEADER_BYTES, writeWireHeader } from './wireFormat.ts';

/** Decodes records in the Confluent wire format with the schema they were written with. */
export interface Decoder {
  /** The value of a framed record; asks the registry at the first record of a schema only. */
  decode(framed: Buffer): Promise<unknown>;
  /** Like `decode` without waiting; undefined when the schema is not in the cache yet. */
  decodeNow(framed: Buffer): unknown;
}

/** Encodes values of one schema. */
export interface Encoder {
  readonly schemaId: number;
  /** The framed record. @throws SluiceError SCHEMA_VALUE_UNFIT naming the fields that do not fit */
  encode(value: unknown): Buffer;
}

export function createDecoder(registry: SchemaRegistry): Decoder {
  const types = new Map<number, AvroType>();
  return {
    async decode(framed) {
      const id = readSchemaId(framed);
      let type = types.get(id);
      if (!type) {
        type = compileAvro(await registry.schemaById(id));
        types.set(id, type);
      }
      return type.decode(framed, WIRE_HEADER_BYTES);
    },
    decodeNow: (framed) => types.get(readSchemaId(framed))?.decode(framed, WIRE_HEADER_BYTES),
  };
}

/** Registers the schema under the subject and gives an encoder for it. */
export async function createEncoder(
  registry: SchemaRegistry,
  subject: string,
  schema: AvroSchema,
  signal?: AbortSignal,
): Promise<Encoder> {
  return encoderFor(await registry.register(subject, schema, signal), schema);
}

/** Where records are put together before they are copied out; grows with the largest one. */
let scratch = Buffer.allocUnsafe(64 * 1024);
const MAX_RECORD_BYTES = 256 * 1024 * 1024;

/** An encoder for a schema whose id is known. */
export function encoderFor(schemaId: number, schema: AvroSchema): Encoder {
  const type = compileAvro(schema);
  return {
    schemaId,
    encode(value) {
      let end = type.encode(value, scratch, WIRE_HEADER_BYTES);
      while (end < 0) {
        const wanted = Math.max(scratch.length * 2, scratch.length - end + WIRE_HEADER_BYTES);
        if (wanted > MAX_RECORD_BYTES)
          throw new SluiceError('SCHEMA_VALUE_UNFIT', `A record of more than ${MAX_RECORD_BYTES} bytes`);
        scratch = Buffer.allocUnsafe(wanted);
        end = type.encode(value, scratch, WIRE_HEADER_BYTES);
      }
      writeWireHeader(scratch, schemaId);
      return Buffer.from(scratch.subarray(0, end));
    },
  };
}
