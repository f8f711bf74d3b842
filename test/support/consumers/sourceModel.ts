import type { Change } from '#consumers/runner/changes.ts';
import type { DocumentDefinition, Row } from '#infra/runtime/config/catalog.ts';
import { buildDocuments } from './documentBuilder.ts';
import { product } from './shopTables.ts';

/** One change of the source, small enough that keys collide all the time. */
export type SourceStep =
  | {
      readonly kind: 'product';
      readonly key: number;
      readonly category: number;
      readonly live: boolean;
      /** The description is not touched, so it does not travel with the change. */
      readonly keepText?: boolean;
    }
  | { readonly kind: 'category'; readonly key: number; readonly group: number }
  | { readonly kind: 'group'; readonly key: number }
  | { readonly kind: 'barcode'; readonly key: number; readonly product: number }
  | { readonly kind: 'delete'; readonly table: number; readonly key: number };

/** What the documents are built by: one join more than `product`, over columns nobody else needs. */
export const wider: DocumentDefinition = {
  ...product,
  joins: { ...product.joins, same: { table: 'dbo.BARCODE', on: { BARCODE: 'CODE' }, many: true } },
  project: (rows) => ({ ...product.project(rows), same: (rows['same'] as readonly Row[]).map((row) => row['CODE']) }),
};

export const TABLES = ['dbo.PRODUCT', 'dbo.CATEGORY', 'dbo.CAT_GROUP', 'dbo.BARCODE'] as const;
const KEY_COLUMN: Readonly<Record<string, string>> = {
  'dbo.PRODUCT': 'CODE',
  'dbo.CATEGORY': 'CAT',
  'dbo.CAT_GROUP': 'GRP',
  'dbo.BARCODE': 'BARCODE',
};
const UNAVAILABLE = '__debezium_unavailable_value';

/** The source with its topics: what every copy must equal in the end. */
export class SourceModel {
  /** Table → partitions → records; the table's name stands for its topic's. */
  readonly topics = new Map<string, Change[][]>();
  readonly #rows = new Map<string, Map<string, Row>>(TABLES.map((table) => [table, new Map()]));
  #lsn = 0;
  #serial = 0;

  constructor(partitions: number) {
    for (const table of TABLES)
      this.topics.set(
        table,
        Array.from({ length: partitions }, () => []),
      );
  }

  /** The change as it was published; null when there is nothing to do. */
  commit(step: SourceStep): Change | null {
    const table = step.kind === 'delete' ? TABLES[step.table]! : tableOf(step);
    const rows = this.#rows.get(table)!;
    const key = { [KEY_COLUMN[table]!]: keyOf(table, step.key) };
    const text = JSON.stringify(key);
    const before = rows.get(text) ?? null;
    const row = step.kind === 'delete' ? null : rowOf(step, ++this.#serial, before);
    if (row === null && before === null) return null;
    if (row === null) rows.delete(text);
    else rows.set(text, row);
    const op = row === null ? 'd' : before === null ? 'c' : 'u';
    const position = `${(++this.#lsn).toString(16).padStart(20, '0')}${'0'.repeat(28)}${{ d: '1', c: '2', u: '4' }[op]}`;
    const untouched = step.kind === 'product' && step.keepText === true && before !== null;
    const after = untouched ? { ...row, LONG_DESC: UNAVAILABLE } : row;
    const partitions = this.topics.get(table)!;
    const change: Change = { table, key, position, op, before, after, sourceTsMs: this.#lsn };
    partitions[placeOf(text, partitions.length)]!.push(change);
    return change;
  }

  /** A table's topic is made anew: the rows of now, as a snapshot reads them. */
  recreate(table: string): void {
    const partitions = this.topics.get(table)!.map((): Change[] => []);
    this.topics.set(table, partitions);
    const position = `${this.#lsn.toString(16).padStart(20, '0')}${'0'.repeat(29)}`;
    for (const [text, row] of this.#rows.get(table)!) {
      const key = JSON.parse(text) as Change['key'];
      const change: Change = { table, key, position, op: 'r', before: null, after: row, sourceTsMs: this.#lsn };
      partitions[placeOf(text, partitions.length)]!.push(change);
    }
  }

  /** More partitions: from now on keys lie elsewhere. */
  addPartitions(): void {
    for (const partitions of this.topics.values()) if (partitions.length < 5) partitions.push([]);
  }

  /** Every document a fresh build gives, id → document. */
  documents(definition: DocumentDefinition = wider): Map<string, object> {
    const rows = Object.fromEntries(TABLES.map((table) => [table, [...this.#rows.get(table)!.values()]]));
    return buildDocuments(definition, rows, ['CODE']);
  }
}

const placeOf = (key: string, partitions: number): number =>
  [...key].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % partitions;

function tableOf({ kind }: SourceStep): (typeof TABLES)[number] {
  if (kind === 'product') return 'dbo.PRODUCT';
  if (kind === 'category') return 'dbo.CATEGORY';
  return kind === 'group' ? 'dbo.CAT_GROUP' : 'dbo.BARCODE';
}

function keyOf(table: string, key: number): unknown {
  return table === 'dbo.CAT_GROUP' ? key % 2 : `K${key}`;
}

/** Every version of a row is different, so that a document built from an old one shows. */
function rowOf(step: Exclude<SourceStep, { kind: 'delete' }>, serial: number, before: Row | null): Row {
  switch (step.kind) {
    case 'product':
      return {
        CODE: `K${step.key}`,
        NAME: `name ${serial}`,
        LONG_DESC: step.keepText === true && before !== null ? before['LONG_DESC'] : `text ${serial}`,
        CAT: step.category === 2 ? null : `k${step.category}  `,
        VAT: 'S',
        PRICE: '1.00',
        SEQ: BigInt(serial),
        LIVE: step.live ? 'Y' : 'N',
      };
    case 'category':
      return { CAT: `K${step.key}`, NAME: `category ${serial}`, GRP: step.group };
    case 'group':
      return { GRP: step.key % 2, TITLE: `group ${serial}` };
    case 'barcode':
      return { BARCODE: `K${step.key}`, CODE: `K${step.product}` };
  }
}
