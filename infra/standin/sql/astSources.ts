import type { Expr, ObjectName, TypeRef } from './ast.ts';

/** OPENJSON; without `columns` its rows are (key, value, type). */
export interface OpenJson {
  readonly k: 'openJson';
  readonly json: Expr;
  readonly path?: Expr | undefined;
  readonly columns?: readonly OpenJsonColumn[] | undefined;
  readonly alias?: string | undefined;
  readonly line: number;
}

/** `target.nodes('path') AS alias(column)` of xml: a row for each element. */
export interface XmlNodes {
  readonly k: 'xmlNodes';
  readonly target: Expr;
  readonly path: string;
  readonly alias: string;
  readonly column: string;
  readonly line: number;
}

/** CHANGETABLE: of CHANGES with `since`, of VERSION with `keys` and `values`. */
export interface ChangeTable {
  readonly k: 'changeTable';
  readonly table: ObjectName;
  readonly since?: Expr | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly values?: readonly Expr[] | undefined;
  readonly alias: string;
  readonly names?: readonly string[] | undefined;
  readonly line: number;
}

export interface OpenJsonColumn {
  readonly name: string;
  readonly type: TypeRef;
  /** As written; absent means `$.<name>`. */
  readonly path?: string | undefined;
  readonly asJson: boolean;
}
