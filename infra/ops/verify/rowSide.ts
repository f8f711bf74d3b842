import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { recordKeyOf } from '#connectors/sqlserver/metadata.ts';
import { type RowDigest, rowDigest } from '#connectors/sqlserver/rowDigest.ts';
import type { TablePlan } from '#consumers/rows/relations.ts';
import type { RowStore, StoredRow } from '#consumers/rows/rowStore.ts';
import { decodeRowKey, linkText } from '#consumers/rows/rowText.ts';
import { avroName } from '#schemas/avroBuilder.ts';
import { differingColumns, rowKeyOf, storedValue } from './carriedValues.ts';
import { type CopySide, EQUAL, presence, type Stored, type Verdict } from './copySide.ts';
import { scanKeys } from './scanKeys.ts';
import type { SourceRow } from './sourceReader.ts';

interface StoredVersion extends Stored {
  readonly version: StoredRow;
}

const SCAN_PAGE = 1000;

/** The rows of one table in the row store. */
export class RowSide implements CopySide<StoredVersion> {
  readonly copy = 'rows';
  readonly what: string;
  readonly table: CapturedTable;
  readonly #store: RowStore;
  readonly #plan: TablePlan;
  readonly #digest: RowDigest;
  readonly #isProbed: boolean;

  constructor(store: RowStore, table: CapturedTable, plan: TablePlan) {
    const { instance } = table;
    this.what = `row ${plan.table}`;
    this.table = table;
    this.#store = store;
    this.#plan = plan;
    this.#digest = rowDigest(instance.columns.filter(({ computed }) => !computed));
    const isMasked = (name: string): boolean => instance.columns.find((c) => c.name === name)?.mask !== undefined;
    this.#isProbed =
      recordKeyOf(instance).join('\n') === instance.keyColumns.join('\n') && !instance.keyColumns.some(isMasked);
  }

  idOf(row: Row): string {
    return rowKeyOf(this.table, row);
  }

  async read(ids: readonly string[]): Promise<Map<string, StoredVersion>> {
    const versions = await this.#store.versions(this.#plan.table, ids);
    return new Map([...versions].map(([id, version]) => [id, storedVersion(id, version)]));
  }

  async compare(
    expected: readonly { readonly id: string; readonly source: SourceRow | null }[],
    stored: ReadonlyMap<string, StoredVersion>,
  ): Promise<Map<string, Verdict>> {
    const verdicts = new Map<string, Verdict>();
    const equal = new Map<string, StoredRow>();
    for (const { id, source } of expected) {
      const found = stored.get(id);
      const verdict = presence(source, found) ?? this.#valuesOf(source!, found!.version.row!);
      verdicts.set(id, verdict);
      if (verdict.kind === 'equal' && source !== null) equal.set(id, found!.version);
    }
    for (const [id, fields] of await this.#lacking(equal)) verdicts.set(id, { kind: 'link', fields });
    return verdicts;
  }

  async scan(onPage: (stored: readonly StoredVersion[]) => Promise<void>): Promise<void> {
    await scanKeys(this.#store, this.#plan.table, SCAN_PAGE, async (keys) =>
      onPage([...(await this.read(keys)).values()]),
    );
  }

  keyOf(id: string): Row | null {
    if (!this.#isProbed) return null;
    const stored = decodeRowKey(id);
    const key: Record<string, unknown> = {};
    for (const column of this.table.instance.keyColumns) {
      const value = stored[avroName(column)];
      if (value === undefined) return null;
      key[column] = value;
    }
    return key;
  }

  lower(id: string, position: string): Promise<boolean> {
    return this.#store.lowerPosition(this.#plan.table, id, position);
  }

  async mend(id: string): Promise<void> {
    const version = (await this.#store.versions(this.#plan.table, [id])).get(id);
    if (version?.row) await this.#store.enterLinks(this.#plan.table, id, version);
  }

  #valuesOf(source: SourceRow, stored: Row): Verdict {
    const fields = differingColumns(source.row, stored);
    if (fields.length > 0) return { kind: 'different', fields };
    if (source.digest === null) return EQUAL;
    const digest = this.#digest.digest((column) => storedValue(stored, column));
    return digest.equals(source.digest) ? EQUAL : { kind: 'different', fields: ['(digest)'] };
  }

  /** Columns over which equal rows cannot be found although the documents join by them. */
  async #lacking(rows: ReadonlyMap<string, StoredRow>): Promise<Map<string, string[]>> {
    const lacking = new Map<string, string[]>();
    if (this.#plan.linkColumns.length === 0) return lacking;
    const entered = await this.#store.unlinked(this.#plan.table, rows);
    for (const [id, version] of rows) {
      const missing = new Set(entered.get(id));
      const fields = this.#plan.linkColumns.filter((columns) => {
        const link = linkText(version.row!, columns);
        return link !== null && (!version.links.includes(link) || missing.has(link));
      });
      if (fields.length > 0)
        lacking.set(
          id,
          fields.map((columns) => columns.join('+')),
        );
    }
    return lacking;
  }
}

function storedVersion(id: string, version: StoredRow): StoredVersion {
  return { id, position: version.position, live: version.row !== null, version };
}
