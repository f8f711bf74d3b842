import { type ForgettingOptions, hasPassedAll, lowestOpenPositions } from '#consumers/runner/forgetting.ts';
import { copyState } from '#consumers/runner/ledger.ts';
import { command, type RedisCommands, script } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { alertKey, goneKey, skuKey, TAGS } from './stockKeys.ts';
import { FORGET_LEVELS } from './stockScripts.ts';

export interface ForgetLevelsOptions extends ForgettingOptions {
  readonly redis: RedisCommands;
  /** Milliseconds a level that was taken away is remembered at least; 0: for ever. */
  readonly keepMs: number;
  readonly log: Logger;
}

const EVERY_MS = 3_600_000;
/** Levels of one call. */
const AT_ONCE = 500;

/** Once an hour one process forgets the levels that were taken away and that no older change can bring back. */
export function forgetLevelsLoop(options: ForgetLevelsOptions): Component {
  const { redis, log, keepMs, groupId, clock = systemClock } = options;
  return backgroundLoop('forgetting of levels taken away', async (signal) => {
    if (keepMs === 0) return;
    for (;;) {
      await clock.sleep(EVERY_MS, signal);
      try {
        const turn = command('SET', redis.key('{forget}', groupId), String(clock.now()), 'NX', 'PX', EVERY_MS / 2);
        if ((await redis.send(turn)) === 'OK') await forgetLevels(options, signal);
      } catch (error) {
        if (!isRetriable(error)) throw error;
        log.warn({ event: 'levels_not_forgotten', ...errorFields(error) });
      }
    }
  });
}

/**
 * Forgets levels by the rule of consumers/runner/forgetting.ts: old enough, behind the group, older than no open dead letter. Resolves with
 * their number, null when the store or the group is not in a state to tell.
 */
export async function forgetLevels(options: ForgetLevelsOptions, signal: AbortSignal): Promise<number | null> {
  const { redis, topics, keepMs, groupId, log, clock = systemClock } = options;
  const beforeMs = clock.now() - keepMs;
  if ((await copyState(redis, groupId)).state !== 'complete') return null;
  if (!(await hasPassedAll(options, signal))) return null;
  const below = (await lowestOpenPositions(options, signal)).get(topics[0]!) ?? '';
  let forgotten = 0;
  for (let tag = 0; tag < TAGS; tag++)
    forgotten += await forgetUnder(redis, goneKey(redis, tag), beforeMs, below, signal);
  if (forgotten > 0) log.info({ event: 'levels_forgotten', levels: forgotten });
  return forgotten;
}

async function forgetUnder(
  redis: RedisCommands,
  gone: string,
  beforeMs: number,
  below: string,
  signal: AbortSignal,
): Promise<number> {
  let forgotten = 0;
  // What must be remembered on stays listed, so the pages go on behind it.
  for (let kept = 0; ; ) {
    signal.throwIfAborted();
    const page = command('ZRANGEBYSCORE', gone, '-inf', `(${beforeMs}`, 'LIMIT', kept, AT_ONCE);
    const members = (await redis.send(page)) as string[];
    if (members.length === 0) return forgotten;
    const levels = members.map(placeOf);
    const keys = [gone, ...levels.flatMap(([sku]) => [skuKey(redis, sku), alertKey(redis, sku)])];
    const before = (await redis.send(command('ZCARD', gone))) as number;
    const call = script(FORGET_LEVELS, keys.length, ...keys, beforeMs, below, ...levels.flat());
    forgotten += (await redis.send(call)) as number;
    const left = (await redis.send(command('ZCARD', gone))) as number;
    kept += Math.max(0, members.length - Math.max(0, before - left));
  }
}

function placeOf(member: string): [sku: string, location: string] {
  const tab = member.indexOf('\t');
  return [member.slice(0, tab), member.slice(tab + 1)];
}
