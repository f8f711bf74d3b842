import { entry } from './entry.ts';

/** Error codes of demo. */
export const DEMO_ERRORS = {
  // infra/demo
  DEMO_PROCESS_FAILED: entry('A process of the demo did not start.', 'Read the end of the log file it names.'),
} as const;
