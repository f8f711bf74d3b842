import type { WebhookEndpoint } from '#infra/runtime/config/webhooks.ts';

type Times = Pick<WebhookEndpoint, 'firstRetrySeconds' | 'maxRetrySeconds'>;

/**
 * Milliseconds until the next attempt after `attempts` failed ones: doubles from the first pause to the longest, and is then anything between
 * half of that and all of it, so that receivers that were away are not met by everything at once. What the receiver asks for counts where
 * it is longer, but not beyond the longest pause.
 */
export function retryPauseMs(
  { firstRetrySeconds, maxRetrySeconds }: Times,
  attempts: number,
  retryAfterMs: number | null,
  random: () => number,
): number {
  const most = maxRetrySeconds * 1000;
  const full = Math.min(most, firstRetrySeconds * 1000 * 2 ** Math.min(40, attempts - 1));
  const pause = full / 2 + (random() * full) / 2;
  return Math.round(Math.min(most, Math.max(pause, retryAfterMs ?? 0)));
}
