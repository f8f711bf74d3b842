import type { Duplex } from 'node:stream';
import { DEFAULT_PACKET_BYTES, PACKET, PACKET_HEADER_BYTES, STATUS } from './protocol.ts';

/** Staged bytes at which a writer of many rows should stop and wait for the socket. */
const HIGH_WATER_BYTES = 64 * 1024;

/**
 * Builds one reply message at a time: tokens go into a staging buffer that is cut into packets. `bytes` and `at` are open to the encoders,
 * which write values without a call per byte: `ensure(n)` first, then write at `at` and move it.
 */
export class TokenWriter {
  buffer: Buffer = Buffer.allocUnsafe(HIGH_WATER_BYTES * 2);
  at = 0;
  /** Size of the packets cut from now on. */
  packetBytes = DEFAULT_PACKET_BYTES;
  #out: Duplex;
  readonly #spid: number;
  #packetId = 1;

  constructor(out: Duplex, spid: number) {
    this.#out = out;
    this.#spid = spid;
  }

  /** Sends from now on through another stream (after the switch to TLS or back). Nothing may be staged. */
  redirect(out: Duplex): void {
    this.#out = out;
  }

  get full(): boolean {
    return this.at >= HIGH_WATER_BYTES;
  }

  /** Makes room for `length` bytes at `at`. */
  ensure(length: number): void {
    const wanted = this.at + length;
    if (wanted <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, wanted));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  u8(value: number): void {
    this.ensure(1);
    this.buffer[this.at++] = value;
  }

  u16(value: number): void {
    this.ensure(2);
    this.at = this.buffer.writeUInt16LE(value, this.at);
  }

  i16(value: number): void {
    this.ensure(2);
    this.at = this.buffer.writeInt16LE(value, this.at);
  }

  i32(value: number): void {
    this.ensure(4);
    this.at = this.buffer.writeInt32LE(value, this.at);
  }

  u32(value: number): void {
    this.ensure(4);
    this.at = this.buffer.writeUInt32LE(value, this.at);
  }

  u64(value: bigint): void {
    this.ensure(8);
    this.at = this.buffer.writeBigUInt64LE(value, this.at);
  }

  bytes(value: Uint8Array): void {
    this.ensure(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  ucs2(text: string): void {
    this.ensure(text.length * 2);
    this.at += this.buffer.write(text, this.at, 'utf16le');
  }

  /** Text with a 1-byte length; cut at 255 characters. */
  bVarchar(text: string): void {
    const fitting = text.length > 255 ? text.slice(0, 255) : text;
    this.u8(fitting.length);
    this.ucs2(fitting);
  }

  usVarchar(text: string): void {
    this.u16(text.length);
    this.ucs2(text);
  }

  /**
   * Sends the whole packets that are staged and waits until the stream can take more. Call between rows when `full`. Resolves also when
   * the stream closes or `signal` aborts; the caller looks at those itself.
   */
  async drain(signal?: AbortSignal): Promise<void> {
    if (this.#cut(false) || this.#out.destroyed || signal?.aborted === true) return;
    const out = this.#out;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        out.off('drain', go);
        out.off('close', go);
        signal?.removeEventListener('abort', go);
        resolve();
      };
      out.on('drain', go);
      out.on('close', go);
      signal?.addEventListener('abort', go);
    });
  }

  /** Ends the message: sends what is staged, the last packet marked as such. */
  endMessage(): void {
    this.#cut(true);
    this.#packetId = 1;
    if (this.buffer.length > HIGH_WATER_BYTES * 8) this.buffer = Buffer.allocUnsafe(HIGH_WATER_BYTES * 2);
  }

  /** Returns false when the stream asks to wait. */
  #cut(final: boolean): boolean {
    const bodyBytes = this.packetBytes - PACKET_HEADER_BYTES;
    const packets = final ? Math.max(1, Math.ceil(this.at / bodyBytes)) : Math.floor(this.at / bodyBytes);
    if (packets === 0) return true;
    const total = final ? this.at : packets * bodyBytes;
    const out = Buffer.allocUnsafe(total + packets * PACKET_HEADER_BYTES);
    for (let i = 0, from = 0, to = 0; i < packets; i++) {
      const length = Math.min(bodyBytes, total - from);
      this.#header(out, to, length + PACKET_HEADER_BYTES, final && i === packets - 1);
      this.buffer.copy(out, to + PACKET_HEADER_BYTES, from, from + length);
      from += length;
      to += length + PACKET_HEADER_BYTES;
    }
    this.buffer.copyWithin(0, total, this.at);
    this.at -= total;
    return this.#out.destroyed ? true : this.#out.write(out);
  }

  #header(out: Buffer, at: number, length: number, last: boolean): void {
    out[at] = PACKET.reply;
    out[at + 1] = last ? STATUS.endOfMessage : 0;
    out.writeUInt16BE(length, at + 2);
    out.writeUInt16BE(this.#spid & 0xffff, at + 4);
    out[at + 6] = this.#packetId;
    out[at + 7] = 0;
    this.#packetId = (this.#packetId + 1) & 0xff;
  }
}
