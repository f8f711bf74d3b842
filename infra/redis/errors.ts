import { SluiceError } from '#infra/runtime/errors.ts';

/** Refusals that pass by themselves: start-up, fail-over, a script that runs too long. */
const PASSING = /^(LOADING|BUSY|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|UNBLOCKED)\b/u;

/** Turns what the client library throws into ours. Messages of the server are kept (they hold no data), arguments are not. */
export function toRedisError(error: unknown, commandName: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const context = { command: commandName };
  if (reason.startsWith('OOM '))
    return new SluiceError('REDIS_FULL', `Redis refused ${commandName}: it is at its memory limit.`, { context });
  if (error instanceof Error && error.name === 'ReplyError' && !PASSING.test(reason))
    return new SluiceError('REDIS_REFUSED', `Redis refused ${commandName}: ${reason.slice(0, 200)}`, { context });
  return new SluiceError('REDIS_UNREACHABLE', `Redis did not answer ${commandName}: ${reason.slice(0, 200)}`, {
    context,
    cause: error,
  });
}
