import { type ForgettingOptions, forgetDeleted, forgettingLoop } from '#consumers/runner/forgetting.ts';
import { command, type RedisCommands, script } from '#infra/redis/client.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { alertKey, goneKey, skuKey, TAGS } from './stockKeys.ts';
import { FORGET_LEVELS } from './stockScripts.ts';

/** Levels of one call. */
const AT_ONCE = 500;

export function forgetLevelsLoop(options: ForgettingOptions): Component {
  return forgettingLoop('levels', options, (signal) => forgetLevels(options, signal));
}

/** Forgets levels that were taken away; see forgetDeleted. Resolves with their number. */
export function forgetLevels(options: ForgettingOptions, signal: AbortSignal): Promise<number | null> {
  const { redis, topics } = options;
  return forgetDeleted(
    options,
    async ({ beforeMs, below }) => {
      let forgotten = 0;
      for (let tag = 0; tag < TAGS; tag++)
        forgotten += await forgetUnder(redis, goneKey(redis, tag), beforeMs, below.get(topics[0]!) ?? '', signal);
      return forgotten;
    },
    signal,
  );
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
