import type { DocumentDefinition, JoinDefinition } from '#infra/runtime/config/catalog.ts';

/** One join with its columns in one fixed order on both sides. */
export interface Relation {
  /** Name of the join. */
  readonly alias: string;
  readonly table: string;
  /** Parent's alias, `root` for the root row. */
  readonly parent: string;
  readonly parentTable: string;
  /** Columns of the joined table, sorted by name, and the parent's columns in the same order. */
  readonly columns: readonly string[];
  readonly parentColumns: readonly string[];
  readonly many: boolean;
}

/** A document type with its joins, parents before children. */
export interface DocumentPlan {
  readonly definition: DocumentDefinition;
  readonly relations: readonly Relation[];
}

/** What a table is to the document types. */
export interface TablePlan {
  readonly table: string;
  /** Column lists over which rows of this table must be found. */
  readonly linkColumns: readonly (readonly string[])[];
  /** Document types whose root it is. */
  readonly rootOf: readonly DocumentPlan[];
  /** Where it is joined. */
  readonly joinedAs: readonly { readonly plan: DocumentPlan; readonly relation: Relation }[];
}

export function planDocument(definition: DocumentDefinition): DocumentPlan {
  const relations: Relation[] = [];
  const tables = new Map([['root', definition.root]]);
  let waiting = Object.entries(definition.joins);
  while (waiting.length > 0) {
    const ready = waiting.filter(([, join]) => tables.has(join.from ?? 'root'));
    if (ready.length === 0) throw new Error(`joins of ${definition.type} do not form a tree`);
    for (const [alias, join] of ready) {
      relations.push(relation(alias, join, tables.get(join.from ?? 'root')!));
      tables.set(alias, join.table);
    }
    waiting = waiting.filter(([alias]) => !tables.has(alias));
  }
  return { definition, relations };
}

function relation(alias: string, join: JoinDefinition, parentTable: string): Relation {
  const columns = Object.keys(join.on).sort();
  return {
    alias,
    table: join.table,
    parent: join.from ?? 'root',
    parentTable,
    columns,
    parentColumns: columns.map((column) => join.on[column]!),
    many: join.many ?? false,
  };
}

/** Every table the document types need → its plan. */
export function planTables(plans: readonly DocumentPlan[]): ReadonlyMap<string, TablePlan> {
  const names = new Set(plans.flatMap((p) => [p.definition.root, ...p.relations.map((r) => r.table)]));
  return new Map([...names].map((table) => [table, planTable(table, plans)]));
}

function planTable(table: string, plans: readonly DocumentPlan[]): TablePlan {
  const lists = new Map<string, readonly string[]>();
  for (const { relations } of plans) {
    for (const relation of relations) {
      if (relation.table === table) lists.set(relation.columns.join('\t'), relation.columns);
      if (relation.parentTable === table) lists.set(relation.parentColumns.join('\t'), relation.parentColumns);
    }
  }
  return {
    table,
    linkColumns: [...lists.values()],
    rootOf: plans.filter((plan) => plan.definition.root === table),
    joinedAs: plans.flatMap((plan) =>
      plan.relations.filter((relation) => relation.table === table).map((relation) => ({ plan, relation })),
    ),
  };
}
