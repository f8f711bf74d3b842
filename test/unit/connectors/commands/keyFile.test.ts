import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyState, readKeyFile, revokedKeys, rotatedKeys, writeKeyFile } from '#connectors/commands/callers/keyFile.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  file = join(folder, 'keys.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the file of API keys', () => {
  it('is empty before it is there, and readable by its owner alone once it is', async () => {
    expect(await readKeyFile(file)).toEqual([]);
    const { entry } = await createKey({ id: 'a', scopes: ['orders:write'] });
    await writeKeyFile(file, [entry]);
    expect([await readKeyFile(file), (await stat(file)).mode & 0o777, await readdir(folder)]).toEqual([
      [entry],
      0o600,
      ['keys.json'],
    ]);
    await chmod(file, 0o640);
    await writeKeyFile(file, []);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('is left as it is when the new list would be wrong or the old one is', async () => {
    const { entry } = await createKey({ id: 'a', scopes: [] });
    await writeKeyFile(file, [entry]);
    await expect(writeKeyFile(file, [entry, entry])).rejects.toThrow(/same prefix/);
    expect(await readKeyFile(file)).toEqual([entry]);
    await writeFile(file, '[{"id":1}]');
    await expect(readKeyFile(file)).rejects.toThrow(/faults at/);
    expect(await readFile(file, 'utf8')).toBe('[{"id":1}]');
  });
});

describe('a key', () => {
  it('that is rotated works on beside the new one, for the overlap', async () => {
    const old = await createKey({ id: 'web', scopes: ['orders:write'] });
    const rotated = await rotatedKeys([old.entry], old.entry.prefix, { overlapMs: HOUR_MS, nowMs: NOW_MS });
    let nowMs = NOW_MS;
    const ring = new KeyRing(rotated.entries, () => nowMs);
    const callers = async (): Promise<(string | undefined)[]> => [
      (await ring.verify(old.key))?.id,
      (await ring.verify(rotated.key))?.id,
    ];
    expect(await callers()).toEqual(['web', 'web']);
    nowMs += HOUR_MS;
    expect(await callers()).toEqual([undefined, 'web']);
    expect(rotated.entry.scopes).toEqual(['orders:write']);
  });

  it('is not made to live longer by a rotation', async () => {
    const ends = new Date(NOW_MS + 1000).toISOString();
    const old = await createKey({ id: 'web', scopes: [], expiresAt: ends });
    const { entries } = await rotatedKeys([old.entry], old.entry.prefix, { overlapMs: HOUR_MS, nowMs: NOW_MS });
    expect(entries[0]?.expiresAt).toBe(ends);
  });

  it('that is revoked is refused at once and stays listed as such', async () => {
    const { key, entry } = await createKey({ id: 'web', scopes: [] });
    const entries = revokedKeys([entry], entry.prefix, NOW_MS);
    expect([entries.length, keyState(entries[0]!, NOW_MS)]).toEqual([1, 'revoked']);
    expect(await new KeyRing(entries, () => NOW_MS).verify(key)).toBeNull();
  });

  it('that is not there or works no more can be neither rotated nor revoked', async () => {
    const { entry } = await createKey({ id: 'web', scopes: [], expiresAt: new Date(NOW_MS).toISOString() });
    expect(() => revokedKeys([entry], entry.prefix, NOW_MS)).toThrow(/found it expired/);
    await expect(rotatedKeys([entry], 'aaaaaaaaaaaa', { overlapMs: 0, nowMs: NOW_MS })).rejects.toThrow(
      /found it not there/,
    );
  });
});
