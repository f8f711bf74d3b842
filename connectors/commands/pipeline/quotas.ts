import { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';

/** Whether a caller may go on. */
export type QuotaVerdict =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly quota: 'rate' | 'daily'; readonly retryAfterSeconds: number };

/**
 * Counts what each caller has used. One process has its own store in memory (`memoryQuotas`); a store that several processes share can
 * take its place without anybody else noticing.
 */
export interface QuotaStore {
  /** Takes `weight` from the caller's rate and day. */
  take(callerId: string, weight: number, nowMs: number): QuotaVerdict | Promise<QuotaVerdict>;
}

export interface QuotaLimits {
  readonly ratePerSecond: number;
  readonly rateBurst: number;
  /** Commands a caller may send from midnight to midnight UTC. */
  readonly dailyCommands: number;
  /** API processes that share the callers: each grants its part, so that together they grant about the whole. */
  readonly processes: number;
}

const DAY_MS = 86_400_000;
const MAX_CALLERS = 10_000;
const ALLOWED: QuotaVerdict = { isAllowed: true };

/** Rates and days of one process. The day's count starts anew with the process. Memory is bounded by 10,000 callers. */
export function memoryQuotas(limits: QuotaLimits): QuotaStore {
  const share = (whole: number): number => Math.max(1, whole / limits.processes);
  const rates = new TokenBuckets({
    perSecond: limits.ratePerSecond / limits.processes,
    burst: share(limits.rateBurst),
    maxKeys: MAX_CALLERS,
  });
  const perDay = share(limits.dailyCommands);
  let day = 0;
  const used = new Map<string, number>();
  return {
    take(callerId, weight, nowMs) {
      const today = Math.floor(nowMs / DAY_MS);
      if (today !== day || used.size > MAX_CALLERS) {
        day = today;
        used.clear();
      }
      const count = used.get(callerId) ?? 0;
      if (count + weight > perDay)
        return {
          isAllowed: false,
          quota: 'daily',
          retryAfterSeconds: Math.ceil(((today + 1) * DAY_MS - nowMs) / 1000),
        };
      const waitSeconds = rates.take(callerId, nowMs, weight);
      if (waitSeconds > 0) return { isAllowed: false, quota: 'rate', retryAfterSeconds: waitSeconds };
      used.set(callerId, count + weight);
      return ALLOWED;
    },
  };
}
