import { afterEach, describe, expect, it } from 'vitest';
import { BulkWriter } from '#consumers/catalog/bulk.ts';
import type { BulkItem } from '#consumers/catalog/bulkRequest.ts';
import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { FakeElastic, type ReceivedItem, type Reply } from '#test/support/consumers/fakeElastic.ts';

const instantly: Clock = { now: () => 0, sleep: async () => undefined };
const items = (count: number, version = 1, length = 200): BulkItem<number>[] =>
  Array.from({ length: count }, (_, i) => ({
    tag: i,
    id: `d${i}`,
    version,
    source: JSON.stringify({ n: i, text: 'x'.repeat(length) }),
  }));
const took = (list: readonly ReceivedItem[]): Reply => ({ items: list.map(() => 200) });

describe('the bulk writer, over HTTP,', () => {
  let fake: FakeElastic;
  let elastic: Elastic;

  afterEach(async () => {
    await elastic.close();
    await fake.stop();
  });

  async function writer(
    rule: (list: readonly ReceivedItem[], call: number, bytes: number) => Reply,
    options: { maxItems?: number; maxBytes?: number } = {},
  ): Promise<BulkWriter> {
    fake = new FakeElastic(rule);
    elastic = createElastic({ url: await fake.start() });
    return new BulkWriter({ elastic, alias: () => 'products', clock: instantly, ...options });
  }

  it('has two requests under way and no more, also for several callers', async () => {
    const bulk = await writer(took, { maxItems: 10 });
    const written = await Promise.all([bulk.write(items(100)), bulk.write(items(100, 2)), bulk.write(items(100, 3))]);
    expect(fake.mostInFlight).toBe(2);
    expect(written.reduce((sum, outcome) => sum + outcome.written + outcome.superseded, 0)).toBe(300);
    expect([...fake.documents.values()].every(({ version }) => version === 3)).toBe(true);
  });

  it('keeps every request below its bounds of documents and bytes', async () => {
    const bulk = await writer(took, { maxItems: 30, maxBytes: 200_000 });
    await bulk.write([...items(100), ...items(20, 2, 50_000)]);
    expect(Math.max(...fake.requests.map((list) => list.length))).toBe(30);
    const bytes = fake.requests.map((list) => list.reduce((sum, { source }) => sum + source.length, 0));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(200_000);
  });

  it('asks less of a server that puts documents off, and more again when it takes them', async () => {
    let strained = true;
    const bulk = await writer((list) => ({ items: list.map((_, i) => (strained && i >= 20 ? 429 : 200)) }), {
      maxItems: 200,
    });
    expect((await bulk.write(items(400))).written).toBe(400);
    expect(bulk.limit.items).toBeLessThan(50);
    strained = false;
    await bulk.write(items(4000, 2));
    expect(bulk.limit.items).toBe(200);
    expect(fake.documents.size).toBe(4000);
  });

  it('makes requests smaller when the server refuses them as too many', async () => {
    const bulk = await writer((list) =>
      list.length > 40 ? { status: 429, type: 'circuit_breaking_exception' } : took(list),
    );
    expect((await bulk.write(items(500))).written).toBe(500);
    expect(bulk.limit.items).toBeLessThanOrEqual(50);
  });

  it('halves a request that is too large, remembers the size, and refuses a document that is too large alone', async () => {
    const bulk = await writer((list, _, bytes) =>
      bytes > 300_000 ? { status: 413, type: 'content_too_long' } : took(list),
    );
    const giant = { tag: 999, id: 'giant', version: 1, source: JSON.stringify({ text: 'x'.repeat(400_000) }) };
    const outcome = await bulk.write([...items(300, 1, 4000), giant]);
    expect(outcome.written).toBe(300);
    expect(outcome.refused.map(({ tag, error }) => [tag, error.code])).toEqual([[999, 'DOCUMENT_REFUSED']]);
    expect(bulk.limit.bytes).toBeLessThan(300_000);
    const before = fake.requests.length;
    await bulk.write(items(300, 2, 4000));
    expect(fake.requests.slice(before).every((list) => list.length * 4000 < 400_000)).toBe(true);
  });

  it('makes requests smaller when the connection breaks under them', async () => {
    const bulk = await writer((list, _, bytes) => (bytes > 100_000 ? 'break' : took(list)));
    expect((await bulk.write(items(200, 1, 2000))).written).toBe(200);
  });

  it('finds the poisoned documents by halving, however many there are, and writes the others', async () => {
    const poisoned = new Set(['d3', 'd77', 'd78', 'd199']);
    const bulk = await writer((list) =>
      list.some(({ id }) => poisoned.has(id)) ? { status: 400, type: 'illegal_argument_exception' } : took(list),
    );
    const outcome = await bulk.write(items(200));
    expect(outcome.refused.map(({ tag }) => `d${tag}`).sort()).toEqual([...poisoned].sort());
    expect(outcome.written).toBe(196);
  });

  it('loses nothing when trouble changes from one request to the next', async () => {
    const troubles: Reply[] = [
      { status: 503, type: 'unavailable' },
      { status: 413, type: 'too_large' },
      'break',
      { status: 429, type: 'busy' },
    ];
    const bulk = await writer(
      (list, call) =>
        call % 3 === 0
          ? troubles[(call / 3) % troubles.length]!
          : { items: list.map((_, i) => (i % 7 === call % 7 ? 429 : 200)) },
      { maxItems: 50 },
    );
    const outcome = await bulk.write(items(300));
    expect(outcome.refused.length + fake.documents.size).toBe(300);
    // A document may be refused only where it stood alone in a request that was too large.
    expect(outcome.refused.every(({ error }) => error.message.includes('413'))).toBe(true);
  });

  it('says at once that the index is gone', async () => {
    const bulk = await writer((list) => ({ items: list.map(() => 404) }));
    await expect(bulk.write(items(10))).rejects.toMatchObject({ code: 'SEARCH_INDEX_GONE' });
    expect(fake.requests).toHaveLength(1);
  });
});
