import { isAbort } from './errors.ts';
import type { Component } from './lifecycle.ts';

/**
 * A component that runs one loop until it is stopped. `loop` gets a signal that fires on stop; when it throws anything but that abort,
 * `failed` rejects and the lifecycle ends the process. `open` runs first and must resolve before the component counts as started.
 */
export function backgroundLoop(
  name: string,
  loop: (signal: AbortSignal) => Promise<void>,
  hooks: { readonly open?: (signal: AbortSignal) => Promise<void>; readonly close?: () => Promise<void> } = {},
): Component {
  const abort = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  let running: Promise<void> = Promise.resolve();
  return {
    name,
    failed: failure.promise,
    async start(signal) {
      await hooks.open?.(signal);
      running = loop(abort.signal).catch((error: unknown) => {
        if (!(isAbort(error) && abort.signal.aborted)) failure.reject(error);
      });
    },
    async stop() {
      abort.abort();
      await running;
      await hooks.close?.();
    },
  };
}
