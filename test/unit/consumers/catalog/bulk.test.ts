import { describe, expect, it } from 'vitest';
import { type BulkOptions, BulkWriter } from '#consumers/catalog/bulk.ts';
import type { BulkItem, BulkOutcome } from '#consumers/catalog/bulkRequest.ts';
import type { Elastic } from '#consumers/catalog/elastic.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const instantly: Clock = { now: () => 0, sleep: async () => undefined };
const items = (count: number): BulkItem<string>[] =>
  Array.from({ length: count }, (_, i) => ({ tag: `t${i}`, id: `d${i}`, version: 7, source: `{"n":${i}}` }));
const idsOf = (body: unknown): string[] =>
  String(body)
    .trimEnd()
    .split('\n')
    .filter((_, line) => line % 2 === 0)
    .map((line) => (JSON.parse(line) as { index: { _id: string } }).index._id);

/** Answers each document by `status`; may refuse whole requests. */
function elastic(
  status: (id: string, call: number) => number,
  refuse: (ids: readonly string[], call: number) => SluiceError | undefined = () => undefined,
): Elastic & { readonly requests: string[][] } {
  const requests: string[][] = [];
  return {
    requests,
    async request<T>(_method: string, _path: string, body?: object | string) {
      const ids = idsOf(body);
      requests.push(ids);
      const error = refuse(ids, requests.length);
      if (error !== undefined) throw error;
      return {
        items: ids.map((id) => {
          const code = status(id, requests.length);
          return {
            index: { status: code, ...(code >= 400 ? { error: { type: 'bad', reason: 'field [x] of v' } } : {}) },
          };
        }),
      } as T;
    },
    close: async () => undefined,
  };
}

const bulkWrite = <T>(list: readonly BulkItem<T>[], options: BulkOptions): Promise<BulkOutcome<T>> =>
  new BulkWriter(options).write(list);

describe('the bulk writer', () => {
  it('counts what was written and what was newer already', async () => {
    const server = elastic((id) => (id === 'd1' ? 409 : 201));
    const outcome = await bulkWrite(items(3), { elastic: server, alias: () => 'i' });
    expect(outcome).toMatchObject({ written: 2, superseded: 1, refused: [] });
  });

  it('cuts requests by items and by bytes', async () => {
    const server = elastic(() => 201);
    await bulkWrite(items(5), { elastic: server, alias: () => 'i', maxItems: 2 });
    expect(server.requests.map((ids) => ids.length).sort()).toEqual([1, 2, 2]);
    const small = elastic(() => 201);
    await bulkWrite(items(4), { elastic: small, alias: () => 'i', maxBytes: 300 });
    expect(small.requests.map((ids) => ids.length)).toEqual([2, 2]);
  });

  it('tries again only what was put off', async () => {
    const server = elastic((id, call) => (id === 'd2' && call < 3 ? 429 : 201));
    const outcome = await bulkWrite(items(4), { elastic: server, alias: () => 'i', clock: instantly });
    expect(outcome.written).toBe(4);
    expect(server.requests).toEqual([['d0', 'd1', 'd2', 'd3'], ['d2'], ['d2']]);
  });

  it('waits out an overloaded server and gives up in the end', async () => {
    const away = new SluiceError('ELASTICSEARCH_UNREACHABLE', 'away');
    const soon = elastic(
      () => 201,
      (_, call) => (call < 4 ? away : undefined),
    );
    expect((await bulkWrite(items(2), { elastic: soon, alias: () => 'i', clock: instantly })).written).toBe(2);
    const never = elastic(
      () => 201,
      () => away,
    );
    await expect(bulkWrite(items(2), { elastic: never, alias: () => 'i', clock: instantly })).rejects.toBe(away);
  });

  it('halves a request that is too large', async () => {
    const tooLarge = new SluiceError('ELASTICSEARCH_REFUSED', 'no', { context: { status: 413 } });
    const server = elastic(
      () => 201,
      (ids) => (ids.length > 1 ? tooLarge : undefined),
    );
    expect((await bulkWrite(items(4), { elastic: server, alias: () => 'i' })).written).toBe(4);
  });

  it('finds the one document that spoils a request', async () => {
    const reason = 'action_request_validation_exception: id is too long';
    const invalid = new SluiceError('ELASTICSEARCH_REFUSED', 'no', { context: { status: 400, reason } });
    const server = elastic(
      () => 201,
      (ids) => (ids.includes('d3') ? invalid : undefined),
    );
    const outcome = await bulkWrite(items(8), { elastic: server, alias: () => 'i' });
    expect(outcome.written).toBe(7);
    expect(outcome.refused.map(({ tag, error }) => [tag, error.code])).toEqual([['t3', 'DOCUMENT_REFUSED']]);
  });

  it('gives back documents the mapping refuses, without their values', async () => {
    const outcome = await bulkWrite(items(2), {
      elastic: elastic((id) => (id === 'd0' ? 400 : 201)),
      alias: () => 'i',
    });
    expect(outcome.refused[0]!.error.message).toBe('Elasticsearch refused document d0: bad field [x]');
  });

  it('halts on a refusal that is no document’s fault', async () => {
    const refused = new SluiceError('ELASTICSEARCH_REFUSED', 'no', { context: { status: 401, reason: 'security' } });
    const server = elastic(
      () => 201,
      () => refused,
    );
    await expect(bulkWrite(items(2), { elastic: server, alias: () => 'i', clock: instantly })).rejects.toBe(refused);
  });
});
