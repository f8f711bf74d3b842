import { SqlError } from '../sql/errors.ts';
import { INT } from '../sql/values.ts';
import { readBulk } from './bulkReader.ts';
import type {
  EngineEvent,
  EngineEvents,
  EngineSession,
  RequestOptions,
  RpcArgument,
  SqlMessage,
} from './engineSession.ts';
import type { Message } from './packetReader.ts';
import { type BoundCall, PreparedStatements } from './preparedStatements.ts';
import { ENV, PACKET, ProtocolError, STATUS } from './protocol.ts';
import { ReplyWriter, type ReturnValue } from './replyWriter.ts';
import { type RpcCall, readRpc, skipAllHeaders } from './rpcReader.ts';
import { writeEnvBytes } from './tokens.ts';
import type { TokenWriter } from './tokenWriter.ts';
import { readTransactionRequest, type TransactionRequest } from './transactionRequest.ts';
import type { WireLog } from './wireLog.ts';

const NOTHING = new Uint8Array(0);
const BULK_ANNOUNCEMENT = /^\s*insert\s+bulk\s/i;
const MAX_LOGGED_CHARACTERS = 500;
/** For what a cancelled request must finish all the same. */
const NEVER = new AbortController().signal;

/** Runs the requests of a logged-in connection, one at a time, and writes their replies. */
export class RequestRunner {
  readonly #engine: EngineSession;
  readonly #w: TokenWriter;
  readonly #log: WireLog;
  readonly #prepared = new PreparedStatements();
  readonly #transaction = { active: false };
  /** The INSERT BULK statement whose rows come next. */
  #announcedBulk: string | null = null;

  constructor(engine: EngineSession, w: TokenWriter, log: WireLog) {
    this.#engine = engine;
    this.#w = w;
    this.#log = log;
  }

  /**
   * Runs one request and stages its reply; the caller ends the message. Returns 'close' when the connection must not go on (an error of
   * severity 20 or more). Throws a `ProtocolError` for malformed requests; any other exception is a fault of the engine.
   */
  async run(message: Message, signal: AbortSignal): Promise<'go on' | 'close'> {
    const reply = new ReplyWriter(this.#w, message.type === PACKET.rpc ? 'rpc' : 'batch', this.#transaction);
    if ((message.status & (STATUS.reset | STATUS.resetKeepTransaction)) !== 0) await this.#reset(message, reply);
    if (message.type === PACKET.rpc) await this.#rpc(message.body, reply, signal);
    else {
      await this.#guarded(reply, signal, () => this.#batchLike(message, { signal }));
      reply.endBatch(signal.aborted);
    }
    return reply.fatal ? 'close' : 'go on';
  }

  async #reset(message: Message, reply: ReplyWriter): Promise<void> {
    writeEnvBytes(this.#w, ENV.resetAck, NOTHING, NOTHING);
    this.#prepared.clear();
    this.#announcedBulk = null;
    const keepTransaction = (message.status & STATUS.resetKeepTransaction) !== 0;
    await reply.write(this.#engine.reset({ keepTransaction }), NEVER);
  }

  #batchLike(message: Message, options: RequestOptions): EngineEvents {
    switch (message.type) {
      case PACKET.batch:
        return this.#batch(message.body.toString('utf16le', skipAllHeaders(message.body)), options);
      case PACKET.transaction:
        return this.#transactionEvents(readTransactionRequest(message.body), options);
      case PACKET.bulk:
        return this.#bulk(message.body, options);
      default:
        throw new ProtocolError(`a request of type ${message.type}`);
    }
  }

  #batch(sql: string, options: RequestOptions): EngineEvents {
    this.#log('debug', 'batch_received', { sql: sql.slice(0, MAX_LOGGED_CHARACTERS) });
    this.#announcedBulk = null;
    if (!BULK_ANNOUNCEMENT.test(sql)) return this.#engine.batch(sql, options);
    this.#announcedBulk = sql;
    return this.#engine.announceBulk(sql, options);
  }

