/**
 * Every error code Sluice can show, with one line of cause and one of remedy. A test checks that each code that is thrown is
 * listed here and that docs/errors.md lists the same set. Codes are grouped by the folder that raises them.
 */
export interface ErrorCodeEntry {
  /** What happened, in one sentence. */
  readonly cause: string;
  /** What the reader should do, in one sentence. */
  readonly remedy: string;
  /** Whether trying the same thing again may succeed without anybody acting. */
  readonly retriable: boolean;
}

const entry = (cause: string, remedy: string, retriable = false): ErrorCodeEntry => ({ cause, remedy, retriable });

export const ERROR_CODES = {
  // infra/runtime
  CFG_INVALID: entry('The configuration has faults.', 'Correct every listed path; `sluice check` prints them again.'),
  CFG_NOT_FOUND: entry('The configuration file does not exist.', 'Create sluice.config.ts or name one with --config.'),
  CFG_SECRET_MISSING: entry(
    'A secret names an environment variable or file that is not there.',
    'Set the variable or create the file; secrets never stand in the configuration itself.',
  ),
  INTERNAL: entry('Something happened that should not.', 'Report it with the log lines around it.'),
  ABORTED: entry('The work was stopped on request.', 'Nothing to do: it goes on at the next start.'),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
