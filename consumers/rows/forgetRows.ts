import { type ForgettingOptions, forgetDeleted, forgettingLoop } from '#consumers/runner/forgetting.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { RowStore } from './rowStore.ts';

export interface ForgetRowsOptions extends ForgettingOptions {
  readonly store: RowStore;
  /** Topic → table. */
  readonly tables: ReadonlyMap<string, string>;
}

export function forgetRowsLoop(options: ForgetRowsOptions): Component {
  return forgettingLoop('rows', options, (signal) => forgetRows(options, signal));
}

/** Forgets the settled ones among the deleted rows of every table; see forgetDeleted. Resolves with their number. */
export function forgetRows(options: ForgetRowsOptions, signal: AbortSignal): Promise<number | null> {
  const { store, tables } = options;
  return forgetDeleted(
    options,
    async ({ beforeMs, below }) => {
      let forgotten = 0;
      for (const [topic, table] of tables)
        forgotten += await store.forget(table, { beforeMs, belowPosition: below.get(topic) ?? null }, signal);
      return forgotten;
    },
    signal,
  );
}
