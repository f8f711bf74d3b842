import { randomUUID } from 'node:crypto';
import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';
import { createCatalogSearch } from '#consumers/catalog/search.ts';
import { aliasName } from '#consumers/catalog/searchIndex.ts';
import type { CatalogSearch, SearchParams } from '#consumers/catalog/searchTypes.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { gradesOf, type JudgedProduct, type Judgement, ndcg10, recall, type Scored } from './judgement.ts';

/** A search index of its own on a real Elasticsearch, filled without the pipeline. */
export class SearchWorld<Doc extends object> {
  readonly indexPrefix = `t-search-${randomUUID().slice(0, 8)}-`;
  readonly definition: DocumentDefinition<Doc>;
  readonly search: CatalogSearch<Doc>;
  readonly elastic: Elastic;

  constructor(url: string, definition: DocumentDefinition<Doc>) {
    this.definition = definition;
    this.elastic = createElastic({ url });
    this.search = createCatalogSearch<Doc>(definition, {
      url,
      indexPrefix: this.indexPrefix,
      requestTimeoutMs: 60_000,
    });
  }

  get alias(): string {
    return aliasName(this.indexPrefix, this.definition.type);
  }

  async fill(documents: ReadonlyMap<string, object>): Promise<this> {
    await this.createIndex(1);
    await this.elastic.request('POST', '/_aliases', {
      actions: [{ add: { index: this.index(1), alias: this.alias } }],
    });
    await this.put(documents);
    return this;
  }

  index(number: number): string {
    return `${this.alias}-v${this.definition.version}-${number}`;
  }

  /** An index as the pipeline makes it. */
  async createIndex(number: number): Promise<void> {
    const own = {
      deleted: { type: 'boolean' },
      sluice: { properties: { id: { type: 'keyword' }, version: { type: 'long' } } },
    };
    await this.elastic.request('PUT', `/${this.index(number)}`, {
      settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '-1', ...this.definition.settings },
      mappings: { dynamic: false, properties: { ...this.definition.mapping, ...own } },
    });
  }

  /** Moves the searches to another index. */
  async swap(from: number, to: number): Promise<void> {
    const move = (action: 'remove' | 'add', number: number): object => ({
      [action]: { index: this.index(number), alias: this.alias },
    });
    await this.elastic.request('POST', '/_aliases', { actions: [move('remove', from), move('add', to)] });
  }

  /** Writes and refreshes; `null` hides a document the way the pipeline does. */
  async put(documents: ReadonlyMap<string, object | null>, index = this.alias): Promise<void> {
    const lines = [...documents].flatMap(([id, document]) => [
      JSON.stringify({ index: { _id: id } }),
      JSON.stringify({ ...document, deleted: document === null, sluice: { id, version: 1, sourceTsMs: null } }),
    ]);
    for (let at = 0; at < lines.length; at += 4000) {
      const body = `${lines.slice(at, at + 4000).join('\n')}\n`;
      const answer = await this.elastic.request<{ errors: boolean }>('POST', `/${index}/_bulk`, body);
      if (answer.errors) throw new Error(`not every document was taken: ${JSON.stringify(answer).slice(0, 500)}`);
    }
    await this.elastic.request('POST', `/${index}/_refresh`);
  }

  /** Every judged query's figures. */
  async judge(judgements: readonly Judgement[], products: readonly JudgedProduct[]): Promise<Scored[]> {
    const scored: Scored[] = [];
    for (const judgement of judgements) {
      const ranking = await this.ranking({ q: judgement.q, facets: [], limit: 100 });
      const grades = gradesOf(judgement, products);
      if (grades.size === 0) throw new Error(`nothing is judged relevant for "${judgement.q}"`);
      const lines = new Map(products.map(({ id, line }) => [id, line]));
      const top = ranking.slice(0, 5).map((id) => `${grades.get(id) ?? 0} ${lines.get(id)}`);
      scored.push({ judgement, ndcg: ndcg10(ranking, grades), recall: recall(ranking, grades), top });
    }
    return scored;
  }

  async ranking(params: SearchParams): Promise<string[]> {
    return (await this.search.search(params)).items.map(({ id }) => id);
  }

  async close(): Promise<void> {
    await this.search.close();
    for (const index of Object.keys(await this.elastic.request<object>('GET', `/${this.alias}-v*`)))
      await this.elastic.request('DELETE', `/${index}`);
    await this.elastic.close();
  }
}
