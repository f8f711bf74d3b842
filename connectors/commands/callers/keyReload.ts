import { setTimeout as delay } from 'node:timers/promises';
import { errorFields } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { KeyRing } from './keyRing.ts';
import { parseKeyList } from './keys.ts';

/**
 * Reads the list of keys again and again and gives it to the ring when its text has changed, so that a new, rotated or revoked key counts
 * without a restart. A list with faults changes nothing: the ring keeps the last good one, and the fault is logged once.
 */
export async function watchKeys(options: {
  readonly ring: Pick<KeyRing, 'replace' | 'size'>;
  readonly read: () => string;
  readonly intervalMs: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { ring, read, intervalMs, log, signal } = options;
  let seen: string | undefined;
  while (!signal.aborted) {
    try {
      const text = read();
      if (text !== seen) {
        const isFirst = seen === undefined;
        seen = text;
        ring.replace(parseKeyList(text));
        if (!isFirst) log.info({ event: 'api_keys_reloaded', keys: ring.size });
      }
    } catch (error) {
      log.warn({ event: 'api_keys_not_reloaded', ...errorFields(error) });
    }
    await delay(intervalMs, undefined, { signal });
  }
}
