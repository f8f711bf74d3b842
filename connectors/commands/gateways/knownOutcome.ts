import type { Database } from '#connectors/sqlserver/connection.ts';
import { varcharOf } from '#connectors/sqlserver/params.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { REFUSALS } from '../model/refusals.ts';
import type { CommandCall } from './procedure.ts';
import type { WriteAnswer } from './procedureAnswer.ts';

const ASK_PROCEDURE = 'storefront.GetCommand';

/**
 * What became of a command whose call was not answered: asked, never guessed. The procedure looks at the key's row and, when there is
 * none, at the lock that a command holds while it runs.
 * @throws CMD_TIMED_OUT when nothing took effect; CMD_OUTCOME_UNKNOWN when it is still running, or the database does not tell.
 */
export async function knownOutcome(
  database: Pick<Database, 'execute'>,
  call: CommandCall,
  cause: unknown,
): Promise<WriteAnswer> {
  const row = await askFor(database, call).catch((error: unknown) => {
    throw unknown(call, error);
  });
  const { State, CommandId, PayloadHash, Result, Refusal } = row ?? {};
  if (State === 'done' && typeof CommandId === 'string' && typeof Result === 'string' && Buffer.isBuffer(PayloadHash)) {
    const commandId = CommandId.toLowerCase();
    if (!PayloadHash.equals(call.payloadHash)) return keyReused();
    const refusal = typeof Refusal === 'number' ? Refusal : undefined;
    return { commandId, result: Result, refusal, replayed: commandId !== call.commandId };
  }
  // After a time-out the server has confirmed that it gave the call up, and rolled back. A broken connection confirms nothing: the call
  // may still be on its way.
  const isGivenUp = cause instanceof SluiceError && (cause.code === 'SQL_TIMEOUT' || cause.code === 'SQL_CANCELLED');
  if (State === 'unknown' && isGivenUp)
    throw new SluiceError('CMD_TIMED_OUT', `${call.commandName} took too long and was rolled back.`, { cause });
  throw unknown(call, cause);
}

/** The row of a key: State is `done`, `running` or `unknown`. */
export async function askFor(
  database: Pick<Database, 'execute'>,
  call: Pick<CommandCall, 'caller' | 'idempotencyKey'>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { recordsets } = await database.execute(ASK_PROCEDURE, {
    Caller: varcharOf(64, call.caller),
    IdempotencyKey: varcharOf(100, call.idempotencyKey),
  });
  return recordsets[0]?.[0];
}

function keyReused(): WriteAnswer {
  const result = JSON.stringify({ problem: 'idempotency-key-reused' });
  return { commandId: undefined, result, replayed: false, refusal: REFUSALS['idempotency-key-reused'].number };
}

function unknown(call: CommandCall, cause: unknown): SluiceError {
  return new SluiceError('CMD_OUTCOME_UNKNOWN', `Whether ${call.commandName} took effect is not known.`, { cause });
}
