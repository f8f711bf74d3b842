import { describe, expect, it, vi } from 'vitest';
import { watchKeys } from '#connectors/commands/callers/keyReload.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey, parseKeyList } from '#connectors/commands/callers/keys.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';

describe('API keys', () => {
  it('are not made with a caller or a time that the list would refuse', async () => {
    await expect(createKey({ id: 'a b', scopes: [] })).rejects.toThrow(/id: expected 1 to 64 letters/);
    await expect(createKey({ id: 'a', scopes: [], expiresAt: 'tomorrow' })).rejects.toThrow(
      /expiresAt: expected a UTC time/,
    );
  });

  it('verify against their entry and nothing else', async () => {
    const [a, b] = await Promise.all([
      createKey({ id: 'a', scopes: ['orders:write'] }),
      createKey({ id: 'b', scopes: [] }),
    ]);
    const ring = new KeyRing([a.entry, b.entry]);
    expect(await ring.verify(a.key)).toEqual({
      id: 'a',
      scopes: ['orders:write'],
      credential: { kind: 'key', name: a.entry.prefix },
    });
    expect(await ring.verify(a.key)).not.toBeNull();
    expect(await ring.verify(a.key.replace(a.entry.prefix, b.entry.prefix))).toBeNull();
    expect(await ring.verify(`${a.key}x`)).toBeNull();
    expect(await ring.verify('')).toBeNull();
  });

  it('are not in what is kept', async () => {
    const { key, entry } = await createKey({ id: 'a', scopes: [] });
    expect(JSON.stringify(entry)).not.toContain(key.split('_').slice(2).join('_'));
    expect(entry.hash).toMatch(/^scrypt\$16384\$8\$1\$/);
  });

  it('die when they expire, even when they were verified before', async () => {
    let nowMs = Date.parse('2024-01-01T00:00:00Z');
    const { key, entry } = await createKey({ id: 'a', scopes: [], expiresAt: '2024-06-01T00:00:00Z' });
    const ring = new KeyRing([entry], () => nowMs);
    expect(await ring.verify(key)).not.toBeNull();
    nowMs = Date.parse('2024-06-01T00:00:00Z');
    expect(await ring.verify(key)).toBeNull();
  });

  it('are refused once they are revoked or not listed any more, without a restart', async () => {
    const { key, entry } = await createKey({ id: 'a', scopes: [] });
    const ring = new KeyRing([entry]);
    expect(await ring.verify(key)).not.toBeNull();
    ring.replace([{ ...entry, revokedAt: '2024-01-01T00:00:00Z' }]);
    expect(await ring.verify(key)).toBeNull();
    ring.replace([entry]);
    expect(await ring.verify(key)).not.toBeNull();
    ring.replace([]);
    expect(await ring.verify(key)).toBeNull();
  });

  it('do not stay verified when their hash is replaced under the same prefix', async () => {
    const [a, b] = await Promise.all([createKey({ id: 'a', scopes: [] }), createKey({ id: 'a', scopes: [] })]);
    const ring = new KeyRing([a.entry]);
    await ring.verify(a.key);
    ring.replace([{ ...b.entry, prefix: a.entry.prefix }]);
    expect(await ring.verify(a.key)).toBeNull();
    expect(await ring.verify(b.key.replace(b.entry.prefix, a.entry.prefix))).not.toBeNull();
  });

  it('are read again when their file changes; a file with faults changes nothing', async () => {
    const { key, entry } = await createKey({ id: 'a', scopes: [] });
    const ring = new KeyRing([]);
    const abort = new AbortController();
    let text = '[]';
    const watching = watchKeys({ ring, read: () => text, intervalMs: 1, log: silentLogger, signal: abort.signal });
    text = JSON.stringify([entry]);
    await eventually(async () => expect(await ring.verify(key)).not.toBeNull());
    text = '[{"id":';
    const reads = vi.fn(() => text);
    const second = watchKeys({ ring, read: reads, intervalMs: 1, log: silentLogger, signal: abort.signal });
    await eventually(async () => expect(reads.mock.calls.length).toBeGreaterThan(2));
    expect(await ring.verify(key)).not.toBeNull();
    abort.abort();
    await expect(Promise.all([watching, second])).rejects.toThrow();
  });

  it('hash once for many requests with the same key at once', async () => {
    const { key, entry } = await createKey({ id: 'a', scopes: [] });
    const ring = new KeyRing([entry]);
    const callers = await Promise.all(Array.from({ length: 20 }, () => ring.verify(key)));
    expect(callers.every((caller) => caller?.id === 'a')).toBe(true);
  });

  it('are listed strictly', async () => {
    const { entry } = await createKey({ id: 'a', scopes: ['orders:cancel'] });
    expect(parseKeyList(JSON.stringify([entry]))).toEqual([entry]);
    for (const bad of [
      '',
      '{}',
      JSON.stringify([{ ...entry, scopes: ['everything'] }]),
      JSON.stringify([{ ...entry, hash: 'plain' }]),
      JSON.stringify([entry, entry]),
    ]) {
      expect(() => parseKeyList(bad)).toThrow(/API key/);
    }
  });
});
