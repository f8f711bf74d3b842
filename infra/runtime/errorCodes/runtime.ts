import { entry } from './entry.ts';

/** Error codes of runtime. */
export const RUNTIME_ERRORS = {
  // infra/runtime
  CFG_INVALID: entry('The configuration has faults.', 'Correct every listed path; `sluice check` prints them again.'),
  CFG_NOT_FOUND: entry('The configuration file does not exist.', 'Create sluice.config.ts or name one with --config.'),
  CFG_SECRET_MISSING: entry(
    'A secret names an environment variable or file that is not there.',
    'Set the variable or create the file; secrets never stand in the configuration itself.',
  ),
  TOKEN_UNPROVEN: entry(
    "A caller's token could not be checked, because the issuer's keys could not be read.",
    'Check that jwksUrl of the issuer answers (commands.tokens, storefront.customerTokens); the caller may try again.',
    true,
  ),
  INTERNAL: entry('Something happened that should not.', 'Report it with the log lines around it.'),
  ABORTED: entry('The work was stopped on request.', 'Nothing to do: it goes on at the next start.'),
} as const;
