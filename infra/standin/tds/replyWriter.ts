import type { SqlType, SqlValue } from '../sql/values.ts';
import { encoderOf, type RowEncoder, rowEncoder } from './encoders.ts';
import {
  CURRENT_COMMAND,
  type EngineEvent,
  type EngineEvents,
  type EnvironmentChange,
  type ResultColumn,
  type SqlMessage,
} from './engineSession.ts';
import { DONE, ENV, TOKEN } from './protocol.ts';
import { writeDone, writeEnvBytes, writeEnvText, writeMessage, writeReturnStatus } from './tokens.ts';
import type { TokenWriter } from './tokenWriter.ts';
import { writeColumnMetadata, writeTypeInfo, writeUserTypeAndFlags } from './typeInfo.ts';

/** A value that goes back to the client of an RPC: where it stood among the arguments, and the name it was sent with. */
export interface ReturnValue {
  readonly ordinal: number;
  readonly name: string;
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** What outlives a reply: whether the session is in a transaction (a bit of every DONE). */
export interface TransactionState {
  active: boolean;
}

interface HeldDone {
  readonly token: number;
  readonly status: number;
  readonly currentCommand: number;
  readonly count: number;
}

type DoneEvent = Extract<EngineEvent, { kind: 'done' }>;
const FATAL_SEVERITY = 20;
const NOTHING = new Uint8Array(0);
const TOKEN_OF_SCOPE = { batch: TOKEN.done, inProc: TOKEN.doneInProc, proc: TOKEN.doneProc } as const;

/**
 * Turns the events of one request into tokens. A DONE is held back until it is known whether more follows, because only the last one goes
 * without the MORE bit and nothing may come after that one. Call `write` for the events, then `endBatch` or `endCall`, then end the message.
 */
export class ReplyWriter {
  /** Values of output parameters and the return status of an RPC, which go out after all statements. */
  readonly outputs: Extract<EngineEvent, { kind: 'output' }>[] = [];
  /** An error was written since the last DONE. */
  failed = false;
  /** An error was written at all. */
  everFailed = false;
  /** An error of severity 20 or more was written: the connection must end. */
  fatal = false;
  readonly #w: TokenWriter;
  readonly #inRpc: boolean;
  readonly #transaction: TransactionState;
  #held: HeldDone | null = null;
  #returnStatus: number | undefined;
  #encodeRow: RowEncoder | null = null;
  #rows = 0;

  constructor(w: TokenWriter, kind: 'batch' | 'rpc', transaction: TransactionState) {
    this.#w = w;
    this.#inRpc = kind === 'rpc';
    this.#transaction = transaction;
  }

  /** Writes events until they end. After `signal` aborts only changes of the transaction are still told. */
  async write(events: EngineEvents, signal: AbortSignal): Promise<void> {
    if (Symbol.iterator in events) {
      // Most requests have ended by now: their events need no promise each.
      for (const event of events) {
        const writing = this.#write(event, signal);
        if (writing !== null) await writing;
      }
      return;
    }
    for await (const event of events) {
      const writing = this.#write(event, signal);
      if (writing !== null) await writing;
    }
  }

  /** Writes an error that the request ended with instead of an event. */
  error(message: SqlMessage, signal: AbortSignal): void {
    if (!signal.aborted) this.#writeEvent({ kind: 'error', ...message });
  }

  /** Returns a promise only when the socket has to take rows first. */
  #write(event: EngineEvent, signal: AbortSignal): Promise<void> | null {
    if (signal.aborted) {
      if (event.kind === 'env') this.#environment(event);
    } else if (event.kind === 'rows') return this.#writeRows(event.rows, 0, signal);
    else this.#writeEvent(event);
    return null;
  }

  /** The last DONE of a batch. */
  endBatch(cancelled: boolean): void {
    const held = this.#held;
    const canEnd = held !== null && held.token !== TOKEN.doneInProc && !this.failed && !cancelled;
    if (canEnd) this.#writeDone(held, DONE.final);
    else {
      this.#release();
      const status = this.failed || cancelled ? DONE.error : DONE.final;
      this.#writeDone({ token: TOKEN.done, status, currentCommand: CURRENT_COMMAND.none, count: 0 }, DONE.final);
    }
    this.#held = null;
    this.failed = false;
  }

