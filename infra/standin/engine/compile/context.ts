import type { FunctionCall, ObjectName, Query, TypeRef } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Compiled, CompiledColumn, CompiledPredicate, Frame } from '../../sql/exprTypes.ts';
import type { SqlType } from '../../sql/values.ts';
import { engineFunction } from '../functions/registry.ts';
import { systemVariable } from '../functions/systemVariables.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { QueryScope } from '../query/scope.ts';
import type { Execution } from '../run/execution.ts';
import type { SessionState } from '../run/sessionState.ts';
import type { Access } from './access.ts';
import { resolveTypeRef } from './types.ts';

/** What a variable was declared as: a scalar type, or a table pattern. */
export type Declared =
  | { readonly k: 'scalar'; readonly type: SqlType }
  | { readonly k: 'table'; readonly pattern: TableObject };

/** Compiles subqueries; set by the query compiler to avoid a cycle of imports. */
export interface SubqueryCompiler {
  scalar(query: Query, scope: QueryScope): Compiled;
  exists(query: Query, scope: QueryScope): CompiledPredicate;
  column(query: Query, scope: QueryScope): CompiledColumn;
}

/** What one statement is compiled against. Notes what the result depends on, so that it may be kept. */
export class CompileContext {
  readonly session: SessionState;
  readonly database: Database;
  readonly variables: ReadonlyMap<string, Declared>;
  readonly queries: SubqueryCompiler;
  /** Rights the statement needs of whoever runs it. */
  readonly accesses: Access[] = [];
  /** Temp tables the plan refers to: it holds only while the names mean the same tables. */
  readonly temps = new Map<string, TableObject>();
  /** inserted and deleted, inside triggers. */
  readonly pseudoTables: ReadonlyMap<string, TableObject>;
  /** Column names an UPDATE trigger asks UPDATE() for; null outside triggers. */
  readonly triggerTable: TableObject | null;
  /** A hint asks for locks: the statement may have to wait for others. */
  mayBlock = false;
  /** The statement reads or writes data, so it needs a transaction. */
  usesData = false;
  /** It reads tables: with IMPLICIT_TRANSACTIONS this opens a transaction. */
  readsTables = false;
  /** Nesting of views and inline functions, against endless recursion. */
  depth = 0;

  constructor(options: {
    readonly session: SessionState;
    readonly database: Database;
    readonly variables: ReadonlyMap<string, Declared>;
    readonly queries: SubqueryCompiler;
    readonly pseudoTables?: ReadonlyMap<string, TableObject>;
    readonly triggerTable?: TableObject | null;
  }) {
    this.session = options.session;
    this.database = options.database;
    this.variables = options.variables;
    this.queries = options.queries;
    this.pseudoTables = options.pseudoTables ?? new Map();
    this.triggerTable = options.triggerTable ?? null;
  }

  variable(name: string, line: number): Compiled {
    if (name.startsWith('@@')) return systemVariable(name, line);
    const declared = this.variables.get(name);
    if (declared?.k !== 'scalar') throw sqlError(137, name).at(line);
    return {
      type: declared.type,
      nullable: true,
      eval: (f: Frame) => (f.env as Execution).variable(name).value,
    };
  }

  call(call: FunctionCall, scope: QueryScope): Compiled | undefined {
    return engineFunction(call, scope, this);
  }

  userType(name: ObjectName): SqlType | undefined {
    return this.database.findType(name.schema ?? 'dbo', name.name)?.base;
  }

  type(ref: TypeRef): SqlType {
    return resolveTypeRef(ref, this.database).type;
  }

  nextValue(name: ObjectName): Compiled {
    const database = this.databaseOf(name);
    const sequence =
      database.find(name.schema ?? this.session.defaultSchema, name.name) ?? database.find('dbo', name.name);
    if (sequence?.kind !== 'sequence') throw sqlError(208, name.name);
    this.accesses.push({ permission: 'UPDATE', database, object: sequence, columns: null });
    const { type } = sequence;
    return {
      type,
      nullable: false,
      eval: () => {
        const next = sequence.last === null ? sequence.start : sequence.last + sequence.increment;
        if (next > sequence.max || next < sequence.min) {
          if (!sequence.cycle) throw sqlError(11728, sequence.name);
          sequence.last = sequence.increment > 0n ? sequence.min : sequence.max;
        } else sequence.last = next;
        this.session.server.keeper?.sequenceMoved(database, sequence);
        return type.k === 'bigint' || type.k === 'decimal' ? sequence.last : Number(sequence.last);
      },
    };
  }

  columnUpdated(column: string): CompiledPredicate {
    const table = this.triggerTable;
    if (!table) throw unsupported('UPDATE() outside a trigger');
    const at = table.columnAt(column);
    if (at < 0) throw sqlError(207, column);
    return (f: Frame) => (f.env as Execution).updatedColumns?.has(at) ?? false;
  }

  /** The database a name with an explicit one refers to; 911 when it does not exist. */
  databaseOf(name: ObjectName): Database {
    if (name.database === undefined || name.database === '') return this.database;
    const database = this.session.server.findDatabase(name.database);
    if (!database) throw sqlError(208, [name.database, name.schema ?? '', name.name].join('.'));
    return database;
  }
}
