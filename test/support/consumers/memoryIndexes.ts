import { randomUUID } from 'node:crypto';
import type { Elastic } from '#consumers/catalog/elastic.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

type Source = Record<string, unknown>;

interface Stored {
  readonly version: number;
  readonly source: Source;
}

/** One index: what was written, and what a refresh has made searchable. */
export interface MemoryIndex {
  readonly uuid: string;
  readonly aliases: Set<string>;
  meta: object;
  readonly documents: Map<string, Stored>;
  searchable: ReadonlyMap<string, Stored>;
  /** It takes no writes. */
  frozen?: boolean;
}

type Action = Readonly<Record<'add' | 'remove', { index: string; alias: string; must_exist?: boolean } | undefined>>;

/**
 * Elasticsearch as far as indexes of document types need it: aliases that move in one step, mappings that remember, external versions, searches
 * that see the last refresh. An index can be lost, or come back as an older copy with another uuid.
 */
export class MemoryIndexes {
  readonly indexes = new Map<string, MemoryIndex>();

  connection(gate: () => Promise<void>): Elastic {
    return {
      request: async <T>(method: string, path: string, body?: object | string): Promise<T> => {
        const [place = '', verb = ''] = path.slice(1).split('?')[0]!.split('/');
        if (verb === '_bulk') return (await this.#bulk(place, String(body), gate)) as T;
        await gate();
        return this.#answer(`${method} ${verb || place}`, place, body as Source) as T;
      },
      close: async () => undefined,
    };
  }

  /** The index is gone, with its aliases. */
  lose(name: string): void {
    this.indexes.delete(name);
  }

  /** A copy of an index as it is now, for `restore`. */
  copy(name: string): MemoryIndex {
    const found = this.indexes.get(name)!;
    const documents = new Map(found.documents);
    return { ...found, aliases: new Set(found.aliases), documents, searchable: new Map(found.searchable) };
  }

  /** The index comes back as it was; Elasticsearch gives it a new uuid. */
  restore(name: string, copy: MemoryIndex): void {
    const documents = new Map(copy.documents);
    this.indexes.set(name, { ...copy, uuid: randomUUID(), documents, searchable: new Map(documents) });
  }

  refresh(name: string): void {
    const index = this.indexes.get(name);
    if (index !== undefined) index.searchable = new Map(index.documents);
  }

  /** Name of the index an alias points to; undefined when there is none. @throws when there are several */
  behind(alias: string): string | undefined {
    const names = [...this.indexes].filter(([, { aliases }]) => aliases.has(alias)).map(([name]) => name);
    if (names.length > 1) throw new Error(`${alias} points to ${names.join(' and ')}`);
    return names[0];
  }

  /** What searches of the index see: id → document without the pipeline's own fields. */
  visible(name: string): Map<string, object> {
    const found = new Map<string, object>();
    for (const [id, { source }] of this.indexes.get(name)!.searchable) {
      const { deleted, sluice: _sluice, ...document } = source;
      if (deleted !== true) found.set(id, document);
    }
    return found;
  }

  #answer(what: string, place: string, body: Source): unknown {
    switch (what) {
      case 'PUT _mapping':
        this.#one(place).meta = (body as { _meta: object })._meta;
        return {};
      case 'GET _mapping':
        return { [place]: { mappings: { _meta: this.#one(place).meta } } };
      case 'PUT _block':
        this.#one(place).frozen = true;
        return {};
      case 'PUT _settings':
        this.#one(place).frozen = false;
        return {};
      case 'GET _settings':
        this.#one(place);
        return { [place]: {} };
      case 'POST _aliases':
        return this.#aliases(body['actions'] as Action[]);
      case 'POST _refresh':
        for (const name of this.#named(place)) this.refresh(name);
        return {};
      case 'POST _pit':
        return { id: JSON.stringify([...this.#one(place).searchable].map(([, { source }]) => source)) };
      case 'DELETE _pit':
        return {};
      case 'GET _stats':
        return this.#stats(place);
      case 'POST _mget':
        return this.#mget(place, body['ids'] as string[]);
      case 'POST _search':
        return place === '_search' ? olderThan(body) : this.#highest(place);
      case `GET ${place}`:
        return Object.fromEntries(this.#named(place).map((name) => [name, this.#described(name)]));
      case `PUT ${place}`:
        return this.#create(place, body);
      case `DELETE ${place}`:
        this.#one(place);
        this.indexes.delete(place);
        return {};
      default:
        throw new Error(`memory Elasticsearch does not know ${what} of ${place}`);
    }
  }

  #one(name: string): MemoryIndex {
    const found = this.indexes.get(name);
    if (found === undefined) throw gone(name);
    return found;
  }

  #named(place: string): string[] {
    if (place.endsWith('*')) return [...this.indexes.keys()].filter((name) => name.startsWith(place.slice(0, -1)));
    this.#one(place);
    return [place];
  }

  #described(name: string): object {
    const { aliases, meta, uuid, frozen } = this.#one(name);
    const named = Object.fromEntries([...aliases].map((alias) => [alias, {}]));
    return {
      mappings: { _meta: meta },
      aliases: named,
      settings: { index: { uuid, ...(frozen && { blocks: { write: 'true' } }) } },
    };
  }

  #create(name: string, body: Source): object {
    if (this.indexes.has(name)) throw refused(400, `resource_already_exists_exception: ${name}`);
    const { aliases, mappings } = body as { aliases: object; mappings: { _meta: object } };
    const meta = mappings._meta;
    const documents = new Map<string, Stored>();
    this.indexes.set(name, {
      uuid: randomUUID(),
      aliases: new Set(Object.keys(aliases)),
      meta,
      documents,
      searchable: new Map(),
    });
    return {};
  }

  /** All of them or none. */
  #aliases(actions: readonly Action[]): object {
    for (const { add, remove } of actions)
      for (const name of this.#named((add ?? remove)!.index))
        if (remove?.must_exist === true && !this.#one(name).aliases.has(remove.alias))
          throw refused(404, 'aliases_not_found_exception');
    for (const { add, remove } of actions) {
      if (add !== undefined) this.#one(add.index).aliases.add(add.alias);
      for (const name of remove === undefined ? [] : this.#named(remove.index))
        this.#one(name).aliases.delete(remove!.alias);
    }
    return {};
  }

  #stats(name: string): object {
    const { uuid } = this.#one(name);
    const commit = { user_data: { history_uuid: uuid } };
    return { indices: { [name]: { uuid, shards: { 0: [{ commit }] } } } };
  }

  #mget(name: string, ids: readonly string[]): object {
    const { documents } = this.#one(name);
    return { docs: ids.map((_id) => ({ _id, found: documents.has(_id), _source: documents.get(_id)?.source })) };
  }

  #highest(place: string): object {
    const versions = this.#named(place).flatMap((name) => [...this.#one(name).searchable.values()]);
    const value = versions.length === 0 ? null : Math.max(...versions.map(({ version }) => version));
    return { aggregations: { highest: { value } } };
  }

  /** Written under an alias that must exist, one document at a time: the index may go away in between. */
  async #bulk(alias: string, body: string, gate: () => Promise<void>): Promise<object> {
    const lines = body.trimEnd().split('\n');
    const items: object[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      await gate();
      const name = this.behind(alias);
      const action = (JSON.parse(lines[at]!) as { index: { _id: string; version: number } }).index;
      items.push({ index: { status: name === undefined ? 404 : this.#index(name, action, lines[at + 1]!) } });
    }
    return { items };
  }

  #index(name: string, { _id, version }: { _id: string; version: number }, source: string): number {
    const { documents, frozen } = this.#one(name);
    if (frozen) return 403;
    const stored = documents.get(_id);
    if (stored !== undefined && stored.version >= version) return 409;
    documents.set(_id, { version, source: JSON.parse(source) as Source });
    return stored === undefined ? 201 : 200;
  }
}

/** The page of a point in time with the documents below a version: all in one. */
function olderThan(body: Source): object {
  const { pit, query } = body as {
    pit: { id: string };
    query: { range: { 'sluice.version': { lt: number } } };
  };
  const below = query.range['sluice.version'].lt;
  const sources = JSON.parse(pit.id) as { sluice: { version: number } }[];
  const hits = sources.filter(({ sluice }) => sluice.version < below).map((_source, at) => ({ _source, sort: [at] }));
  return { pit_id: pit.id, hits: { hits } };
}

function gone(name: string): SluiceError {
  return new SluiceError('SEARCH_INDEX_GONE', `There is no index ${name}.`);
}

function refused(status: number, reason: string): SluiceError {
  return new SluiceError('ELASTICSEARCH_REFUSED', `${status}: ${reason}`, { context: { status, reason } });
}
