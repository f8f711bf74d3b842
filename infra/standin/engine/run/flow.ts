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
