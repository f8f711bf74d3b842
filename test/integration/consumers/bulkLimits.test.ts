import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { BulkWriter } from '#consumers/catalog/bulk.ts';
import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';

/** Elasticsearch takes 100 MB over HTTP, and of what it indexes at once a tenth of its heap; both are met with their defaults. */
const MEGABYTE = 1 << 20;
const DOCUMENTS = 104;

describe('the bulk writer and a real server', () => {
  const index = `t${randomBytes(5).toString('hex')}-bulk`;
  const statuses: string[] = [];
  let elastic: Elastic;

  beforeAll(async () => {
    elastic = createElastic({ url: inject('stack').elasticsearch!.url });
    await elastic.request('PUT', `/${index}-1`, {
      mappings: { dynamic: false, _source: { enabled: false } },
      settings: { number_of_replicas: 0 },
      aliases: { [index]: { is_write_index: true } },
    });
  });

  afterAll(async () => {
    await elastic.request('DELETE', `/${index}-1`);
    await elastic.close();
  });

  it('find the size that goes through, and lose nothing on the way', { timeout: 120_000 }, async () => {
    const watched: Elastic = {
      close: () => elastic.close(),
      request: async <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object | string) => {
        try {
          return await elastic.request<T>(method, path, body);
        } catch (error) {
          statuses.push(String((error as { context?: { status?: number } }).context?.status ?? 'broken'));
          throw error;
        }
      },
    };
    const bulk = new BulkWriter({
      elastic: watched,
      alias: () => index,
      maxItems: DOCUMENTS,
      maxBytes: 400 * MEGABYTE,
    });
    const text = 'x'.repeat(MEGABYTE);
    const items = Array.from({ length: DOCUMENTS }, (_, i) => ({
      tag: i,
      id: `d${i}`,
      version: 1,
      source: `{"n":${i},"text":"${text}"}`,
    }));
    const outcome = await bulk.write(items);
    expect(outcome.refused).toEqual([]);
    // A connection that the server closes while it is being written to shows as broken instead of 413.
    expect(statuses.some((status) => status === '413' || status === 'broken')).toBe(true);
    expect(bulk.limit.bytes).toBeLessThan(100 * MEGABYTE);
    await elastic.request('POST', `/${index}/_refresh`);
    expect((await elastic.request<{ count: number }>('GET', `/${index}/_count`)).count).toBe(DOCUMENTS);
  });
});
