/** The fields that are read of a report of vitest's json reporter. */
export interface TestReport {
  readonly numPassedTests?: number;
  readonly numFailedTests?: number;
  readonly numPendingTests?: number;
  readonly numTodoTests?: number;
  readonly testResults?: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function runTests(
  args: readonly string[],
  run: (args: string[]) => Promise<number>,
  print?: (text: string) => void,
): Promise<number>;
export function countTests(report: TestReport | undefined, exitCode: number): TestCounts;
export function summaryLine(counts: TestCounts): string;
