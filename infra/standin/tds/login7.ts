import { ProtocolError } from './protocol.ts';

/** What a LOGIN7 message says (MS-TDS 2.2.6.4), as far as the server uses it. */
export interface Login7 {
  /** As sent, for example 0x74000004 for TDS 7.4. */
  readonly tdsVersion: number;
  /** Packet size the client asks for; 0 = the server's choice. */
  readonly packetBytes: number;
  readonly clientPid: number;
  readonly hostName: string;
  readonly user: string;
  readonly password: string;
  readonly applicationName: string;
  readonly libraryName: string;
  readonly language: string;
  readonly database: string;
  /** Windows authentication, which the server does not have. */
  readonly integrated: boolean;
  /** The client asks for a new password in place of an expired one. */
  readonly changesPassword: boolean;
  readonly odbcDefaults: boolean;
  /** Numbers of the feature extensions. */
  readonly features: readonly number[];
}

const FIXED_BYTES = 94;
const FLAGS2_ODBC = 0x02;
const FLAGS2_INTEGRATED = 0x80;
const FLAGS3_EXTENSION = 0x10;
const FEATURE_END = 0xff;
const MAX_FEATURES = 64;

/** Positions of {offset, length in characters} pairs in the fixed part. */
const FIELD = {
  host: 36,
  user: 40,
  password: 44,
  application: 48,
  extension: 56,
  library: 60,
  language: 64,
  database: 68,
  newPassword: 86,
} as const;

export function readLogin7(body: Buffer): Login7 {
  if (body.length < FIXED_BYTES) throw new ProtocolError(`a login of ${body.length} bytes`);
  return {
    tdsVersion: body.readUInt32LE(4),
    packetBytes: body.readUInt32LE(8),
    clientPid: body.readUInt32LE(16),
    hostName: text(body, FIELD.host),
    user: text(body, FIELD.user),
    password: unscramble(field(body, FIELD.password, 2)),
    applicationName: text(body, FIELD.application),
    libraryName: text(body, FIELD.library),
    language: text(body, FIELD.language),
    database: text(body, FIELD.database),
    integrated: (body[25]! & FLAGS2_INTEGRATED) !== 0,
    changesPassword: body.readUInt16LE(FIELD.newPassword + 2) > 0,
    odbcDefaults: (body[25]! & FLAGS2_ODBC) !== 0,
    features: (body[27]! & FLAGS3_EXTENSION) === 0 ? [] : readFeatures(body),
  };
}

/** Bytes of a variable field; its length is counted in units of `unitBytes`. */
function field(body: Buffer, position: number, unitBytes: number): Buffer {
  const offset = body.readUInt16LE(position);
  const length = body.readUInt16LE(position + 2) * unitBytes;
  if (length > 0 && offset + length > body.length)
    throw new ProtocolError(`the login field at ${position} lies beyond the message`);
  return body.subarray(offset, offset + length);
}

function text(body: Buffer, position: number): string {
  return field(body, position, 2).toString('utf16le');
}

/** Undoes the scrambling: each byte is XORed with 0xA5, then its halves change places. */
function unscramble(bytes: Buffer): string {
  return Buffer.from(bytes.map((byte) => ((byte ^ 0xa5) << 4) | ((byte ^ 0xa5) >> 4))).toString('utf16le');
}

/** The extension field points to a u32, which is the offset of {id u8, length u32, data}… up to 0xFF. */
function readFeatures(body: Buffer): number[] {
  const pointer = field(body, FIELD.extension, 1);
  if (pointer.length < 4) throw new ProtocolError('the feature extension has no offset');
  const features: number[] = [];
  let at = pointer.readUInt32LE(0);
  while (at < body.length && body[at] !== FEATURE_END) {
    if (at + 5 > body.length || features.length > MAX_FEATURES)
      throw new ProtocolError('the feature extension is malformed');
    features.push(body[at]!);
    at += 5 + body.readUInt32LE(at + 1);
  }
  return features;
}
