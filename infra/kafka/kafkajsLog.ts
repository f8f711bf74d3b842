import type { LogEntry } from 'kafkajs';
import type { Logger } from '#infra/runtime/logger.ts';
import { logLevel } from './kafkajs.ts';

/** Fields of the library's entries worth keeping; stacks and payloads stay out. */
const KEPT = ['broker', 'clientId', 'groupId', 'memberId', 'topic', 'partition', 'error', 'retryCount', 'retryTime'];

/**
 * Maps the library's log onto ours. The library logs ordinary retries as errors, so nothing of it goes above `warn`: what really fails
 * comes back to us as a rejection and is logged by whoever owns the work.
 */
export function kafkajsLogCreator(log: Logger): () => (entry: LogEntry) => void {
  return () => (entry) => {
    const fields: Record<string, unknown> = {
      event: 'kafka_client_said',
      said: entry.log.message,
      part: entry.namespace,
    };
    for (const key of KEPT) if (entry.log[key] !== undefined) fields[key] = entry.log[key];
    if (entry.level === logLevel.ERROR && !isOrdinary(`${entry.log.message} ${String(entry.log['error'] ?? '')}`))
      log.warn(fields);
    else log.debug(fields);
  };
}

/** Messages that a healthy run produces: first contact with the group, a transaction still ending, a rebalance. */
function isOrdinary(message: string): boolean {
  return /rebalanc|re-joining|CONCURRENT_TRANSACTIONS|concurrent operation on the same transaction|not yet finished|coordinator is (loading|not available)|There is already an ongoing/i.test(
    message,
  );
}
