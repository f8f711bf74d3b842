import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '#infra/runtime/logger.ts';
import { runFolder } from '#infra/stack/cacheFolder.ts';
import { sendSignal } from '#infra/stack/processGroup.ts';
import { processMark } from '#infra/stack/processIdentity.mjs';
import { readRecords } from '#infra/stack/runRecord.ts';
import { type Part, type StackProcess, startStack } from '#infra/stack/stack.ts';
import { eventually } from '#test/support/eventually.ts';

interface Owned {
  readonly owner: ChildProcess;
  readonly processes: readonly StackProcess[];
  readonly dir: string;
}

/** Starts a stack that belongs to another process. */
async function ownedStack(...parts: Part[]): Promise<Owned> {
  const program = join(import.meta.dirname, '../../support/stackOwner.ts');
  const owner = spawn(process.execPath, [program, ...parts], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [line] = (await once(createInterface(owner.stdout!), 'line', { signal: endOf(owner) })) as [string];
  return { owner, ...(JSON.parse(line) as Omit<Owned, 'owner'>) };
}

/** Fires when the process ends. */
function endOf(child: ChildProcess): AbortSignal {
  const ended = new AbortController();
  child.once('exit', () => ended.abort(new Error('the owner ended before its stack was ready')));
  return ended.signal;
}

const left = (processes: readonly StackProcess[]): StackProcess[] =>
  processes.filter(({ pid }) => processMark(pid) !== undefined);

describe('a local stack', () => {
  it('leaves no process and no folder when it is stopped', async () => {
    const stack = await startStack({ parts: ['kafka', 'redis'], log: silentLogger, provider: 'local' });
    const processes = stack.processes;
    expect(processes.map(({ name }) => name).sort()).toEqual(['kafka', 'redis']);
    await stack.stop();
    expect(left(processes)).toEqual([]);
    expect(existsSync(stack.dir!)).toBe(false);
  });

  it('ends by itself when its owner is killed', async () => {
    const { owner, processes, dir } = await ownedStack('redis', 'registry');
    owner.kill('SIGKILL');
    await eventually(() => expect(left(processes)).toEqual([]));
    await eventually(() => expect(existsSync(dir)).toBe(false));
  });

  it('is ended by the next start when nobody was left to end it', async () => {
    const { owner, processes, dir } = await ownedStack('redis');
    const record = readRecords(runFolder()).find((r) => r.owner.pid === owner.pid);
    sendSignal(record!.watchdogPid!, 'SIGKILL');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const next = await startStack({ parts: ['redis'], log: silentLogger, provider: 'local' });
    onTestFinished(() => next.stop());
    expect(left(processes)).toEqual([]);
    expect(existsSync(dir)).toBe(false);
  });

  it('leaves nothing behind when its start is called off', async () => {
    const abort = new AbortController();
    const start = startStack({
      parts: ['kafka', 'redis'],
      log: silentLogger,
      provider: 'local',
      signal: abort.signal,
      progress: (text) => text.startsWith('redis') && abort.abort(),
    });
    await expect(start).rejects.toThrow();
    expect(readRecords(runFolder()).filter((r) => r.owner.pid === process.pid && r.parts.length === 2)).toEqual([]);
  });
});
