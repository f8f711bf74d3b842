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

/** One command on its way to the database. */
export interface CommandCall {
  readonly commandName: string;
  readonly procedure: string;
  readonly parameters: readonly ProcedureParameter[];
  /** Id that the command gets if its key has not been used; the same for every try of one request. */
  readonly commandId: string;
  readonly idempotencyKey: string;
  /** Id of the API key. */
  readonly caller: string;
  readonly requestId: string;
  /** SHA-256 over name and input. */
  readonly payloadHash: Buffer;
}

export interface CommandOutcome {
  /** Id of the command that took effect: the call's own, or the first one's when this is a replay. */
  readonly commandId: string;
  /** JSON text, byte for byte as it was first answered. */
  readonly result: string;
  readonly replayed: boolean;
}

/** The way to the database. SOAP and others may become further doors in front of it; this is what they all call. */
export interface CommandGateway {
  /**
   * Runs the procedure once, however often it has to try.
   * @throws CMD_REFUSED with `problem` and its facts in the context; CMD_OVERLOADED when too many wait; CMD_OUTCOME_UNKNOWN when no answer
   * came (the same key asks for it); CMD_DATABASE_AWAY when the database cannot be reached; CMD_DATABASE_FAULT for anything else.
   */
  execute(call: CommandCall, signal?: AbortSignal): Promise<CommandOutcome>;
  /** Rejects with CMD_DATABASE_AWAY when a trivial call does not come back. */
  ping(): Promise<void>;
  readonly load: () => GatewayLoad;
}

/** Commands in the database and waiting for their turn. */
export interface GatewayLoad {
  readonly running: number;
  readonly waiting: number;
}
