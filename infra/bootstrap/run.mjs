#!/usr/bin/env node
/**
 * The way into Sluice for any Node from 20 on: `node infra/bootstrap/run.mjs [--no-stack] COMMAND [ARGUMENT…]`. Installs the packages when
 * they are missing or out of date, finds the Node that runs Sluice, fetches the local servers where the command needs them, runs it.
 *   setup            only that
 *   test [ARG…]      every suite, ending with a line of counts
 *   sluice ARG…      the sluice command (which fetches servers itself when it starts them)
 *   node FILE ARG…   the Node that runs Sluice
 *   NAME ARG…        a program of node_modules/.bin
 */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './childProcess.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { findNode, noNode, tooOld } from './nodeVersion.mjs';
import { runTests } from './testRun.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const say = (text) => process.stderr.write(`sluice: ${text}\n`);

class Refusal extends Error {}

export async function main(argv) {
  const { command, args, noStack } = parse(argv);
  if (!command) throw new Refusal('usage: run.mjs [--no-stack] setup|test|sluice|vitest|tsc|biome [arguments]');
  const problem = tooOld();
  if (problem) throw new Refusal(problem);
  await ensureDependencies(ROOT, say);
  const node = findNode(ROOT);
  if (!node) throw new Refusal(noNode());
  const env = environment(node);
  const run = (file, rest) => runChild(node, [file, ...rest], env);

  if (!noStack && ['setup', 'test', 'vitest'].includes(command)) {
    const code = await run(join(ROOT, 'infra/stack/download.ts'), []);
    if (code !== 0) return code;
  }
  if (command === 'setup') return done();
  if (command === 'sluice') return run(join(ROOT, 'infra/cli/main.ts'), args);
  if (command === 'test') return runTests(args, (rest) => run(program('vitest'), rest));
  if (command === 'node') return runChild(node, args, env);
  return run(program(command), args);
}

/** --no-stack may stand before or right after the command: npm scripts put arguments of the user at the end. */
function parse(argv) {
  const rest = [...argv];
  const take = () => rest[0] === '--no-stack' && Boolean(rest.shift());
  const before = take();
  const command = rest.shift();
  return { command, noStack: take() || before, args: rest };
}

function program(name) {
  const path = join(ROOT, 'node_modules/.bin', name);
  if (existsSync(path)) return path;
  throw new Refusal(`there is no command "${name}": expected setup, test, sluice or a program of node_modules/.bin`);
}

function environment(node) {
  const path = [join(ROOT, 'node_modules/.bin'), dirname(node), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path };
}

function done() {
  say('everything is set up');
  return 0;
}

export async function runAndExit(argv) {
  try {
    process.exitCode = await main(argv);
  } catch (error) {
    say(error instanceof Refusal || !process.env.SLUICE_DEBUG ? error.message : error.stack);
    process.exitCode = 1;
  }
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1]))
  await runAndExit(process.argv.slice(2));
