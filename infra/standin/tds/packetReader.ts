import { PACKET_HEADER_BYTES, ProtocolError, STATUS } from './protocol.ts';

/** A whole request: the bodies of its packets, joined. */
export interface Message {
  readonly type: number;
  /** Status bits of the first and the last packet together (reset stands in the first, ignore in the last). */
  readonly status: number;
  readonly body: Buffer;
}

/**
 * Cuts a byte stream into packets and joins packets into messages (MS-TDS 2.2.3). Never holds more than one message of at most
 * `limitBytes` plus one packet; anything malformed or larger throws a `ProtocolError`, after which the reader must not be used.
 */
export class PacketReader {
  /** Largest message in bytes, headers included. Small before login, large after. */
  limitBytes: number;
  readonly #onMessage: (message: Message) => void;
  #rest: Buffer = Buffer.alloc(0);
  #bodies: Buffer[] = [];
  #messageBytes = 0;
  #type = -1;
  #firstStatus = 0;

  constructor(limitBytes: number, onMessage: (message: Message) => void) {
    this.limitBytes = limitBytes;
    this.#onMessage = onMessage;
  }

  /** Takes the next bytes of the stream; calls back for each message they complete. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= PACKET_HEADER_BYTES) {
      const length = bytes.readUInt16BE(at + 2);
      if (length < PACKET_HEADER_BYTES) throw new ProtocolError(`packet length ${length} is shorter than its header`);
      this.#check(bytes[at]!, length);
      if (bytes.length - at < length) break;
      this.#packet(bytes.subarray(at, at + length));
      at += length;
    }
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0);
  }

  /** Bytes received after the last whole packet: hands them over and forgets them (for the switch to TLS). */
  takeRest(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest;
  }

  #check(type: number, length: number): void {
    if (this.#type >= 0 && type !== this.#type)
      throw new ProtocolError(`packet of type ${type} inside a message of type ${this.#type}`);
    if (this.#messageBytes + length > this.limitBytes)
      throw new ProtocolError(`message of type ${type} is larger than ${this.limitBytes} bytes`);
  }

  #packet(packet: Buffer): void {
    const status = packet[1]!;
    if (this.#type < 0) {
      this.#type = packet[0]!;
      this.#firstStatus = status;
    }
    this.#messageBytes += packet.length;
    if (packet.length > PACKET_HEADER_BYTES) this.#bodies.push(packet.subarray(PACKET_HEADER_BYTES));
    if ((status & STATUS.endOfMessage) === 0) return;
    const body = this.#bodies.length === 1 ? this.#bodies[0]! : Buffer.concat(this.#bodies);
    const message = { type: this.#type, status: this.#firstStatus | status, body };
    this.#bodies = [];
    this.#messageBytes = 0;
    this.#type = -1;
    this.#onMessage(message);
  }
}
