import { isRetriable } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import { refusedStatus } from './elastic.ts';
import { type BuildOptions, type BuildState, buildAndSwap, buildIndex } from './indexBuild.ts';
import type { IndexHolder } from './indexHolder.ts';

/**
 * When searches go to the index of a version: `when-built` as soon as it is right, unless they are at a newer version that is kept up to date;
 * `by-command` when told; `now` as soon as it is right, wherever they are.
 */
export type SwapWhen = 'when-built' | 'by-command' | 'now';

/** Keeps the index of one version built for as long as the process runs: fills it, and fills it again whenever it was lost or restored. */
export async function keepIndexBuilt(
  options: BuildOptions,
  swap: SwapWhen,
  holder: IndexHolder,
  onState: (state: BuildState) => void,
  signal: AbortSignal,
): Promise<void> {
  const { log, clock, plan } = options;
  const once = async (): Promise<void> => {
    await holder.thaw();
    if (swap !== 'by-command' || holder.searchless)
      await buildAndSwap(options, swap === 'now' ? 'any' : 'newer', holder.info, onState, signal);
    else await buildIndex(options, holder.info, onState, signal);
    holder.filled(new Date(clock.now()).toISOString());
  };
  while (!signal.aborted) {
    await retry(once, {
      attempts: Number.POSITIVE_INFINITY,
      signal,
      clock,
      retryIf: isRetriable,
      onRetry: (error) => {
        log.warn({ event: 'search_index_build_interrupted', type: plan.definition.type, error: String(error) });
        if (refusedStatus(error) === 404) void holder.heal();
      },
    });
    await holder.untilUnfilled(signal);
  }
}
