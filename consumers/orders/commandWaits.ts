import { CopyWaits } from '#consumers/runner/copyWaits.ts';
import {
  CALLS,
  type CopyName,
  hasPassed,
  type Passed,
  passedCalls,
  passedOf,
  progressReader,
} from '#consumers/runner/progress.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { commandKey } from './orderKeys.ts';

export type { CopyName, Passed };
export { hasPassed };

/** What the read side may ask about how far the copies have come. */
export interface CopyProgressReader {
  /** Requests that wait now. */
  readonly waiting: number;
  /** null while nothing is known of the copy. */
  passed(copy: CopyName): Promise<Passed | null>;
  /**
   * Waits until a command was seen in the change stream and the copy has passed everything its transaction did (read your writes): true; false
   * when `timeoutMs` went by first. @throws COPY_WAITS_FULL, the signal's reason, REDIS_… errors
   */
  untilCommandPassed(copy: CopyName, commandId: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export interface CopyProgressReaderOptions {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  /** Of the consumers that keep the copies. */
  readonly groupPrefix: string;
  /** Requests that may wait at once. */
  readonly maxWaiting: number;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** Connects at the first call. */
export function createCopyProgressReader(options: CopyProgressReaderOptions): CopyProgressReader {
  const { groupPrefix, maxWaiting, log, clock } = options;
  const redis = new RedisClient({ ...options.redis, name: 'copy-progress', log });
  const waits = new CopyWaits({ redis, groupPrefix, maxWaiting, ...(clock && { clock }) });
  const reader = progressReader(redis, groupPrefix);
  return {
    get waiting() {
      return waits.waiting;
    },
    passed: (copy) => reader.passed(copy),
    untilCommandPassed: (copy, commandId, timeoutMs, signal) => {
      const awaited = {
        calls: [command('HGET', commandKey(redis, commandId), 'p'), ...passedCalls(redis, groupPrefix, copy)],
        isThere: ([position, ...answers]: readonly unknown[]) =>
          typeof position === 'string' && hasPassed(passedOf(answers.slice(0, CALLS)), position),
      };
      return waits.until(awaited, timeoutMs, signal);
    },
    close: () => redis.close(),
  };
}
