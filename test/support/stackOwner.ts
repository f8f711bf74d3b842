import { silentLogger } from '#infra/runtime/logger.ts';
import { type Part, startStack } from '#infra/stack/stack.ts';

/**
 * Program for tests that kill the owner of a stack: starts the parts given as arguments, prints one JSON line with its processes and folder,
 * and does nothing more until it is ended.
 */
const stack = await startStack({ parts: process.argv.slice(2) as Part[], log: silentLogger, provider: 'local' });
process.stdout.write(`${JSON.stringify({ processes: stack.processes, dir: stack.dir })}\n`);
setInterval(() => undefined, 60_000);
