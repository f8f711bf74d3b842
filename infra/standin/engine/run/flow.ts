import type { SqlValue } from '../../sql/values.ts';

/** How a statement ended: null = the next one follows. */
export type Flow =
  | null
  | { readonly k: 'break' }
  | { readonly k: 'continue' }
  /** `value` null: RETURN without one. */
  | { readonly k: 'return'; readonly value: SqlValue | undefined };

export const BREAK: Flow = { k: 'break' };
export const CONTINUE: Flow = { k: 'continue' };

/** A result that may need waiting for. Most statements do not. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value, at once when it is there already. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** `try … finally` for a body that may need waiting for: `after` runs at its end, however it ends. */
export function lastly<T>(body: () => Awaitable<T>, after: () => void): Awaitable<T> {
  let result: Awaitable<T>;
  try {
    result = body();
  } catch (error) {
    after();
    throw error;
  }
  if (result instanceof Promise) return result.finally(after);
  after();
  return result;
}

/** `try … catch` for a body that may need waiting for. */
export function rescue<T>(body: () => Awaitable<T>, handle: (error: unknown) => Awaitable<T>): Awaitable<T> {
  try {
    const result = body();
    return result instanceof Promise ? result.catch(handle) : result;
  } catch (error) {
    return handle(error);
  }
}
