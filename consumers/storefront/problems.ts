import type { ProblemKind } from '#infra/runtime/http/problem.ts';
import { HTTP_PROBLEMS } from '#infra/runtime/http/problem.ts';

/** Problems of the read API beside those every door of ours has. */
export const WAIT_PROBLEMS = {
  notVisibleYet: {
    code: 'not-visible-yet',
    status: 503,
    title: 'The copy does not show this command yet',
    remedy: 'Ask again after the time in Retry-After; a command id that never was gives the same answer.',
  },
} as const satisfies Record<string, ProblemKind>;

export const ORDER_PROBLEMS = {
  commandRefused: {
    code: 'command-refused',
    status: 409,
    title: 'The command was refused: it made or changed nothing',
    remedy: 'See refusal for the reason; there is nothing to wait for.',
  },
  commandNotSeen: {
    code: 'command-not-seen',
    status: 404,
    title: 'No such command has come by',
    remedy: 'Ask again after the time in Retry-After; a command id that never was gives the same answer.',
  },
} as const satisfies Record<string, ProblemKind>;

export const STREAM_PROBLEMS = {
  tooMany: {
    code: 'too-many-streams',
    status: 503,
    title: 'Too many stock streams are open',
    remedy: 'Close streams that are not needed, or ask again after the time in Retry-After.',
  },
} as const satisfies Record<string, ProblemKind>;

/** Every problem kind by its code, for the pages under /problems. */
export const PROBLEM_KINDS: ReadonlyMap<string, ProblemKind> = new Map(
  [
    ...Object.values(HTTP_PROBLEMS),
    ...Object.values(WAIT_PROBLEMS),
    ...Object.values(ORDER_PROBLEMS),
    ...Object.values(STREAM_PROBLEMS),
  ].map((kind) => [kind.code, kind]),
);
