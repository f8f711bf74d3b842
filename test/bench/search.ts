import { product } from '#infra/demo/epos/sluice.config.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { EPOS_JUDGEMENTS, eposShop } from '#test/support/search/eposJudgements.ts';
import { SearchWorld } from '#test/support/search/searchWorld.ts';

/**
 * Search and suggestions over the whole demo catalogue, one caller after the other: milliseconds at the median and the 99th percentile, and
 * documents per second into the index. `--rounds N` (default 10) repeats the judged queries; their beginnings are what is suggested for.
 */

const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 10;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const quantile = (sorted: readonly number[], q: number): string =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]!.toFixed(1);

async function timed(name: string, calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  // The first round warms the servers up.
  for (const call of calls) await call();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++)
    for (const call of calls) {
      const startMs = performance.now();
      await call();
      times.push(performance.now() - startMs);
    }
  times.sort((a, b) => a - b);
  say(
    `${name.padEnd(28)} ${String(times.length).padStart(6)} calls  p50 ${quantile(times, 0.5)} ms  p99 ${quantile(times, 0.99)} ms`,
  );
}

const stack = await startStack({ parts: ['elasticsearch'], log: createLogger('bench', 'warn') });
try {
  const { documents } = eposShop();
  const world = await new SearchWorld(stack.addresses.elasticsearch!.url, product).fill(documents);
  const startMs = performance.now();
  await world.put(documents);
  say(
    `${documents.size} documents, ${Math.round((documents.size * 1000) / (performance.now() - startMs))} a second into the index`,
  );
  const queries = EPOS_JUDGEMENTS.map(({ q }) => q);
  const beginnings = queries.flatMap((q) =>
    [2, 4, 7].filter((length) => length < q.length).map((length) => q.slice(0, length)),
  );
  await timed(
    'suggest',
    beginnings.map((q) => () => world.search.suggest(q)),
  );
  await timed(
    'search, all facets',
    queries.map((q) => () => world.search.search({ q })),
  );
  await timed(
    'search, no facets',
    queries.map((q) => () => world.search.search({ q, facets: [] })),
  );
  await timed('browse, all facets', [() => world.search.search({ filters: { category: ['Garden'] } })]);
  await world.close();
} finally {
  await stack.stop();
}