  #bulk(body: Buffer, options: RequestOptions): EngineEvents {
    const statement = this.#announcedBulk;
    this.#announcedBulk = null;
    if (statement === null) throw new ProtocolError('bulk rows without an INSERT BULK statement');
    return this.#engine.bulkLoad({ statement, ...readBulk(body) }, options);
  }

  async *#transactionEvents(request: TransactionRequest, options: RequestOptions): AsyncGenerator<EngineEvent> {
    this.#log('debug', 'transaction_request_received', { action: request.action });
    switch (request.action) {
      case 'begin':
        yield* this.#engine.begin(request.isolation, request.name, options);
        return;
      case 'save':
        yield* this.#engine.save(request.name, options);
        return;
      case 'commit':
        yield* this.#engine.commit(options);
        break;
      case 'rollback':
        yield* this.#engine.rollback(request.name, options);
        break;
    }
    if (request.next !== null) yield* this.#engine.begin(request.next.isolation, request.next.name, options);
  }

  async #rpc(body: Buffer, reply: ReplyWriter, signal: AbortSignal): Promise<void> {
    const calls = this.#attempt<readonly RpcCall[]>(reply, signal, () => readRpc(body)) ?? [];
    if (calls.length === 0) reply.endCall([], { cancelled: signal.aborted, moreCalls: false });
    for (const [i, call] of calls.entries()) {
      const moreCalls = i < calls.length - 1 && !signal.aborted;
      const values = await this.#call(call, reply, signal);
      reply.endCall(values, { cancelled: signal.aborted, moreCalls });
      if (!moreCalls) return;
    }
  }

  /** Runs one call and returns the values for its output parameters. */
  async #call(call: RpcCall, reply: ReplyWriter, signal: AbortSignal): Promise<ReturnValue[]> {
    const bound = this.#attempt(reply, signal, () => this.#prepared.bind(call));
    if (bound === undefined) return [];
    this.#logCall(bound);
    if (bound.kind === 'unprepare') {
      this.#prepared.remove(bound.handle);
      return [];
    }
    if (bound.kind === 'prepare') return this.#prepare(call, bound, reply, signal);
    const { kind } = bound;
    const skipped = kind === 'execute' ? bound.skipped : 0;
    const args = call.args.slice(skipped);
    const start =
      bound.kind === 'execute'
        ? this.#starter(bound.text.statement, bound.text.declarations, args, signal)
        : (
            (name) => () =>
              this.#engine.rpc(name, args, { signal })
          )(bound.name);
    await this.#guarded(reply, signal, start);
    return takeOutputs(reply, call.args, skipped);
  }

  async #prepare(
    call: RpcCall,
    bound: Extract<BoundCall, { kind: 'prepare' }>,
    reply: ReplyWriter,
    signal: AbortSignal,
  ): Promise<ReturnValue[]> {
    const { statement, declarations } = bound.text;
    await this.#guarded(reply, signal, () => this.#engine.prepare(statement, declarations, { signal }));
    if (reply.everFailed || signal.aborted) return [];
    const value = this.#prepared.add(bound.text);
    const handle: ReturnValue = { ordinal: 0, name: call.args[0]?.name ?? '', type: INT, value };
    if (!bound.execute) return [handle];
    const args = call.args.slice(bound.skipped);
    await this.#guarded(reply, signal, this.#starter(statement, declarations, args, signal));
    return [handle, ...takeOutputs(reply, call.args, bound.skipped)];
  }

  #starter(statement: string, declarations: string, args: readonly RpcArgument[], signal: AbortSignal) {
    return () => this.#engine.executeSql(statement, declarations, args, { signal });
  }

  #logCall(bound: BoundCall): void {
    const text = bound.kind === 'execute' || bound.kind === 'prepare' ? bound.text.statement : undefined;
    const procedure = bound.kind === 'procedure' ? bound.name : undefined;
    this.#log('debug', 'call_received', { kind: bound.kind, procedure, sql: text?.slice(0, MAX_LOGGED_CHARACTERS) });
  }

  /** Writes the events; a SQL error that is thrown instead of told becomes an error event. */
  async #guarded(reply: ReplyWriter, signal: AbortSignal, start: () => EngineEvents): Promise<void> {
    try {
      await reply.write(start(), signal);
    } catch (error) {
      tell(reply, signal, error);
    }
  }

  /** Computes something of a request; a SQL error becomes an error token and the result undefined. */
  #attempt<T>(reply: ReplyWriter, signal: AbortSignal, compute: () => T): T | undefined {
    try {
      return compute();
    } catch (error) {
      tell(reply, signal, error);
      return undefined;
    }
  }
}

function tell(reply: ReplyWriter, signal: AbortSignal, error: unknown): void {
  if (!(error instanceof SqlError)) throw error;
  reply.error(messageOf(error), signal);
}

function messageOf(error: SqlError): SqlMessage {
  const { number, severity, state, line, procedure, message } = error;
  return { number, severity, state, line: Math.max(1, line), proc: procedure, text: message };
}

/** The engine counts its own arguments; on the wire the ordinal and the name are those of the whole call. */
function takeOutputs(reply: ReplyWriter, args: readonly RpcArgument[], skipped: number): ReturnValue[] {
  return reply.outputs.splice(0).map(({ ordinal, type, value }) => ({
    ordinal: ordinal + skipped,
    name: args[ordinal + skipped]?.name ?? '',
    type,
    value,
  }));
}
