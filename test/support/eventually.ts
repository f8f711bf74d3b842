import { setTimeout as delay } from 'node:timers/promises';

/** Polls `check` until it stops throwing (or returns a truthy value when `truthy` is set) and returns its value; throws its last error at the time-out. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: { readonly timeoutMs?: number; readonly everyMs?: number; readonly truthy?: boolean } = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? 15_000);
  for (;;) {
    try {
      const value = await check();
      if (!options.truthy || value) return value;
      if (Date.now() >= deadline) throw new Error(`condition still false after ${options.timeoutMs ?? 15_000} ms`);
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await delay(options.everyMs ?? 25);
  }
}
