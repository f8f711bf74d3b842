import { SqlError } from '../sql/errors.ts';
import type { RpcArgument } from './engineSession.ts';
import type { RpcCall } from './rpcReader.ts';

/**
 * What an RPC call comes down to. The leading arguments of the well-known procedures are bound by position: clients give them different
 * names or none. `skipped` = how many arguments stand before the ones for the engine.
 */
export type BoundCall =
  | { readonly kind: 'procedure'; readonly name: string }
  | { readonly kind: 'execute'; readonly text: PreparedText; readonly skipped: number }
  | { readonly kind: 'prepare'; readonly text: PreparedText; readonly execute: boolean; readonly skipped: number }
  | { readonly kind: 'unprepare'; readonly handle: number };

/** A parameterised statement. */
export interface PreparedText {
  readonly statement: string;
  readonly declarations: string;
}

/** Numbers of MS-TDS 2.2.6.6. */
const PROC_NAMES: Readonly<Record<number, string>> = {
  1: 'sp_cursor',
  2: 'sp_cursoropen',
  3: 'sp_cursorprepare',
  4: 'sp_cursorexecute',
  5: 'sp_cursorprepexec',
  6: 'sp_cursorunprepare',
  7: 'sp_cursorfetch',
  8: 'sp_cursoroption',
  9: 'sp_cursorclose',
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  13: 'sp_prepexec',
  14: 'sp_prepexecrpc',
  15: 'sp_unprepare',
};

const MAX_STATEMENTS = 100_000;

/** The prepared statements of one connection, by handle. */
export class PreparedStatements {
  readonly #texts = new Map<number, PreparedText>();
  #lastHandle = 0;

  /** Says what a call means. Throws a `SqlError` for arguments that are missing or of the wrong type. */
  bind(call: RpcCall): BoundCall {
    const name = call.procId === 0 ? call.name : (PROC_NAMES[call.procId] ?? `procedure number ${call.procId}`);
    switch (bareName(name)) {
      case 'sp_executesql':
        return { kind: 'execute', text: textAt(call.args, 0, 1), skipped: 2 };
      case 'sp_prepare':
        return { kind: 'prepare', text: textAt(call.args, 2, 1), execute: false, skipped: 4 };
      case 'sp_prepexec':
        return { kind: 'prepare', text: textAt(call.args, 2, 1), execute: true, skipped: 3 };
      case 'sp_execute':
        return { kind: 'execute', text: this.#find(handleAt(call.args)), skipped: 1 };
      case 'sp_unprepare':
        return { kind: 'unprepare', handle: handleAt(call.args) };
      default:
        return { kind: 'procedure', name };
    }
  }

  add(text: PreparedText): number {
    if (this.#texts.size >= MAX_STATEMENTS)
      throw new SqlError(
        701,
        'There is insufficient system memory to run this query: too many prepared statements.',
        17,
      );
    this.#lastHandle++;
    this.#texts.set(this.#lastHandle, text);
    return this.#lastHandle;
  }

  /** An unknown handle is no error the second time round: clients unprepare after a reset too. */
  remove(handle: number): void {
    this.#texts.delete(handle);
  }

  clear(): void {
    this.#texts.clear();
  }

  #find(handle: number): PreparedText {
    const text = this.#texts.get(handle);
    if (text === undefined) throw new SqlError(8179, `Could not find prepared statement with handle ${handle}.`);
    return text;
  }
}

/** 'sys.sp_executesql', '[master]..[sp_executesql]' → 'sp_executesql'; any other name stays in one piece. */
function bareName(name: string): string {
  const match = /^(?:(?:\[?master\]?\.)?\[?(?:sys|dbo)?\]?\.)?\[?(sp_\w+)\]?$/i.exec(name.trim());
  return (match?.[1] ?? name).toLowerCase();
}

function textAt(args: readonly RpcArgument[], statementAt: number, declarationsAt: number): PreparedText {
  const statement = stringOf(args[statementAt]);
  if (statement === null)
    throw new SqlError(214, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.");
  return { statement, declarations: stringOf(args[declarationsAt]) ?? '' };
}

function stringOf(arg: RpcArgument | undefined): string | null {
  return arg?.kind === 'scalar' && typeof arg.value === 'string' ? arg.value : null;
}

function handleAt(args: readonly RpcArgument[]): number {
  const arg = args[0];
  if (arg?.kind !== 'scalar' || typeof arg.value !== 'number')
    throw new SqlError(214, "Procedure expects parameter '@handle' of type 'int'.");
  return arg.value;
}
