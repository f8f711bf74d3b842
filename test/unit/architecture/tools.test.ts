import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/** Runs a tool of node_modules over the whole project. */
function run(tool: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin', tool), args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

describe('the whole project', () => {
  it('passes the formatter and the linter, dependency rules among them', { timeout: 120_000 }, () => {
    const { status, output } = run('biome', 'check', '.', '--error-on-warnings', '--colors=off');
    expect(status, output).toBe(0);
  });

  it('passes the type checker', { timeout: 240_000 }, () => {
    const { status, output } = run('tsc', '--noEmit', '--pretty', 'false');
    expect(status, output).toBe(0);
  });
});
