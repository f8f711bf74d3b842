import { execFile } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { cacheFolder } from '#infra/stack/cacheFolder.ts';
import { processMark } from '#infra/stack/processIdentity.mjs';
import { tempFolder } from '#test/support/tempFolder.ts';

const PROGRAM = join(import.meta.dirname, '../../../infra/stack/cli.ts');

/** A cache of its own, so that a stack that a person has up is left alone, with the downloads of the real one. */
function ownCache(): string {
  const cache = tempFolder();
  for (const name of readdirSync(cacheFolder())) {
    if (/^redis-/.test(name)) symlinkSync(join(cacheFolder(), name), join(cache, name));
  }
  return cache;
}

it('a stack that is up in the background can be looked at, and be taken down', async () => {
  const env = { ...process.env, SLUICE_CACHE_DIR: ownCache(), SLUICE_STACK: 'local' };
  const stack = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [PROGRAM, ...args], { env });
  onTestFinished(async () => void (await stack('down')));

  const up = await stack('up', '--detach', '--parts', 'redis');
  expect(up.stdout).toMatch(/^export SLUICE_REDIS_URL=redis:\/\/127\.0\.0\.1:\d+$/m);
  const again = await stack('up', '--detach', '--parts', 'redis');
  expect(again.stderr).toMatch(/already up/);

  const { processes } = JSON.parse((await stack('status', '--json')).stdout) as { processes: { pid: number }[] };
  expect(processes.map(({ pid }) => processMark(pid) !== undefined)).toEqual([true]);
  await stack('down');
  expect(processes.map(({ pid }) => processMark(pid))).toEqual([undefined]);
  await expect(stack('status')).rejects.toMatchObject({ code: 4, stdout: expect.stringContaining('no stack is up') });
});
