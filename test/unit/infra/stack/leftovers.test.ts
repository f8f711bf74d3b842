import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '#infra/runtime/logger.ts';
import { takeLock, withLock } from '#infra/stack/lock.mjs';
import { isRunning, ownIdentity, type ProcessIdentity, processMark } from '#infra/stack/processIdentity.mjs';
import { reapAbandoned } from '#infra/stack/reap.ts';
import { type RunRecord, readRecords, stateOf, writeRecord } from '#infra/stack/runRecord.ts';
import { eventually } from '#test/support/eventually.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

let folder: string;
beforeEach(() => {
  folder = tempFolder();
});

const mark = ownIdentity().mark!;
/** A process of this boot that is not there any more. */
const gone: ProcessIdentity = { pid: process.pid, mark: mark.replace(/\d+$/, '1') };

function record(changes: Partial<RunRecord>): RunRecord {
  const dir = join(folder, 'data');
  mkdirSync(dir, { recursive: true });
  const startedAt = '2026-01-01T00:00:00.000Z';
  return { id: 'a', owner: gone, dir, temporary: true, parts: ['redis'], startedAt, processes: [], ...changes };
}

/** A process in a group of its own that does nothing. */
function sleeper(): { pid: number; recorded: RunRecord['processes'][number] } {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  const pid = child.pid!;
  onTestFinished(() => void child.kill('SIGKILL'));
  return { pid, recorded: { name: 'redis', pid, mark: processMark(pid), group: pid } };
}

describe('a process identity', () => {
  it('tells a process from a later one with the same number', () => {
    expect(isRunning(ownIdentity())).toBe(true);
    expect(isRunning(gone)).toBe(false);
    expect(isRunning({ pid: process.pid, mark: undefined })).toBe(false);
  });
});

describe('the record of a stack', () => {
  it('is running as long as its owner is', () => {
    expect(stateOf(record({ owner: ownIdentity() }))).toBe('running');
    expect(stateOf(record({ owner: gone }))).toBe('abandoned');
  });

  it.runIf(process.platform === 'linux')('of another container is left alone, of an earlier boot is abandoned', () => {
    const [boot = '', space = ''] = mark.split('/');
    expect(stateOf(record({ owner: { pid: 1, mark: `${boot}/pid:[1]/5` } }))).toBe('foreign');
    expect(stateOf(record({ owner: { pid: 1, mark: `other-boot/${space}/5` } }))).toBe('abandoned');
  });

  it('is read back as written, and files that are none are passed over', () => {
    const written = record({ owner: ownIdentity() });
    writeRecord(folder, written);
    writeFileSync(join(folder, 'broken.json'), '{"id":');
    expect(readRecords(folder)).toEqual([written]);
    expect(readRecords(join(folder, 'absent'))).toEqual([]);
  });
});

describe('cleaning up after a killed owner', () => {
  it('ends its processes, removes its temporary folder and forgets it', async () => {
    const left = sleeper();
    writeRecord(folder, record({ processes: [left.recorded] }));
    expect(await reapAbandoned(folder, silentLogger)).toBe(1);
    expect(processMark(left.pid)).toBeUndefined();
    expect(existsSync(join(folder, 'data'))).toBe(false);
    expect(readRecords(folder)).toEqual([]);
  });

  it('never touches a process that only has the number of one of its own', async () => {
    const stranger = sleeper();
    writeRecord(folder, record({ processes: [{ ...stranger.recorded, mark: gone.mark }] }));
    expect(await reapAbandoned(folder, silentLogger)).toBe(0);
    expect(isRunning(stranger.recorded)).toBe(true);
  });

  it('leaves the stack of a living owner and a data folder that is to be kept', async () => {
    const kept = record({ id: 'b', dir: join(folder, 'kept'), temporary: false });
    mkdirSync(kept.dir);
    const living = sleeper();
    writeRecord(folder, record({ owner: ownIdentity(), processes: [living.recorded] }));
    writeRecord(folder, kept);
    await reapAbandoned(folder, silentLogger);
    expect(isRunning(living.recorded)).toBe(true);
    expect(existsSync(kept.dir)).toBe(true);
    expect(readRecords(folder).map((r) => r.id)).toEqual(['a']);
  });
});

describe('a lock', () => {
  it('is held by one at a time', async () => {
    const path = join(folder, 'x.lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside--;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(path, { everyMs: 1 }, work)));
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it('is taken over from an owner that is dead', async () => {
    const path = join(folder, 'x.lock');
    writeFileSync(path, JSON.stringify(gone));
    const release = await takeLock(path);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(ownIdentity());
    release();
  });

  it('without a readable owner is believed for a while, then taken over', async () => {
    const path = join(folder, 'x.lock');
    writeFileSync(path, '');
    const waiting = new AbortController();
    const waits = takeLock(path, { everyMs: 1, signal: waiting.signal, onWait: () => waiting.abort() });
    await expect(waits).rejects.toThrow();
    utimesSync(path, new Date(0), new Date(0));
    (await takeLock(path))();
  });

  it('tells who has it to those who wait', async () => {
    const path = join(folder, 'x.lock');
    const release = await takeLock(path);
    let told: number | undefined;
    const second = takeLock(path, { everyMs: 1, onWait: (pid) => (told = pid) });
    await eventually(() => expect(told).toBe(process.pid));
    release();
    (await second)();
  });
});

describe('the watchdog', () => {
  it('ends the groups it was told of and removes the files when its owner is gone', async () => {
    const left = sleeper();
    const file = join(folder, 'record');
    writeFileSync(file, '');
    const program = `
      import { Watchdog } from '#infra/stack/watchdog.ts';
      const dog = new Watchdog([${JSON.stringify(file)}]);
      dog.watch(${left.pid});
      process.stdout.write('ready');
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    owner.kill('SIGKILL');
    await eventually(() => expect(processMark(left.pid)).toBeUndefined());
    await eventually(() => expect(existsSync(file)).toBe(false));
  });
});
