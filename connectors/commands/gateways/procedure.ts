import type { SluiceError } from '#infra/runtime/errors.ts';

/** A typed parameter of a stored procedure. There is no other way to hand anything to the database. */
export type ProcedureParameter =
  | {
      readonly name: string;
      readonly type: 'varchar' | 'nvarchar';
      readonly length: number;
      readonly value: string | null;
    }
  | { readonly name: string; readonly type: 'int'; readonly value: number }
  /** Decimal text; goes over the wire as text and becomes decimal in the server, never a binary float. */
  | { readonly name: string; readonly type: 'decimalText'; readonly value: string }
  | { readonly name: string; readonly type: 'table'; readonly value: TableValue };

/** A table-valued parameter. */
export interface TableValue {
  /** `schema.type` in the database. */
  readonly typeName: `storefront.${string}`;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export type TableColumn =
  | { readonly name: string; readonly type: 'smallint' | 'int' }
  | { readonly name: string; readonly type: 'varchar'; readonly length: number }
  /** Decimal text, as above. */
  | { readonly name: string; readonly type: 'decimalText' };

/** A read on its way to the database. */
export interface ReadCall {
  readonly commandName: string;
  readonly procedure: string;
  readonly parameters: readonly ProcedureParameter[];
  /** Id of the caller. */
  readonly caller: string;
  readonly requestId: string;
}

/** A write on its way to the database. */
export interface CommandCall extends ReadCall {
  /** Id that the command gets if its key has not been used; the same for every try of one request. */
  readonly commandId: string;
  readonly idempotencyKey: string;
  /** SHA-256 over name and input. */
  readonly payloadHash: Buffer;
  /** W3C trace context, for the audit rows. */
  readonly traceparent?: string | undefined;
}

export interface CommandOutcome {
  /** Id of the command that took effect: the call's own, or the first one's when this is a replay. */
  readonly commandId: string;
  /** JSON text, byte for byte as it was first answered. */
  readonly result: string;
  readonly replayed: boolean;
}

/** One of several commands run together: what took effect, or the error that `execute` would have thrown. */
export type BatchOutcome = CommandOutcome | SluiceError;

/** The way to the database that every door shares. */
export interface CommandGateway {
  /**
   * Runs a write once, however often it has to try.
   * @throws CMD_REFUSED with `problem` and its facts in the context; CMD_OVERLOADED when too many wait; CMD_TIMED_OUT when it took too long
   * and the database says that nothing took effect; CMD_OUTCOME_UNKNOWN when not even that could be learnt (the same key asks for it);
   * CMD_DATABASE_AWAY when the database cannot be reached and was not before; CMD_DATABASE_FAULT for anything else.
   */
  execute(call: CommandCall, signal?: AbortSignal): Promise<CommandOutcome>;
  /** Runs a read; JSON text. @throws as `execute`. */
  read(call: ReadCall, signal?: AbortSignal): Promise<string>;
  /**
   * Runs writes of one use case one after the other in one round trip, each in its own transaction. At most `groupSize` calls. One outcome
   * a call, in order. @throws CMD_OVERLOADED, CMD_DATABASE_AWAY when none was tried.
   */
  executeGroup(calls: readonly CommandCall[], signal?: AbortSignal): Promise<readonly BatchOutcome[]>;
  /** Most calls of one use case that `executeGroup` takes; 1 when there is no procedure for it. */
  groupSize(commandName: string): number;
  /** Whether a command of this caller with this key has taken effect, was refused, or is running. @throws CMD_DATABASE_AWAY. */
  isKnown(caller: string, idempotencyKey: string): Promise<boolean>;
  /** Rejects with CMD_DATABASE_AWAY when a trivial call does not come back. */
  ping(): Promise<void>;
  readonly load: () => GatewayLoad;
}

/** Commands in the database and waiting for their turn, and whether the database is taken for reachable. */
export interface GatewayLoad {
  readonly running: number;
  readonly waiting: number;
  readonly breaker: BreakerState;
}

/** `closed`: calls go through. `open`: the database is taken for away. `half-open`: one call finds out. */
export type BreakerState = 'closed' | 'open' | 'half-open';
