import type { SqlMessage } from './engineSession.ts';
import { COLLATION, DEFAULT_PACKET_BYTES, DONE, ENV, MAX_PACKET_BYTES, MIN_PACKET_BYTES, TOKEN } from './protocol.ts';
import { writeDone, writeEnvBytes, writeEnvText, writeFeatureAck, writeLoginAck, writeMessage } from './tokens.ts';
import type { TokenWriter } from './tokenWriter.ts';

const NOTHING = new Uint8Array(0);
const LANGUAGE = 'us_english';

/** Answers a login that succeeded, in the order a server uses, and settles the packet size for what follows. */
export function replyLoggedIn(
  w: TokenWriter,
  login: { readonly database: string; readonly packetBytes: number; readonly features: readonly number[] },
): void {
  const packetBytes = settlePacketBytes(login.packetBytes);
  writeEnvText(w, ENV.database, login.database, 'master');
  writeMessage(w, info(5701, 2, `Changed database context to '${login.database}'.`));
  writeEnvBytes(w, ENV.collation, COLLATION, NOTHING);
  writeEnvText(w, ENV.language, LANGUAGE, '');
  writeMessage(w, info(5703, 1, `Changed language setting to ${LANGUAGE}.`));
  writeLoginAck(w);
  writeEnvText(w, ENV.packetSize, String(packetBytes), String(DEFAULT_PACKET_BYTES));
  writeFeatureAck(w, login.features);
  writeDone(w, TOKEN.done, DONE.final);
  w.endMessage();
  w.packetBytes = packetBytes;
}

/** Answers a login that failed. The caller closes the connection. */
export function replyLoginFailed(w: TokenWriter, errors: readonly SqlMessage[]): void {
  for (const error of errors) writeMessage(w, error);
  writeDone(w, TOKEN.done, DONE.error);
  w.endMessage();
}

function settlePacketBytes(wish: number): number {
  if (wish === 0) return DEFAULT_PACKET_BYTES;
  return Math.min(Math.max(wish, MIN_PACKET_BYTES), MAX_PACKET_BYTES);
}

function info(number: number, state: number, text: string): SqlMessage {
  return { number, severity: 0, state, text, line: 1, proc: '' };
}
