import { PRODUCT, ProtocolError } from './protocol.ts';

/** Values of the ENCRYPTION option (MS-TDS 2.2.6.5). */
export const ENCRYPTION = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

/** What a server does about encryption: never, when the client asks, or always. */
export type TlsMode = 'off' | 'on' | 'required';

/** The outcome: what to answer, and what of the connection goes through TLS. */
export interface EncryptionAgreement {
  readonly answer: number;
  readonly tls: 'none' | 'login' | 'all';
  /** The client cannot do what the server requires: answer, then close. */
  readonly refused: boolean;
}

const OPTION = { version: 0, encryption: 1, instance: 2, thread: 3, mars: 4, federatedAuth: 6 } as const;
const TERMINATOR = 0xff;
const ENTRY_BYTES = 5;

/** Options of a PRELOGIN message by their number. */
export function readPrelogin(body: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; ; at += ENTRY_BYTES) {
    if (at >= body.length) throw new ProtocolError('a prelogin without terminator');
    const option = body[at]!;
    if (option === TERMINATOR) return options;
    if (at + ENTRY_BYTES > body.length) throw new ProtocolError('a prelogin option is cut off');
    const offset = body.readUInt16BE(at + 1);
    const length = body.readUInt16BE(at + 3);
    if (offset + length > body.length) throw new ProtocolError(`prelogin option ${option} lies beyond the message`);
    options.set(option, body.subarray(offset, offset + length));
  }
}

/** The client's wish; a client that sends none cannot encrypt. */
export function encryptionWish(options: ReadonlyMap<number, Buffer>): number {
  return options.get(OPTION.encryption)?.[0] ?? ENCRYPTION.notSupported;
}

/** MS-TDS 2.2.6.5, table of encryption settings. OFF on both sides still hides the login itself. */
export function agreeOnEncryption(wish: number, mode: TlsMode): EncryptionAgreement {
  const wantsAll = wish === ENCRYPTION.on || wish === ENCRYPTION.required;
  if (mode === 'off') return { answer: ENCRYPTION.notSupported, tls: 'none', refused: false };
  if (mode === 'required') {
    const able = wish !== ENCRYPTION.notSupported;
    return { answer: wantsAll ? ENCRYPTION.on : ENCRYPTION.required, tls: able ? 'all' : 'none', refused: !able };
  }
  if (wantsAll) return { answer: ENCRYPTION.on, tls: 'all', refused: false };
  if (wish === ENCRYPTION.off) return { answer: ENCRYPTION.off, tls: 'login', refused: false };
  return { answer: ENCRYPTION.notSupported, tls: 'none', refused: false };
}

/** The reply's body. FEDAUTHREQUIRED is answered (with "no") only where the client asked. */
export function writePrelogin(encryption: number, options: ReadonlyMap<number, Buffer>): Buffer {
  const entries: [number, Buffer][] = [
    [OPTION.version, Buffer.from([PRODUCT.major, PRODUCT.minor, PRODUCT.build >> 8, PRODUCT.build & 0xff, 0, 0])],
    [OPTION.encryption, Buffer.from([encryption])],
    [OPTION.instance, Buffer.from([0])],
    [OPTION.thread, Buffer.alloc(0)],
    [OPTION.mars, Buffer.from([0])],
  ];
  if (options.has(OPTION.federatedAuth)) entries.push([OPTION.federatedAuth, Buffer.from([0])]);
  const head = Buffer.alloc(entries.length * ENTRY_BYTES + 1);
  let offset = head.length;
  entries.forEach(([option, data], i) => {
    head[i * ENTRY_BYTES] = option;
    head.writeUInt16BE(offset, i * ENTRY_BYTES + 1);
    head.writeUInt16BE(data.length, i * ENTRY_BYTES + 3);
    offset += data.length;
  });
  head[head.length - 1] = TERMINATOR;
  return Buffer.concat([head, ...entries.map(([, data]) => data)]);
}
