import { type ForgettingOptions, hasPassedAll, lowestOpenPositions } from '#consumers/runner/forgetting.ts';
import { copyState } from '#consumers/runner/ledger.ts';
import { command, type RedisCommands } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { RowStore } from './rowStore.ts';

export interface ForgetRowsOptions extends ForgettingOptions {
  readonly store: RowStore;
  readonly redis: RedisCommands;
  /** Topic → table. */
  readonly tables: ReadonlyMap<string, string>;
  /** Milliseconds a deleted row is remembered at least; 0: for ever. */
  readonly keepMs: number;
  readonly log: Logger;
}

const EVERY_MS = 3_600_000;

/** Once an hour one process forgets the deleted rows that no older version can come back for. */
export function forgetRowsLoop(options: ForgetRowsOptions): Component {
  const { redis, log, keepMs, groupId, clock = systemClock } = options;
  return backgroundLoop('forgetting of deleted rows', async (signal) => {
    if (keepMs === 0) return;
    for (;;) {
      await clock.sleep(EVERY_MS, signal);
      try {
        const turn = command('SET', redis.key('{forget}', groupId), String(clock.now()), 'NX', 'PX', EVERY_MS / 2);
        if ((await redis.send(turn)) === 'OK') await forgetRows(options, signal);
      } catch (error) {
        if (!isRetriable(error)) throw error;
        log.warn({ event: 'deleted_rows_not_forgotten', ...errorFields(error) });
      }
    }
  });
}

/**
 * Forgets the deleted rows of every table that are old enough, settled, behind the group and older than no open dead letter. Resolves with their
 * number, null when the store or the group is not in a state to tell.
 */
export async function forgetRows(options: ForgetRowsOptions, signal: AbortSignal): Promise<number | null> {
  const { store, redis, tables, keepMs, groupId, log, clock = systemClock } = options;
  const beforeMs = clock.now() - keepMs;
  if ((await copyState(redis, groupId)).state !== 'complete') return null;
  if (!(await hasPassedAll(options, signal))) return null;
  const lowest = await lowestOpenPositions(options, signal);
  let forgotten = 0;
  for (const [topic, table] of tables)
    forgotten += await store.forget(table, { beforeMs, belowPosition: lowest.get(topic) ?? null }, signal);
  if (forgotten > 0) log.info({ event: 'deleted_rows_forgotten', rows: forgotten });
  return forgotten;
}
