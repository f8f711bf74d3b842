import { ByteReader } from './byteReader.ts';
import type { RpcArgument } from './engineSession.ts';
import { ProtocolError, TDS_TYPE } from './protocol.ts';
import { readTableArgument } from './tvpReader.ts';
import { readTypeInfo } from './typeInfoReader.ts';

/** One call of an RPC message: a procedure by name or by number, and its arguments as sent. */
export interface RpcCall {
  /** Name as sent; '' when the procedure was given by number. */
  readonly name: string;
  /** Number of a well-known procedure (MS-TDS 2.2.6.6); 0 when it was given by name. */
  readonly procId: number;
  readonly args: readonly RpcArgument[];
}

const PROC_ID_FOLLOWS = 0xffff;
/** A parameter cannot start with these (a name has at most 128 characters): they part the calls of one message. */
const CALL_SEPARATORS = new Set([0x80, 0xfe, 0xff]);
const STATUS_OUTPUT = 0x01;
const STATUS_DEFAULT = 0x02;
const MAX_ARGUMENTS = 2100;

/** Offset of the body behind ALL_HEADERS (MS-TDS 2.2.5.3), whose contents the server does not need. */
export function skipAllHeaders(body: Buffer): number {
  if (body.length < 4) throw new ProtocolError(`a request of ${body.length} bytes has no headers`);
  const length = body.readUInt32LE(0);
  if (length < 4 || length > body.length)
    throw new ProtocolError(`headers of ${length} bytes in a request of ${body.length}`);
  return length;
}

/** Reads all calls of an RPC message (MS-TDS 2.2.6.6). */
export function readRpc(body: Buffer): RpcCall[] {
  const r = new ByteReader(body, skipAllHeaders(body));
  const calls: RpcCall[] = [];
  while (r.more) calls.push(readCall(r));
  if (calls.length === 0) throw new ProtocolError('an RPC message without a call');
  return calls;
}

function readCall(r: ByteReader): RpcCall {
  const nameLength = r.u16();
  const procId = nameLength === PROC_ID_FOLLOWS ? r.u16() : 0;
  const name = nameLength === PROC_ID_FOLLOWS ? '' : r.ucs2(nameLength);
  r.u16();
  const args: RpcArgument[] = [];
  while (r.more) {
    if (CALL_SEPARATORS.has(r.peek())) {
      r.u8();
      break;
    }
    args.push(readArgument(r));
    if (args.length > MAX_ARGUMENTS) throw new ProtocolError(`an RPC call with more than ${MAX_ARGUMENTS} arguments`);
  }
  return { name, procId, args };
}

function readArgument(r: ByteReader): RpcArgument {
  const name = r.bVarchar();
  const status = r.u8();
  const useDefault = (status & STATUS_DEFAULT) !== 0;
  if (r.peek() === TDS_TYPE.table) return readTableArgument(r, name, useDefault);
  const wire = readTypeInfo(r);
  const value = wire.decode(r);
  return { kind: 'scalar', name, output: (status & STATUS_OUTPUT) !== 0, useDefault, type: wire.type, value };
}
