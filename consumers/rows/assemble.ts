import type { Row } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { DocumentPlan, Relation } from './relations.ts';
import { matchingRows, type ResolvedRows, wantedLinks } from './resolve.ts';
import type { RowStore } from './rowStore.ts';

/** How many rows may be in memory at once, and may come to one document over one join. */
export interface AssembleLimits {
  readonly rows: number;
  readonly rowsOfJoin: number;
}

const LIMITS: AssembleLimits = { rows: 50_000, rowsOfJoin: 10_000 };

/** Where a row of a document came from: told when the document cannot be built from it. */
export interface RowOrigin {
  /** `root` or the name of the join. */
  readonly alias: string;
  readonly table: string;
  readonly key: string;
  readonly position: string;
}

/** The rows of one document. */
export interface AssembledDocument {
  readonly rows: ResolvedRows;
  /** Set when a join gives more rows than a document takes. */
  readonly tooWide?: SluiceError;
  /** Every row that went in, with its position. */
  origins(): RowOrigin[];
}

/** One row with where it stands. */
interface Located {
  readonly key: string;
  readonly position: string;
}

/** More rows than fit into memory at once: fewer documents have to be read together. */
class TooManyRows extends Error {}

/**
 * Reads all rows of many documents level by level: one round trip for the roots, two for the joins of each level, whatever the number of
 * documents; documents with very many rows are read in smaller groups. A root that is deleted or unknown is missing from the answer.
 */
export async function assemble(
  store: RowStore,
  plan: DocumentPlan,
  rootKeys: readonly string[],
  limits = LIMITS,
): Promise<Map<string, AssembledDocument>> {
  try {
    return await new Assembly(store, plan, rootKeys.length === 1 ? { ...limits, rows: Infinity } : limits).read(
      rootKeys,
    );
  } catch (error) {
    if (!(error instanceof TooManyRows)) throw error;
    const half = rootKeys.length >> 1;
    const first = await assemble(store, plan, rootKeys.slice(0, half), limits);
    return new Map([...first, ...(await assemble(store, plan, rootKeys.slice(half), limits))]);
  }
}

interface Assembling {
  readonly rows: ResolvedRows;
  tooWide?: SluiceError;
}

/** Rows of a table by link, as far as they were asked for. */
interface Candidates {
  readonly byLink: ReadonlyMap<string, readonly Row[]>;
  readonly tooWide: ReadonlySet<string>;
}

class Assembly {
  readonly #store: RowStore;
  readonly #plan: DocumentPlan;
  readonly #limits: AssembleLimits;
  readonly #located = new Map<Row, Located>();

  constructor(store: RowStore, plan: DocumentPlan, limits: AssembleLimits) {
    this.#store = store;
    this.#plan = plan;
    this.#limits = limits;
  }

  async read(rootKeys: readonly string[]): Promise<Map<string, AssembledDocument>> {
    const { relations, definition } = this.#plan;
    const roots = await this.#rows(definition.root, rootKeys);
    const documents = new Map<string, Assembling>();
    for (const [key, row] of roots) documents.set(key, { rows: new Map([['root', [row]]]) });
    const all = [...documents.values()];
    const known = new Set(['root']);
    for (let left = relations; left.length > 0; left = left.filter(({ alias }) => !known.has(alias))) {
      const level = left.filter(({ parent }) => known.has(parent));
      await Promise.all(level.map((relation) => this.#join(relation, all)));
      for (const { alias } of level) known.add(alias);
    }
    return new Map(
      [...documents].map(([key, document]) => [key, { ...document, origins: () => this.#origins(document.rows) }]),
    );
  }

  async #join(relation: Relation, documents: readonly Assembling[]): Promise<void> {
    const wanted = documents.map(({ rows }) => wantedLinks(relation, rows));
    const { byLink, tooWide } = await this.#candidates(relation.table, [...new Set(wanted.flat())]);
    for (const [index, document] of documents.entries()) {
      const links = wanted[index]!;
      const candidates =
        links.length === 1 ? (byLink.get(links[0]!) ?? []) : [...new Set(links.flatMap((l) => byLink.get(l) ?? []))];
      const wide = candidates.length > this.#limits.rowsOfJoin || links.some((link) => tooWide.has(link));
      if (wide) document.tooWide ??= this.#refusal(relation);
      document.rows.set(relation.alias, wide ? [] : matchingRows(relation, links, candidates));
    }
  }

  async #candidates(table: string, links: readonly string[]): Promise<Candidates> {
    const { rowsOfJoin } = this.#limits;
    const tooWide = new Set<string>();
    const keysOf = new Map<string, readonly string[]>();
    let count = 0;
    const keep = (link: string, keys: readonly string[]): void => {
      if (keys.length > rowsOfJoin) tooWide.add(link);
      else keysOf.set(link, keys);
      if (keys.length <= rowsOfJoin) count += keys.length;
      if (this.#located.size + count > this.#limits.rows) throw new TooManyRows();
    };
    await this.#store.links.each(table, links, async (link, { rowKeys, wide }) => {
      keep(link, wide ? await this.#wideLink(table, link) : rowKeys);
    });
    const rows = await this.#rows(table, [...new Set([...keysOf.values()].flat())]);
    const byLink = new Map<string, readonly Row[]>();
    for (const [link, keys] of keysOf) {
      const found: Row[] = [];
      for (const key of new Set(keys)) {
        const row = rows.get(key);
        if (row !== undefined) found.push(row);
      }
      byLink.set(link, found);
    }
    return { byLink, tooWide };
  }

  /** The rows under a wide link, or one more than a join may have. */
  async #wideLink(table: string, link: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { rowKeys } of this.#store.links.walk(table, link)) {
      for (const key of rowKeys) keys.push(key);
      if (keys.length > this.#limits.rowsOfJoin) break;
    }
    return keys;
  }

  async #rows(table: string, keys: readonly string[]): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (const [key, { row, position }] of await this.#store.versions(table, keys)) {
      if (row === null) continue;
      rows.set(key, row);
      this.#located.set(row, { key, position });
    }
    return rows;
  }

  #refusal({ alias, table }: Relation): SluiceError {
    const { type } = this.#plan.definition;
    return new SluiceError(
      'JOIN_TOO_WIDE',
      `Join ${alias} gives a document ${type} more than ${this.#limits.rowsOfJoin} rows of ${table}.`,
    );
  }

  #origins(resolved: ResolvedRows): RowOrigin[] {
    const tables = new Map([['root', this.#plan.definition.root]]);
    for (const { alias, table } of this.#plan.relations) tables.set(alias, table);
    return [...resolved].flatMap(([alias, rows]) =>
      rows.map((row) => ({ alias, table: tables.get(alias)!, ...this.#located.get(row)! })),
    );
  }
}
