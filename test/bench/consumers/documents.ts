import { documentText } from '#consumers/catalog/documentText.ts';
import { product, type ShopTables } from '#test/support/consumers/shopTables.ts';
import { storedDocuments } from '#test/support/consumers/storedCopies.ts';
import { type BenchStage, type Cpu, cpuBetween } from './stage.ts';

/** One way of writing, once. */
export interface Sample {
  readonly perSecond: number;
  /** Seconds of processor time by what used it. */
  readonly cpu: Cpu;
}

const CATEGORIES = 50;
/** Two requests of 500 documents in flight: what the bulk writer sends at its best. */
const PER_REQUEST = 500;
const IN_FLIGHT = 2;

const rowOf = (number: number, round: number) => ({
  CODE: `P${number}`.padEnd(10),
  NAME: `Thing number ${number}`,
  LONG_DESC: 'A description of about two hundred characters, as a shop has it. '.repeat(3),
  CAT: `C${number % CATEGORIES}`,
  VAT: 'S',
  PRICE: `${round}.00`,
  SEQ: BigInt(number),
  LIVE: 'Y',
});

/** Rows the documents join. */
export async function prepareDocuments({ shop }: BenchStage): Promise<void> {
  await shop.feed.put(
    'dbo.CATEGORY',
    Array.from({ length: CATEGORIES }, (_, i) => ({ CAT: `C${i}`, NAME: `Category ${i}`, GRP: i % 5 })),
  );
  await shop.feed.put(
    'dbo.CAT_GROUP',
    Array.from({ length: 5 }, (_, i) => ({ GRP: i, TITLE: `Group ${i}` })),
  );
}

/** A change of every product through the whole path: from the moment their records can be read until a search finds all new prices. */
export async function throughConsumers(stage: BenchStage, products: number, round: number): Promise<Sample> {
  const rows = Array.from({ length: products }, (_, i) => rowOf(i, round));
  const before = (row: ShopTables['dbo.PRODUCT']) => (round === 1 ? null : { ...row, PRICE: `${round - 1}.00` });
  const backlog = await stage.feed.write('dbo.PRODUCT', rows, before);
  const cpu = stage.cpu();
  const startedAt = performance.now();
  await backlog.show();
  await stage.untilSearchable({ term: { priceMinor: round * 100 } }, products);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: products / seconds, cpu: cpuBetween(cpu, stage.cpu()) };
}

/** The very same documents, as they stand in the index, by the same bulk requests into an index of the same mapping. */
export class RawBulk {
  readonly #stage: BenchStage;
  readonly #documents: { readonly id: string; readonly source: string }[] = [];
  #index = '';

  constructor(stage: BenchStage) {
    this.#stage = stage;
  }

  async prepare(): Promise<void> {
    const { elastic, config } = this.#stage.shop;
    const alias = `${config.elasticsearch.indexPrefix}product`;
    for await (const { id, document } of storedDocuments(product, config.elasticsearch))
      this.#documents.push({
        id,
        source: `${documentText(document).slice(0, -1)},"deleted":false,"sluice":${JSON.stringify({ id, version: 1, sourceTsMs: 1 })}}`,
      });
    const [found] = Object.values(
      await elastic.request<Record<string, { mappings: object; settings: { index: Record<string, unknown> } }>>(
        'GET',
        `/${alias}`,
      ),
    );
    const {
      analysis,
      number_of_shards: shards,
      number_of_replicas: replicas,
      refresh_interval: refresh,
    } = found!.settings.index;
    this.#index = `${config.elasticsearch.indexPrefix}raw`;
    await elastic.request('PUT', `/${this.#index}`, {
      mappings: found!.mappings,
      settings: {
        index: {
          ...(analysis ? { analysis } : {}),
          number_of_shards: shards,
          number_of_replicas: replicas,
          refresh_interval: refresh,
        },
      },
    });
  }

  async write(round: number): Promise<Sample> {
    const { elastic } = this.#stage.shop;
    const bodies = this.#bodies(round);
    const cpu = this.#stage.cpu();
    const startedAt = performance.now();
    const worker = async (): Promise<void> => {
      for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
        await elastic.request('POST', `/${this.#index}/_bulk?filter_path=errors`, body);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    await elastic.request('POST', `/${this.#index}/_refresh`);
    const seconds = (performance.now() - startedAt) / 1000;
    return { perSecond: this.#documents.length / seconds, cpu: cpuBetween(cpu, this.#stage.cpu()) };
  }

  /** Requests ready to be sent, as the consumers send them: same size, external versions. */
  #bodies(version: number): string[] {
    const bodies: string[] = [];
    for (let start = 0; start < this.#documents.length; start += PER_REQUEST) {
      let body = '';
      for (const { id, source } of this.#documents.slice(start, start + PER_REQUEST))
        body += `{"index":{"_id":${JSON.stringify(id)},"version":${version},"version_type":"external"}}\n${source}\n`;
      bodies.push(body);
    }
    return bodies;
  }

  async close(): Promise<void> {
    await this.#stage.shop.elastic.request('DELETE', `/${this.#index}`);
  }
}
