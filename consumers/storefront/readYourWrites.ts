import type { FastifyReply } from 'fastify';
import type { CopyName, CopyProgressReader } from '#consumers/orders/commandWaits.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { WAIT_PROBLEMS } from './problems.ts';

const RETRY_SECONDS = 1;

/** Lets an answer wait until a copy shows what a command did. */
export interface ReadYourWrites {
  readonly progress: CopyProgressReader;
  /** Longest wait, ms. */
  readonly maxWaitMs: number;
}

/**
 * Waits for `after` (a command's id) in this copy; at once without one. Ends when the caller goes away.
 * @throws 503 when the time is up or too many wait already, 422 where commands are not captured
 */
export async function waitForCopy(
  waits: ReadYourWrites | undefined,
  copy: CopyName,
  after: string | undefined,
  reply: FastifyReply,
): Promise<void> {
  if (after === undefined) return;
  if (waits === undefined)
    throw new HttpProblem(HTTP_PROBLEMS.validation, { detail: 'after: commands cannot be waited for here.' });
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  reply.raw.once('close', onClose);
  try {
    if (!(await waits.progress.untilCommandPassed(copy, after, waits.maxWaitMs, gone.signal)))
      throw new HttpProblem(WAIT_PROBLEMS.notVisibleYet, { retryAfterSeconds: RETRY_SECONDS });
  } catch (error) {
    if (!hasCode(error, 'COPY_WAITS_FULL')) throw error;
    throw new HttpProblem(HTTP_PROBLEMS.unavailable, { retryAfterSeconds: RETRY_SECONDS, cause: error });
  } finally {
    reply.raw.off('close', onClose);
  }
}
