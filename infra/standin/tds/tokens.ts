import type { SqlMessage } from './engineSession.ts';
import { PRODUCT, TOKEN } from './protocol.ts';
import type { TokenWriter } from './tokenWriter.ts';

const MAX_MESSAGE_CHARACTERS = 4000;
const MAX_INFO_SEVERITY = 10;
const TDS_74 = Buffer.from([0x74, 0x00, 0x00, 0x04]);
const UTF8_FEATURE = 0x0a;

/** DONE, DONEPROC or DONEINPROC. */
export function writeDone(w: TokenWriter, token: number, status: number, currentCommand = 0, count = 0): void {
  w.u8(token);
  w.u16(status);
  w.u16(currentCommand);
  w.u64(BigInt(count));
}

/** ENVCHANGE with texts. */
export function writeEnvText(w: TokenWriter, type: number, now: string, before: string): void {
  const fitting = (text: string): string => text.slice(0, 255);
  w.u8(TOKEN.envChange);
  w.u16(3 + (fitting(now).length + fitting(before).length) * 2);
  w.u8(type);
  w.bVarchar(fitting(now));
  w.bVarchar(fitting(before));
}

/** ENVCHANGE with bytes. */
export function writeEnvBytes(w: TokenWriter, type: number, now: Uint8Array, before: Uint8Array): void {
  w.u8(TOKEN.envChange);
  w.u16(3 + now.length + before.length);
  w.u8(type);
  w.u8(now.length);
  w.bytes(now);
  w.u8(before.length);
  w.bytes(before);
}

/** ERROR or, for a severity up to 10, INFO. */
export function writeMessage(w: TokenWriter, message: SqlMessage): void {
  const text = message.text.slice(0, MAX_MESSAGE_CHARACTERS);
  const proc = message.proc.slice(0, 128);
  const server = PRODUCT.serverName;
  w.u8(message.severity > MAX_INFO_SEVERITY ? TOKEN.error : TOKEN.info);
  w.u16(4 + 1 + 1 + 2 + text.length * 2 + 1 + server.length * 2 + 1 + proc.length * 2 + 4);
  w.i32(message.number);
  w.u8(message.state);
  w.u8(message.severity);
  w.usVarchar(text);
  w.bVarchar(server);
  w.bVarchar(proc);
  w.u32(Math.max(0, message.line));
}

/** LOGINACK; its version is big-endian, unlike the one in LOGIN7. */
export function writeLoginAck(w: TokenWriter): void {
  w.u8(TOKEN.loginAck);
  w.u16(1 + 4 + 1 + PRODUCT.name.length * 2 + 4);
  w.u8(1);
  w.bytes(TDS_74);
  w.bVarchar(PRODUCT.name);
  w.bytes(Uint8Array.of(PRODUCT.major, PRODUCT.minor, PRODUCT.build >> 8, PRODUCT.build & 0xff));
}

/**
 * FEATUREEXTACK, sent only to a client that offered the UTF-8 feature: tedious refuses an acknowledgement that holds neither that nor
 * federated authentication, and no client misses the token.
 */
export function writeFeatureAck(w: TokenWriter, features: readonly number[]): void {
  if (!features.includes(UTF8_FEATURE)) return;
  w.u8(TOKEN.featureExtAck);
  w.u8(UTF8_FEATURE);
  w.u32(1);
  w.u8(1);
  w.u8(0xff);
}

export function writeReturnStatus(w: TokenWriter, value: number): void {
  w.u8(TOKEN.returnStatus);
  w.i32(value);
}
