import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { StandinProcess } from '#test/support/standinProcess.ts';
import { batchBody, logInRaw } from '../../unit/infra/standin/tds/rawClient.ts';
import { type Damage, damaged } from './wireArbitraries.ts';
import { conversation, encryptedConversation, TYPES } from './wireSeeds.ts';

const PATIENCE_MS = 10_000;

/**
 * Speaks the conversation up to the damaged packet, sends that, hangs up, and waits until the server has closed the connection too. Rejects
 * when it does not.
 */
export async function speak(standin: StandinProcess, damage: Damage): Promise<void> {
  const packets = damage.encrypted
    ? encryptedConversation()
    : conversation({ user: 'sa', password: standin.saPassword });
  const stage = damage.stage % packets.length;
  const socket = connect(standin.port, '127.0.0.1');
  socket.on('error', () => undefined); // The server may close it while we still write.
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const replies = replyCounter(socket);
  for (const [i, packet] of packets.slice(0, stage).entries()) {
    socket.write(packet);
    await Promise.race([replies.reach(i + 1), closed]);
  }
  socket.end(damaged(packets[stage]!, damage));
  const late = AbortSignal.timeout(PATIENCE_MS);
  const stuck = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(`the connection is still open: ${JSON.stringify(damage)}`)));
  });
  await Promise.race([closed, stuck]).finally(() => socket.destroy());
}

/** Throws unless a client that behaves itself is served. */
export async function isAlive(standin: StandinProcess): Promise<void> {
  const client = await logInRaw(standin.port, { user: 'sa', password: standin.saPassword });
  client.send(TYPES.batch, batchBody('SELECT 42 AS answer'));
  const reply = await client.next();
  client.socket.destroy();
  if (reply === null || !reply.includes(Buffer.from('answer', 'utf16le')))
    throw new Error('the server answers no more');
}

/** Resident memory of a process in MiB; undefined where the system does not tell. */
export function residentMb(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
}

/** Counts messages of the server: packets with the end-of-message bit. */
function replyCounter(socket: Socket): { reach(count: number): Promise<void> } {
  let pending = Buffer.alloc(0);
  let count = 0;
  let wake = (): void => undefined;
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 8 && pending.length >= pending.readUInt16BE(2)) {
      if ((pending[1]! & 1) === 1) count++;
      pending = pending.subarray(pending.readUInt16BE(2));
    }
    wake();
  });
  return {
    async reach(wanted) {
      while (count < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
