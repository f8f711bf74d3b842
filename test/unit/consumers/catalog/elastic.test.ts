import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createElastic } from '#consumers/catalog/elastic.ts';

let server: Server | undefined;

afterEach(() => server?.close());

/** A server that answers everything in this way. */
async function answering(status: number, body: object): Promise<string> {
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each([
  [429, 'cluster_block_exception', 'ELASTICSEARCH_UNREACHABLE', true],
  [400, 'index_closed_exception', 'ELASTICSEARCH_UNREACHABLE', true],
  [404, 'index_not_found_exception', 'SEARCH_INDEX_GONE', true],
  [400, 'parsing_exception', 'ELASTICSEARCH_REFUSED', false],
])('an answer %i %s is %s', async (status, type, code, retriable) => {
  const elastic = createElastic({ url: await answering(status, { error: { type, reason: 'told' }, status }) });
  await expect(elastic.request('POST', '/products/_refresh')).rejects.toMatchObject({ code, retriable });
  await elastic.close();
});

it('an answer 400 because every shard is of a closed index is not final', async () => {
  const reason = { type: 'index_closed_exception', reason: 'closed' };
  const body = { _shards: { total: 2, successful: 0, failed: 1, failures: [{ shard: 0, reason }] } };
  const elastic = createElastic({ url: await answering(400, body) });
  await expect(elastic.request('POST', '/products/_refresh')).rejects.toMatchObject({ retriable: true });
  await elastic.close();
});
