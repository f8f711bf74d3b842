export interface ErrorCodeEntry {
  /** What happened, in one sentence. */
  readonly cause: string;
  /** What the reader should do, in one sentence. */
  readonly remedy: string;
  /** Whether trying the same thing again may succeed without anybody acting. */
  readonly retriable: boolean;
}

/** One line of the registry; not retriable unless said. */
export const entry = (cause: string, remedy: string, retriable = false): ErrorCodeEntry => ({
  cause,
  remedy,
  retriable,
});
