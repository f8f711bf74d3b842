import type { ObjectName } from '../../sql/ast.ts';
import type { FunctionDefinition, ProcedureDefinition, ViewDefinition } from '../../sql/astDdl.ts';
import type { SqlType } from '../../sql/values.ts';
import type { Schema } from './schema.ts';
import type { TableObject, Trigger } from './tableObject.ts';

interface ObjectBase {
  readonly id: number;
  schema: Schema;
  name: string;
  readonly createdMs: number;
  modifiedMs: number;
}

/** A stored procedure; `plans` holds what its statements compiled to. */
export interface Procedure extends ObjectBase {
  readonly kind: 'procedure';
  definition: ProcedureDefinition;
}

export interface UserFunction extends ObjectBase {
  readonly kind: 'function';
  definition: FunctionDefinition;
}

export interface View extends ObjectBase {
  readonly kind: 'view';
  definition: ViewDefinition;
}

export interface Sequence extends ObjectBase {
  readonly kind: 'sequence';
  readonly type: SqlType;
  start: bigint;
  increment: bigint;
  min: bigint;
  max: bigint;
  cycle: boolean;
  /** Last value given out; null before the first. */
  last: bigint | null;
}

export interface Synonym extends ObjectBase {
  readonly kind: 'synonym';
  readonly target: ObjectName;
}

/** Everything that lives in a schema under one name space. */
export type DatabaseObject = TableObject | Procedure | UserFunction | View | Sequence | Synonym | Trigger;

/** A user-defined type: an alias of a system type, or a table type (its `table` is the empty pattern). */
export interface UserType {
  readonly id: number;
  readonly schema: Schema;
  readonly name: string;
  readonly base?: SqlType | undefined;
  readonly baseName?: string | undefined;
  readonly nullable: boolean;
  readonly table?: TableObject | undefined;
}
