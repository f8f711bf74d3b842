import { SluiceError } from '#infra/runtime/errors.ts';

/** Bytes before the Avro data: one zero byte, then the schema id, big-endian. Source: Confluent "Wire format" page of the schema registry. */
export const WIRE_HEADER_BYTES = 5;

/** Writes the header at the start of `target`. */
export function writeWireHeader(target: Buffer, schemaId: number): void {
  target[0] = 0;
  target.writeInt32BE(schemaId, 1);
}

/** The schema id of a framed record. @throws SluiceError SCHEMA_BAD_RECORD when the bytes are not framed. */
export function readSchemaId(framed: Buffer): number {
  if (framed.length < WIRE_HEADER_BYTES || framed[0] !== 0) {
    throw new SluiceError(
      'SCHEMA_BAD_RECORD',
      `Expected a record in the Confluent wire format (byte 0, then a schema id), found ${framed.length} bytes starting with ${framed[0] ?? 'nothing'}`,
    );
  }
  return framed.readInt32BE(1);
}
