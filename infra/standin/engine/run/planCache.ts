import type { Parameter } from '../../sql/astDdl.ts';
import type { Statement } from '../../sql/astStatements.ts';
import { parseBatch } from '../../sql/parser.ts';
import type { Access } from '../compile/access.ts';
import type { Declared } from '../compile/context.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';

/** What a statement compiled to, and how long that holds. */
export interface CachedPlan {
  readonly version: number;
  readonly database: Database;
  readonly plan: unknown;
  readonly accesses: readonly Access[];
  readonly temps: ReadonlyMap<string, TableObject>;
}

/** A parsed batch or module body with what its statements compiled to. Variables have the same types in every run of a unit. */
export interface Unit {
  readonly statements: readonly Statement[];
  /** Of dynamic SQL: its declared parameters. */
  readonly parameters?: readonly Parameter[];
  readonly declared: ReadonlyMap<string, Declared>;
  readonly database: Database;
  readonly version: number;
  readonly plans: Map<object, CachedPlan>;
}

const MAX_UNITS = 3000;
const MAX_BATCHES = 3000;

/** Parsed batches by text, and units by text, database and declarations. */
export class PlanCache {
  readonly #batches = new Map<string, readonly Statement[]>();
  readonly #units = new Map<string, Unit>();

  parse(sql: string): readonly Statement[] {
    let statements = this.#batches.get(sql);
    if (!statements) {
      statements = parseBatch(sql).statements;
      if (this.#batches.size >= MAX_BATCHES) this.#batches.clear();
      this.#batches.set(sql, statements);
    }
    return statements;
  }

  /** The unit of a batch, made by `make` when there is none of this version. */
  unit(key: string, version: number, make: () => Unit): Unit {
    const known = this.#units.get(key);
    if (known && known.version === version) return known;
    const unit = make();
    if (this.#units.size >= MAX_UNITS) this.#units.clear();
    this.#units.set(key, unit);
    return unit;
  }
}
