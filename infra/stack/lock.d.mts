export interface LockOptions {
  /** Told once, with the owner's process number where it is known, when the lock is held by somebody else. */
  readonly onWait?: (ownerPid: number | undefined) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds between two looks. Default 100. */
  readonly everyMs?: number;
}

export function takeLock(path: string, options?: LockOptions): Promise<() => void>;
export function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T>;