  /** Return status, output values and the last DONEPROC of one call of an RPC. */
  endCall(values: readonly ReturnValue[], options: { readonly cancelled: boolean; readonly moreCalls: boolean }): void {
    this.#release();
    const failed = this.failed || options.cancelled;
    if (!failed || this.#returnStatus !== undefined) writeReturnStatus(this.#w, this.#returnStatus ?? 0);
    for (const value of values) this.#writeReturnValue(value);
    const done = {
      token: TOKEN.doneProc,
      status: failed ? DONE.error : DONE.final,
      currentCommand: CURRENT_COMMAND.execute,
      count: 0,
    };
    this.#writeDone(done, options.moreCalls ? DONE.more : DONE.final);
    this.failed = false;
  }

  #writeEvent(event: Exclude<EngineEvent, { kind: 'rows' }>): void {
    switch (event.kind) {
      case 'columns':
        this.#startResult(event.columns);
        return;
      case 'done':
        this.#done(event);
        return;
      case 'env':
        this.#environment(event);
        return;
      case 'message':
      case 'error':
        this.#release();
        writeMessage(this.#w, event);
        if (event.kind === 'error') this.#noteError(event.severity);
        return;
      case 'returnStatus':
        if (this.#inRpc) this.#returnStatus = event.value;
        else {
          this.#release();
          writeReturnStatus(this.#w, event.value);
        }
        return;
      case 'output':
        this.outputs.push(event);
        return;
    }
  }

  #noteError(severity: number): void {
    this.failed = true;
    this.everFailed = true;
    this.fatal ||= severity >= FATAL_SEVERITY;
  }

  #startResult(columns: readonly ResultColumn[]): void {
    this.#release();
    writeColumnMetadata(this.#w, columns);
    this.#encodeRow = rowEncoder(columns);
    this.#rows = 0;
  }

  #writeRows(rows: readonly (readonly SqlValue[])[], from: number, signal: AbortSignal): Promise<void> | null {
    const encode = this.#encodeRow;
    if (encode === null) throw new Error('rows without columns');
    for (let i = from; i < rows.length; i++) {
      this.#writeRow(encode, rows[i]!);
      this.#rows++;
      if (this.#w.full) return this.#drained(rows, i + 1, signal);
    }
    return null;
  }

  async #drained(rows: readonly (readonly SqlValue[])[], next: number, signal: AbortSignal): Promise<void> {
    await this.#w.drain(signal);
    if (!signal.aborted) await this.#writeRows(rows, next, signal);
  }

  /** A row that cannot be encoded leaves nothing behind: tokens written after it stay readable. */
  #writeRow(encode: RowEncoder, row: readonly SqlValue[]): void {
    const start = this.#w.at;
    try {
      encode(this.#w, row);
    } catch (error) {
      this.#w.at = start;
      throw error;
    }
  }

  /**
   * Holds the DONE of a statement. One that neither ends a result nor tells a count nor an error says nothing and gives way to any other
   * (SET NOCOUNT ON, DECLARE, IF); it is only sent when nothing else ends the batch.
   */
  #done(event: DoneEvent): void {
    const hadResult = this.#encodeRow !== null;
    const failed = this.failed || event.failed === true;
    const counted = event.rowCount ?? (hadResult && event.noCount !== true && !failed ? this.#rows : undefined);
    const ignored = this.#inRpc && event.scope === 'proc';
    const silent = !hadResult && !failed && counted === undefined && event.scope !== 'proc';
    this.#encodeRow = null;
    this.failed = false;
    if (ignored || (silent && (this.#inRpc || this.#held !== null))) return;
    this.#release();
    this.#held = {
      token: this.#inRpc ? TOKEN.doneInProc : TOKEN_OF_SCOPE[event.scope],
      status: (failed ? DONE.error : 0) | (counted === undefined ? 0 : DONE.count),
      currentCommand: event.currentCommand,
      count: counted ?? 0,
    };
  }

  #environment(event: EnvironmentChange): void {
    this.#release();
    if (event.change === 'database') {
      writeEnvText(this.#w, ENV.database, event.now, event.before);
      return;
    }
    const descriptor = Buffer.allocUnsafe(8);
    descriptor.writeBigUInt64LE(event.descriptor);
    const begins = event.action === 'begin';
    this.#transaction.active = begins;
    writeEnvBytes(this.#w, ENV[event.action], begins ? descriptor : NOTHING, begins ? NOTHING : descriptor);
  }

  #release(): void {
    if (this.#held !== null) this.#writeDone(this.#held, DONE.more);
    this.#held = null;
  }

  #writeDone(done: HeldDone, more: number): void {
    const status = done.status | more | (this.#transaction.active ? DONE.inTransaction : 0);
    writeDone(this.#w, done.token, status, done.currentCommand, done.count);
  }

  #writeReturnValue(value: ReturnValue): void {
    this.#w.u8(TOKEN.returnValue);
    this.#w.u16(value.ordinal);
    this.#w.bVarchar(value.name);
    this.#w.u8(1);
    writeUserTypeAndFlags(this.#w, { type: value.type });
    writeTypeInfo(this.#w, value.type);
    encoderOf(value.type)(this.#w, value.value);
  }
}
