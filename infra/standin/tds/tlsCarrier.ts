import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { PACKET, PACKET_HEADER_BYTES, STATUS } from './protocol.ts';

type Done = (error?: Error | null) => void;

/**
 * What a TLS server reads from and writes to in place of the socket. During the handshake TLS records travel inside PRELOGIN packets
 * (MS-TDS 2.2.6.5); from the first record that comes without a packet around it, both sides send records bare.
 */
export class TlsCarrier extends Duplex {
  readonly #socket: Socket;
  #wrapped = true;
  #partial: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  /** Bytes that came from the socket. */
  feed(chunk: Buffer): void {
    if (!this.#wrapped) {
      this.push(chunk);
      return;
    }
    let bytes = this.#partial.length > 0 ? Buffer.concat([this.#partial, chunk]) : chunk;
    while (bytes.length >= PACKET_HEADER_BYTES) {
      if (bytes[0] !== PACKET.prelogin) {
        this.#wrapped = false;
        this.push(bytes);
        bytes = Buffer.alloc(0);
        break;
      }
      const length = Math.max(PACKET_HEADER_BYTES, bytes.readUInt16BE(2));
      if (bytes.length < length) break;
      this.push(bytes.subarray(PACKET_HEADER_BYTES, length));
      bytes = bytes.subarray(length);
    }
    this.#partial = Buffer.from(bytes);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  /** What is written together goes into one packet: tedious expects one message per step of the handshake. */
  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    done(error);
  }

  #send(bytes: Buffer, done: Done): void {
    if (this.#socket.destroyed) {
      done();
      return;
    }
    if (!this.#wrapped) {
      this.#socket.write(bytes, done);
      return;
    }
    const header = Buffer.alloc(PACKET_HEADER_BYTES);
    header[0] = PACKET.prelogin;
    header[1] = STATUS.endOfMessage;
    header.writeUInt16BE(bytes.length + PACKET_HEADER_BYTES, 2);
    this.#socket.write(Buffer.concat([header, bytes]), done);
  }
}
