import { ProtocolError } from './protocol.ts';

/** Reads little-endian fields off a message, never past its end: a short message throws a `ProtocolError`. */
export class ByteReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
    if (at > bytes.length) throw new ProtocolError(`offset ${at} lies beyond a message of ${bytes.length} bytes`);
  }

  get more(): boolean {
    return this.at < this.bytes.length;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  peek(): number {
    this.#need(1);
    return this.bytes[this.at]!;
  }

  u8(): number {
    return this.bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.#take(2));
  }

  i16(): number {
    return this.bytes.readInt16LE(this.#take(2));
  }

  i32(): number {
    return this.bytes.readInt32LE(this.#take(4));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#take(4));
  }

  i64(): bigint {
    return this.bytes.readBigInt64LE(this.#take(8));
  }

  u64(): bigint {
    return this.bytes.readBigUInt64LE(this.#take(8));
  }

  f32(): number {
    return this.bytes.readFloatLE(this.#take(4));
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.#take(8));
  }

  /** Unsigned number of 1 to 6 bytes. */
  uint(size: number): number {
    if (size < 1 || size > 6) throw new ProtocolError(`a number of ${size} bytes`);
    return this.bytes.readUIntLE(this.#take(size), size);
  }

  /** The next bytes, still part of the message: copy what outlives it. */
  view(length: number): Buffer {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  copy(length: number): Buffer {
    return Buffer.from(this.view(length));
  }

  ucs2(characters: number): string {
    return this.view(characters * 2).toString('utf16le');
  }

  /** Text with a 1-byte length in characters. */
  bVarchar(): string {
    return this.ucs2(this.u8());
  }

  /** Text with a 2-byte length in characters. */
  usVarchar(): string {
    return this.ucs2(this.u16());
  }

  #need(length: number): void {
    if (length > this.bytes.length - this.at)
      throw new ProtocolError(`message ends at ${this.bytes.length}; ${length} bytes expected at ${this.at}`);
  }

  #take(length: number): number {
    this.#need(length);
    const at = this.at;
    this.at += length;
    return at;
  }
}
