import { ENCRYPTION } from '#infra/standin/tds/prelogin.ts';
import { batchBody, loginBody, packet, preloginBody } from '../../unit/infra/standin/tds/rawClient.ts';

/** Types of packets (MS-TDS 2.2.3.1.1). */
export const TYPES = { batch: 1, rpc: 3, attention: 6, bulk: 7, transaction: 14, login: 16, prelogin: 18 } as const;

/** ALL_HEADERS with the transaction descriptor 0 and one outstanding request (MS-TDS 2.2.5.3). */
const HEADERS = Buffer.from('16000000120000000200000000000000000001000000', 'hex');
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A well-formed conversation, packet by packet: greeting, login, then one request of every kind. */
export function conversation(credentials: Credentials): readonly Buffer[] {
  return [
    packet(TYPES.prelogin, preloginBody()),
    packet(TYPES.login, loginBody(credentials)),
    packet(TYPES.batch, batchBody('SELECT 1 AS a, NULL AS b')),
    packet(TYPES.rpc, executeSql()),
    packet(TYPES.rpc, tableParameter()),
    packet(TYPES.transaction, Buffer.concat([HEADERS, u16(5), Buffer.from([2, 0])])),
    packet(TYPES.transaction, Buffer.concat([HEADERS, u16(8), Buffer.from([0, 0])])),
    packet(TYPES.attention, Buffer.alloc(0)),
    packet(TYPES.batch, batchBody('SELECT name FROM sys.databases')),
    // Nobody asked for these rows, so the server ends the connection.
    packet(TYPES.bulk, bulkRows()),
  ];
}

/** The start of an encrypted connection: a greeting that asks for it, then TLS inside the packets of the greeting. */
export function encryptedConversation(): readonly Buffer[] {
  const random = Buffer.alloc(32, 7);
  // A ClientHello of TLS 1.2 with one cipher suite and no extensions (RFC 5246, 7.4.1.2).
  const hello = Buffer.concat([Buffer.from([3, 3]), random, Buffer.from([0, 0, 2, 0xc0, 0x2f, 1, 0])]);
  const handshake = Buffer.concat([Buffer.from([1, 0, 0, hello.length]), hello]);
  const record = Buffer.concat([Buffer.from([0x16, 3, 1, 0, handshake.length]), handshake]);
  return [packet(TYPES.prelogin, preloginBody(ENCRYPTION.on)), packet(TYPES.prelogin, record)];
}

/** sp_executesql N'SELECT @p', N'@p int, @s nvarchar(20)', 7, N'text' (MS-TDS 2.2.6.6). */
function executeSql(): Buffer {
  const text = [
    nvarchar('', 'SELECT @p, @s'),
    nvarchar('', '@p int, @s nvarchar(20)'),
    int('@p', 7),
    nvarchar('@s', 'text'),
  ];
  return Buffer.concat([HEADERS, u16(0xffff), u16(10), u16(0), ...text]);
}

/** A call by name with a table-valued parameter of two int rows (MS-TDS 2.2.5.5.5). */
function tableParameter(): Buffer {
  const type = [0xf3, 0x00].map((b) => Buffer.from([b]));
  const column = Buffer.concat([u32(0), u16(1), Buffer.from([0x26, 4]), Buffer.from([0])]);
  const row = (value: number): Buffer => Buffer.concat([Buffer.from([1, 4]), u32(value)]);
  const typeName = Buffer.concat([bVarchar('dbo'), bVarchar('Numbers')]);
  const rows = Buffer.concat([u16(1), column, Buffer.from([0]), row(1), row(2), Buffer.from([0])]);
  return Buffer.concat([
    HEADERS,
    u16(4),
    utf16('TakeNums'.slice(0, 4)),
    u16(0),
    bVarchar('@t'),
    Buffer.from([0]),
    ...type,
    typeName,
    rows,
  ]);
}

/** COLMETADATA of one int column, two rows, DONE: what follows INSERT BULK. */
function bulkRows(): Buffer {
  const column = Buffer.concat([u32(0), u16(8), Buffer.from([0x26, 4]), bVarchar('a')]);
  const row = (value: number): Buffer => Buffer.concat([Buffer.from([0xd1, 4]), u32(value)]);
  return Buffer.concat([Buffer.from([0x81]), u16(1), column, row(1), row(2), Buffer.from([0xfd]), Buffer.alloc(12)]);
}

function nvarchar(name: string, value: string): Buffer {
  const type = Buffer.concat([Buffer.from([0xe7]), u16(8000), COLLATION]);
  return Buffer.concat([bVarchar(name), Buffer.from([0]), type, u16(value.length * 2), utf16(value)]);
}

function int(name: string, value: number): Buffer {
  return Buffer.concat([bVarchar(name), Buffer.from([0, 0x26, 4, 4]), u32(value)]);
}

function bVarchar(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), utf16(text)]);
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
