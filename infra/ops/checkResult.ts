/** One thing that was looked at before work starts. The same list serves the command line, the start-up and the console. */
export interface CheckResult {
  /** What was looked at, in a few words. */
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly actual: string;
  /** What to do when it is not ok. */
  readonly hint: string;
}
