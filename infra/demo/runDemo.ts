import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '#infra/cli/exitCodes.ts';
import { formatTable, print, printError } from '#infra/cli/output.ts';
import { errorFields, isAbort, SluiceError } from '#infra/runtime/errors.ts';
import { createLogger, type LogLevel } from '#infra/runtime/logger.ts';
import { readAdventureWorks } from './adventureworks/load.ts';
import { DemoEnvironment } from './runEnvironment.ts';
import { runOnce } from './runOnce.ts';
import { formatReport, passed } from './runReport.ts';
import { chooseShop } from './shops.ts';
import { startTraffic } from './traffic/traffic.ts';

export interface DemoOptions {
  readonly once: boolean;
  /** Folder with the AdventureWorks files; the generated shop when left out. */
  readonly data?: string;
  /** Changes per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly products: number;
  readonly chaos: boolean;
  readonly logLevel: LogLevel;
}

/**
 * Runs the demo until Ctrl-C, or with `once` to a checked end.
 * @returns the exit code: 0 when everything that was checked holds.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(130);
    printError('stopping (Ctrl-C again to end at once)');
    abort.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  if (options.data !== undefined) await checkDataFolder(options.data);
  const shop = chooseShop(options.data);
  const log = createLogger('sluice-demo', options.logLevel);
  const environment = new DemoEnvironment({
    shop,
    dataDir: options.data,
    products: options.products,
    logLevel: options.logLevel,
    log,
    signal: abort.signal,
    progress: showProgress,
  });
  let failed = true;
  try {
    await environment.start();
    failed = options.once
      ? !(await once(options, environment, abort.signal))
      : !(await untilStopped(options, environment, abort.signal));
  } catch (error) {
    if (!(isAbort(error) && abort.signal.aborted)) throw error;
    failed = options.once;
  } finally {
    const keepLogs = failed && environment.processes.size > 0;
    if (keepLogs) printError(`logs are kept in ${environment.logDir}`);
    await environment
      .stop(keepLogs)
      .catch((error: unknown) => log.error({ event: 'demo_stop_failed', ...errorFields(error) }));
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  return failed ? EXIT.fault : EXIT.ok;

  async function once(run: DemoOptions, env: DemoEnvironment, signal: AbortSignal): Promise<boolean> {
    const facts = await runOnce({ ...run, environment: env, shop, log, signal, progress: showProgress });
    print(formatReport(facts));
    return passed(facts);
  }

  async function untilStopped(run: DemoOptions, env: DemoEnvironment, signal: AbortSignal): Promise<boolean> {
    printAddresses(env, shop.configPath);
    const traffic = await startTraffic({
      executor: env.owner,
      shop: shop.traffic,
      log,
      changesPerSecond: run.rate,
      signal,
    });
    await Promise.race([
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
      traffic.failed,
    ]);
    await traffic.stop();
    return true;
  }
}

/** A mistyped folder or a broken file is told before anything is started. */
async function checkDataFolder(dir: string): Promise<void> {
  if (!existsSync(join(dir, 'Product.csv'))) {
    throw new SluiceError(
      'DEMO_DATA_MISSING',
      `Expected the AdventureWorks files in ${dir}, found no Product.csv there.`,
    );
  }
  await readAdventureWorks(dir);
}

let lastStep = '';

/** On a terminal one line is written over and over; elsewhere each step is told once, by what stands before the colon. */
function showProgress(text: string): void {
  const step = text.split(':')[0]!;
  if (process.stderr.isTTY) process.stderr.write(`${step === lastStep ? '\u001b[1A\u001b[2K' : ''}  ${text}\n`);
  else if (step !== lastStep) printError(`  ${step}`);
  lastStep = step;
}

function printAddresses(environment: DemoEnvironment, configPath: string): void {
  print(`\nThe shop is open: ${environment.shopUrl}\n`);
  print(
    formatTable([
      ['process', 'pid', 'status'],
      ...[...environment.processes].map(
        ([role, process]) => [role, String(process.pid), `${environment.opsUrls.get(role)}/status`] as const,
      ),
    ]),
  );
  print(
    `\nconfiguration: ${configPath}\nvariables for other sluice commands: set -a; . ${environment.envFile}; set +a\nCtrl-C stops everything.`,
  );
}
