import { describe, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { type Expected, expectReply } from './cases.ts';
import type { Reply } from './reply.ts';
import type { ContractServer, Session } from './server.ts';

/** One step of one of several sessions. */
export interface Step extends Expected {
  /** Name of the session; opened at its first step. */
  readonly in: string;
  readonly run: string;
  /** The step is sent and is seen to wait for a lock; its reply is checked at a later step with `resume`. */
  readonly waits?: boolean;
  /** The session whose waiting step must have ended before this step's check; compared with this step's expectations. */
  readonly resume?: string;
}

/** What several sessions see of each other, step after step. */
export interface ConcurrentCase {
  readonly name: string;
  readonly source: string;
  /** Batches before, in a session of their own. */
  readonly given: readonly string[];
  readonly steps: readonly Step[];
}

/** One test per case; sessions get LOCK_TIMEOUT 0, so a step that must wait fails at once with 1222, unless it says that it waits. */
export function concurrentCases(server: ContractServer, title: string, cases: readonly ConcurrentCase[]): void {
  describe(title, () => {
    test.each(cases)('$name [$source]', (wanted) => play(server, wanted));
  });
}

async function play(server: ContractServer, { given, steps }: ConcurrentCase): Promise<void> {
  await server.must(...given);
  const sessions = new Map<string, { session: Session; spid: number; running?: Promise<Reply> }>();
  const watcher = await server.open();
  const sessionOf = async (name: string) => {
    let known = sessions.get(name);
    if (!known) {
      const session = await server.open();
      const reply = await session.run('SELECT @@SPID');
      known = { session, spid: reply.sets[0]![0]![0] as number };
      sessions.set(name, known);
    }
    return known;
  };
  try {
    for (const step of steps) {
      const one = await sessionOf(step.in);
      if (step.resume) {
        expectReply(await sessions.get(step.resume)!.running!, step);
        continue;
      }
      await one.session.run(`SET LOCK_TIMEOUT ${step.waits ? -1 : 0}`);
      const running = one.session.run(step.run);
      if (!step.waits) {
        expectReply(await running, step);
        continue;
      }
      one.running = running;
      await eventually(async () => {
        const { sets } = await watcher.run(
          `SELECT blocking_session_id FROM sys.dm_exec_requests WHERE session_id = ${one.spid} AND blocking_session_id <> 0`,
        );
        if (sets.flat().length === 0) throw new Error(`session ${step.in} does not wait: ${step.run}`);
      });
    }
  } finally {
    await watcher.close();
    for (const { session } of sessions.values()) await session.close();
  }
}
