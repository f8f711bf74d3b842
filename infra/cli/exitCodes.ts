/** Exit codes of every command: documented in the README, stable. */
export const EXIT = {
  ok: 0,
  /** Something failed; the message says what. */
  fault: 1,
  /** The command line was not understood. */
  usage: 2,
  /** The command worked and what it looked at is not healthy. */
  unhealthy: 4,
  /** The command worked and could not tell whether what it looked at is healthy. */
  undecided: 5,
} as const;
