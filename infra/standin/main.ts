import { randomBytes } from 'node:crypto';
import { DataDirectoryError } from './durability/dataDirectory.ts';
import { createServer } from './engine/server.ts';
import { runInitScripts, ScriptError, serve } from './server.ts';
import { HELP, parseOptions, type StandinOptions, UsageError } from './serverOptions.ts';
import { createWireLog } from './tds/wireLog.ts';

/** Starts the stand-in; resolves with the exit code when it has been stopped. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const saPassword = options.saPassword ?? makePassword();
  const { databases, captureIntervalMs } = options;
  const data =
    options.dataDirectory === undefined ? undefined : { directory: options.dataDirectory, onFailure: stopAtOnce };
  const engine = createServer({ saPassword, databases, captureIntervalMs, data });
  try {
    if (engine.fresh) {
      await runInitScripts(engine, options.initFiles);
      await engine.markInitialised();
    }
    await listenUntilStopped(engine, options, saPassword);
  } finally {
    await engine.close();
  }
  return 0;
}

async function listenUntilStopped(
  engine: ReturnType<typeof createServer>,
  options: StandinOptions,
  saPassword: string,
): Promise<void> {
  const stopped = stopSignal();
  const listener = await serve(engine, { ...options, log: createWireLog({ debug: options.trace }) });
  const madeUp = options.saPassword === undefined ? { saPassword } : {};
  const { host, port } = listener;
  process.stdout.write(`${JSON.stringify({ event: 'listening', host, port, pid: process.pid, ...madeUp })}\n`);
  await stopped;
  await listener.close();
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        resolve();
      });
  });
}

/** The disk does not take what was committed: nothing more may be acknowledged. */
function stopAtOnce(error: Error): void {
  process.stderr.write(`standin: the data directory cannot be written (${error.message}); stopped\n`);
  process.exit(1);
}

/** Meets the password rule of SQL Server: four kinds of characters. */
function makePassword(): string {
  return `Sa1!${randomBytes(12).toString('base64url')}`;
}

/** One line for what the user can mend; a stack only for what they cannot. */
function report(error: unknown): void {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  const expected =
    error instanceof ScriptError ||
    error instanceof UsageError ||
    error instanceof DataDirectoryError ||
    code === 'EADDRINUSE' ||
    code === 'EACCES';
  const hint = error instanceof UsageError ? ' (--help lists the options)' : '';
  process.stderr.write(`standin: ${expected ? message + hint : (stack ?? message)}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  report(error);
  process.exitCode = 1;
}
