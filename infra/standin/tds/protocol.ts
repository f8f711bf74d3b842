/** Numbers of MS-TDS 7.4 that more than one file needs. Sections named are those of the MS-TDS document. */

/** Packet types (2.2.3.1.1). A server only ever sends `reply`. */
export const PACKET = {
  batch: 1,
  rpc: 3,
  reply: 4,
  attention: 6,
  bulk: 7,
  federatedToken: 8,
  transaction: 14,
  login: 16,
  sspi: 17,
  prelogin: 18,
} as const;

/** Packet status bits (2.2.3.1.2). */
export const STATUS = { endOfMessage: 0x01, ignore: 0x02, reset: 0x08, resetKeepTransaction: 0x10 } as const;

export const PACKET_HEADER_BYTES = 8;
/** Packet size before the login reply has settled another. */
export const DEFAULT_PACKET_BYTES = 4096;
export const MIN_PACKET_BYTES = 512;
export const MAX_PACKET_BYTES = 32767;

/** Token bytes (2.2.7). */
export const TOKEN = {
  returnStatus: 0x79,
  columnMetadata: 0x81,
  error: 0xaa,
  info: 0xab,
  returnValue: 0xac,
  loginAck: 0xad,
  featureExtAck: 0xae,
  row: 0xd1,
  nullBitmapRow: 0xd2,
  envChange: 0xe3,
  done: 0xfd,
  doneProc: 0xfe,
  doneInProc: 0xff,
} as const;

/** Status bits of DONE, DONEPROC and DONEINPROC (2.2.7.6). */
export const DONE = { final: 0, more: 0x01, error: 0x02, inTransaction: 0x04, count: 0x10, attention: 0x20 } as const;

/** Types of ENVCHANGE (2.2.7.9). */
export const ENV = {
  database: 1,
  language: 2,
  packetSize: 4,
  collation: 7,
  begin: 8,
  commit: 9,
  rollback: 10,
  resetAck: 18,
} as const;

/** TYPE_INFO bytes (2.2.5.4). */
export const TDS_TYPE = {
  null: 0x1f,
  tinyint: 0x30,
  bit: 0x32,
  smallint: 0x34,
  int: 0x38,
  smalldatetime: 0x3a,
  real: 0x3b,
  money: 0x3c,
  datetime: 0x3d,
  float: 0x3e,
  smallmoney: 0x7a,
  bigint: 0x7f,
  guid: 0x24,
  intN: 0x26,
  bitN: 0x68,
  decimalN: 0x6a,
  numericN: 0x6c,
  floatN: 0x6d,
  moneyN: 0x6e,
  datetimeN: 0x6f,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeOffset: 0x2b,
  bigVarBinary: 0xa5,
  bigVarChar: 0xa7,
  bigBinary: 0xad,
  bigChar: 0xaf,
  nVarChar: 0xe7,
  nChar: 0xef,
  udt: 0xf0,
  xml: 0xf1,
  table: 0xf3,
  image: 0x22,
  text: 0x23,
  nText: 0x63,
  variant: 0x62,
  /** Pre-7.2 short forms that old clients still send as parameters. */
  oldVarBinary: 0x25,
  oldVarChar: 0x27,
  oldBinary: 0x2d,
  oldChar: 0x2f,
  oldDecimal: 0x37,
  oldNumeric: 0x3f,
} as const;

/** Length 0xFFFF in TYPE_INFO: a (max) type, whose values come in chunks (PLP); as a value's length: NULL. */
export const MAX_OR_NULL = 0xffff;
/** PLP total length that means NULL. */
export const PLP_NULL = 0xffff_ffff_ffff_ffffn;

/** What the server says of itself: SQL Server 2022's version, so that clients speak TDS 7.4 to it. */
export const PRODUCT = {
  name: 'Microsoft SQL Server',
  major: 16,
  minor: 0,
  build: 4165,
  serverName: 'STANDIN',
} as const;

/** The only collation: SQL_Latin1_General_CP1_CI_AS (2.2.5.1.2): LCID 0x0409, ignore case, kana and width; sort id 52; code page 1252. */
export const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

/** Bytes that do not follow the protocol. The connection is closed; the message goes to the log, never to the client. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
