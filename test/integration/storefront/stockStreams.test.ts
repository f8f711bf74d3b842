import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { changesKey, levelText, skuKey } from '#consumers/stock/stockKeys.ts';
import { ADD_CHANGES } from '#consumers/stock/stockScripts.ts';
import { command, RedisClient, script } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { TestShop } from '#test/support/consumers/running.ts';
import { eventually } from '#test/support/eventually.ts';

const PROCESS = fileURLToPath(new URL('../../support/consumers/storefrontProcess.ts', import.meta.url));

let shop: TestShop;
let redis: RedisClient;
const children: ChildProcess[] = [];

beforeAll(() => {
  shop = new TestShop(inject('stack'));
  redis = new RedisClient({ ...shop.config.redis, name: 'test', log: silentLogger });
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await redis.close();
  await shop.close();
});

/** A storefront in a process of its own. */
async function storefront(limits: object = {}) {
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(inject('stack')), shop.id, JSON.stringify(limits)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const said = (pattern: RegExp): string | undefined => [...text.matchAll(pattern)].at(-1)?.[1];
  await eventually(() => expect(said(/url (.*)\n/g)).toBeDefined(), { timeoutMs: 60_000 });
  return { child, url: said(/url (.*)\n/g)!, streams: () => Number(said(/streams (\d+)\n/g) ?? 0) };
}

let lsn = 0;
/** Sells: writes levels and tells of them, as the consumer does. */
async function sell(...levels: readonly (readonly [sku: string, onHand: number])[]): Promise<void> {
  const position = `${(++lsn).toString(16).padStart(48, '0')}2`;
  await redis.sendAll(
    levels.map(([sku, onHand]) =>
      command('HSET', skuKey(redis, sku), '1', position + levelText({ onHand, reserved: 0 })),
    ),
  );
  const entries = levels.flatMap(([sku]) => [sku, '1', '']);
  await redis.send(script(ADD_CHANGES, changesKey(redis), 20_000, ...entries));
}

/** Opens a stream as a browser does: keeps the last id, and what came. */
async function open(url: string, skus: string, lastEventId?: string) {
  const stop = new AbortController();
  const response = await fetch(`${url}/stock/stream?skus=${skus}`, {
    signal: stop.signal,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const part of response.body!) text += decoder.decode(part, { stream: true });
  })().catch(() => undefined);
  return {
    ended,
    close: () => stop.abort(),
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1],
    told: () =>
      [...text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, data]) => {
        const { sku, onHand } = JSON.parse(data!) as { sku?: string; onHand?: number };
        return name === 'stock' ? `${sku} ${onHand}` : name;
      }),
  };
}

describe('stock streams of several storefront processes', () => {
  it('are taken up by another process, and by the next one, where a killed one left off', async () => {
    await sell(['A', 1], ['B', 1], ['C', 1]);
    const [first, second] = await Promise.all([storefront(), storefront()]);
    const before = await open(first.url, 'A,B,C');
    await eventually(() => expect(before.told().toSorted()).toEqual(['A 1', 'B 1', 'C 1']));
    await sell(['B', 2]);
    await eventually(() => expect(before.told().at(-1)).toBe('B 2'));
    first.child.kill('SIGKILL');
    await before.ended;
    await sell(['C', 3]);
    await sell(['OTHER', 3]);
    await sell(['C', 4]);
    const after = await open(second.url, 'A,B,C', before.lastId());
    await eventually(() => expect(after.told()).toEqual(['C 4']));
    await sell(['A', 5]);
    await eventually(() => expect(after.told()).toEqual(['C 4', 'A 5']));
    second.child.kill('SIGKILL');
    await after.ended;
    await sell(['B', 6]);
    const third = await storefront();
    const late = await open(third.url, 'A,B,C', after.lastId());
    await eventually(() => expect(late.told()).toEqual(['B 6']));
    late.close();
    third.child.kill('SIGTERM');
    await once(third.child, 'exit');
  }, 120_000);

  it('begin anew with a reset when the stream does not reach back, was lost, or never gave the id', async () => {
    await sell(['A', 1], ['B', 1]);
    const { url } = await storefront();
    const before = await open(url, 'A,B');
    await eventually(() => expect(before.told()).toHaveLength(2));
    const id = before.lastId()!;
    await sell(['A', 2]);
    await eventually(() => expect(before.told().at(-1)).toBe('A 2'));
    before.close();
    await sell(['B', 2]);
    await redis.send(command('XTRIM', changesKey(redis), 'MAXLEN', 1));
    const cut = await open(url, 'A,B', id);
    await eventually(() => expect(cut.told()).toEqual(['reset', 'A 2', 'B 2']));
    await redis.send(command('DEL', changesKey(redis)));
    const lost = await open(url, 'A,B', cut.lastId());
    await eventually(() => expect(lost.told()).toEqual(['reset', 'A 2', 'B 2']));
    // Whoever was listening when it was lost is told as well.
    await eventually(() => expect(cut.told().filter((name) => name === 'reset')).toHaveLength(2), {
      timeoutMs: 20_000,
    });
    await sell(['A', 3]);
    await eventually(() => expect([cut.told().at(-1), lost.told().at(-1)]).toEqual(['A 3', 'A 3']));
    cut.close();
    lost.close();
  }, 120_000);

  it('cut off a client that does not read, while others are told on', async () => {
    const skus = Array.from({ length: 150 }, (_, i) => `SLOW-ARTICLE-${i}`);
    await sell(...skus.map((sku) => [sku, 0] as const));
    const { url, streams } = await storefront({ streamHeartbeatMs: 300, streamBufferBytes: 262_144 });
    const { hostname, port } = new URL(url);
    const slow = connect(Number(port), hostname);
    slow.on('error', () => undefined).pause();
    slow.write(`GET /stock/stream?skus=${skus.join(',')} HTTP/1.1\r\nhost: x\r\n\r\n`);
    const quick = await open(url, `SLOW-ARTICLE-0`);
    await eventually(() => expect(streams()).toBe(2));
    let round = 0;
    await eventually(
      async () => {
        round++;
        await sell(...skus.map((sku) => [sku, round] as const));
        expect(streams()).toBe(1);
      },
      { timeoutMs: 60_000 },
    );
    await sell(['SLOW-ARTICLE-0', 77_777]);
    await eventually(() => expect(quick.told().at(-1)).toBe('SLOW-ARTICLE-0 77777'));
    slow.destroy();
    quick.close();
  }, 120_000);
});
