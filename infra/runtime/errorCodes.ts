import { CAPTURE_ERRORS } from './errorCodes/capture.ts';
import { COMMANDS_ERRORS } from './errorCodes/commands.ts';
import { CONSUMERS_ERRORS } from './errorCodes/consumers.ts';
import { DEMO_ERRORS } from './errorCodes/demo.ts';
import type { ErrorCodeEntry } from './errorCodes/entry.ts';
import { KAFKA_ERRORS } from './errorCodes/kafka.ts';
import { REDIS_ERRORS } from './errorCodes/redis.ts';
import { RUNTIME_ERRORS } from './errorCodes/runtime.ts';
import { SCHEMAS_ERRORS } from './errorCodes/schemas.ts';
import { SQLSERVER_ERRORS } from './errorCodes/sqlserver.ts';
import { STACK_ERRORS } from './errorCodes/stack.ts';

export type { ErrorCodeEntry };

/**
 * Every error code Sluice can show, with one line of cause and one of remedy, in one file a part (errorCodes/). A test checks that each
 * code is raised somewhere and that docs/errors.md lists the same set.
 */
export const ERROR_CODES = {
  ...CAPTURE_ERRORS,
  ...COMMANDS_ERRORS,
  ...CONSUMERS_ERRORS,
  ...DEMO_ERRORS,
  ...KAFKA_ERRORS,
  ...REDIS_ERRORS,
  ...RUNTIME_ERRORS,
  ...SCHEMAS_ERRORS,
  ...SQLSERVER_ERRORS,
  ...STACK_ERRORS,
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
