import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs all suites with vitest's own output, then prints `N passed, N failed` (and `, N skipped`) as the last line. `run` runs vitest with
 * the given arguments and returns its exit code.
 */
export async function runTests(args, run, print = (text) => process.stdout.write(text)) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tests-'));
  const file = join(folder, 'results.json');
  try {
    const code = await run(['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args]);
    const counts = countTests(readResults(file), code);
    print(`\n${summaryLine(counts)}\n`);
    return code === 0 && counts.failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Counts of a report of vitest's json reporter. A file that failed without a failed test in it (it could not be loaded) counts as one, and
 * so does a run that failed for a reason that no test shows.
 */
export function countTests(report, exitCode) {
  const files = report?.testResults ?? [];
  const brokenFiles = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = (report?.numFailedTests ?? 0) + brokenFiles;
  return {
    passed: report?.numPassedTests ?? 0,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
