import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { createRegistry } from '#schemas/registry.ts';
import { compare } from '../contract/debezium/comparison.ts';
import { runComparison } from '../contract/debezium/comparisonRun.ts';
import { prepareDebezium } from '../contract/debezium/debeziumRun.ts';

/**
 * Debezium's connector and Sluice on the same work, long: one line a seed with how often each documented difference was met; exit code 1 when
 * something else differs. Arguments: number of seeds (default 10), batches of each (default 1000), first seed (default 1).
 */
async function main(): Promise<void> {
  const [seeds, batches, first] = [10, 1000, 1].map((standard, i) => Number(process.argv[i + 2] ?? standard)) as [
    number,
    number,
    number,
  ];
  const program = await prepareDebezium();
  const stack = await startStack({
    parts: ['kafka', 'registry'],
    log: createLogger('stack', 'warn'),
    progress: () => undefined,
  });
  try {
    const { kafka, registry } = stack.addresses;
    for (let seed = first; seed < first + seeds; seed++) {
      const setup = {
        brokers: kafka!.brokers,
        registryUrl: registry!.url,
        batches,
        seed,
        timeoutMs: 600_000,
        restarts: 5,
      };
      const report = await compare(await runComparison(program, setup), createRegistry({ url: registry!.url }));
      process.stdout.write(`${JSON.stringify({ seed, ...report })}\n`);
      if (report.differences.length > 0) process.exitCode = 1;
    }
  } finally {
    await stack.stop();
  }
}

await main();
