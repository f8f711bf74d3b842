import { Command, CommanderError } from 'commander';
import { describeError, errorFields } from '#infra/runtime/errors.ts';
import { EXIT } from './exitCodes.ts';
import { printError } from './output.ts';
import { registerCapture } from './program/capture.ts';
import { registerCheck } from './program/check.ts';
import { registerCommands } from './program/commands.ts';
import { registerDemo } from './program/demo.ts';
import { registerDlq } from './program/dlq.ts';
import { registerIndex } from './program/index.ts';
import { registerKeys } from './program/keys.ts';
import { registerLag } from './program/lag.ts';
import { registerReplay } from './program/replay.ts';
import { registerSchemas } from './program/schemas.ts';
import { registerSql } from './program/sql.ts';
import { registerStack } from './program/stack.ts';
import { registerStock } from './program/stock.ts';
import { registerTopics } from './program/topics.ts';
import { registerUp } from './program/up.ts';
import { registerVerify } from './program/verify.ts';
import { registerWebhooks } from './program/webhooks.ts';

/** The `sluice` command. Each sub-command's module is loaded when it is called, so that none pays for the others' libraries. */
const program = new Command('sluice')
  .description(
    "Keeps a storefront's copies of a SQL Server right, and lets orders back in through a small guarded door.",
  )
  .version('0.1.0')
  .exitOverride()
  .configureHelp({ sortSubcommands: true });

for (const register of [
  registerCapture,
  registerCheck,
  registerCommands,
  registerDemo,
  registerDlq,
  registerIndex,
  registerKeys,
  registerLag,
  registerReplay,
  registerSchemas,
  registerSql,
  registerStack,
  registerStock,
  registerTopics,
  registerUp,
  registerWebhooks,
  registerVerify,
])
  register(program);

// A reader that has seen enough (head, less) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.fault),
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    printError(describeError(error));
    if (process.env['SLUICE_LOG_LEVEL'] === 'debug') printError(JSON.stringify(errorFields(error)));
    process.exitCode = EXIT.fault;
  }
}
