import { parseArgs } from 'node:util';
import { spread } from './capture/rounds.ts';
import { prepareDocuments, RawBulk, type Sample, throughConsumers } from './consumers/documents.ts';
import { BenchStage } from './consumers/stage.ts';
import { stockRaw, stockThroughConsumers } from './consumers/stock.ts';

/**
 * Documents a second through the whole consumer path (topic → rows → marks → documents → searchable) beside a raw bulk of the very same documents,
 * and stock levels a second through the consumer beside raw pipelines of the same script: min / median / max over the rounds, in turns in one run,
 * after a round that does not count. On servers of its own.
 */
const { values } = parseArgs({
  options: {
    products: { type: 'string', default: '20000' },
    levels: { type: 'string', default: '60000' },
    rounds: { type: 'string', default: '5' },
    /** Consumer processes. */
    processes: { type: 'string', default: '1' },
    /** Flags of node for the consumers, e.g. `--cpu-prof --cpu-prof-dir=/tmp/prof`. */
    node: { type: 'string', default: '' },
    what: { type: 'string', default: 'documents,stock' },
  },
});
const rounds = Number(values.rounds);
const stage = await BenchStage.open(
  Number(values.processes),
  values.node.split(' ').filter((flag) => flag !== ''),
);
try {
  if (values.what.includes('documents')) await documents(Number(values.products));
  if (values.what.includes('stock')) await stock(Number(values.levels));
} finally {
  await stage.close();
}

async function documents(products: number): Promise<void> {
  await prepareDocuments(stage);
  const first = await throughConsumers(stage, products, 1);
  tell('first documents', [first]);
  const raw = new RawBulk(stage);
  await raw.prepare();
  const through: Sample[] = [];
  const bare: Sample[] = [];
  for (let round = 2; round <= rounds + 2; round++) {
    bare.push(await raw.write(round));
    through.push(await throughConsumers(stage, products, round));
  }
  compare('documents', through.slice(1), bare.slice(1));
  await raw.close();
}

async function stock(levels: number): Promise<void> {
  const through: Sample[] = [];
  const bare: Sample[] = [];
  for (let round = 1; round <= rounds + 1; round++) {
    bare.push(await stockRaw(stage, levels, round));
    through.push(await stockThroughConsumers(stage, levels, round));
  }
  compare('stock levels', through.slice(1), bare.slice(1));
}

function compare(what: string, through: readonly Sample[], bare: readonly Sample[]): void {
  tell(`${what} through the consumers`, through);
  tell(`${what} raw`, bare);
  const ratios = (of: (sample: Sample) => number): string =>
    spread(through.map((sample, i) => of(sample) / of(bare[i]!)))
      .map((value) => `${(100 * value).toFixed(0)} %`)
      .join(' / ');
  process.stdout.write(
    `${what}: through ÷ raw ${ratios((sample) => sample.perSecond)}, processor time ${ratios(allCpu)}\n`,
  );
}

function allCpu({ cpu }: Sample): number {
  return Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0);
}

function tell(what: string, samples: readonly Sample[]): void {
  const rates = spread(samples.map(({ perSecond }) => perSecond)).map((rate) => Math.round(rate).toLocaleString('en'));
  const middle = samples[samples.length >> 1]!;
  const cpu = Object.entries(middle.cpu)
    .filter(([, seconds]) => seconds >= 0.05)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
    .join(', ');
  process.stdout.write(`${what}: ${rates.join(' / ')} a second; processor time ${cpu}\n`);
}
