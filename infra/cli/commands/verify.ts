import type { VerifyProgress } from '#infra/ops/verify/pace.ts';
import { type Repair, repairCopies } from '#infra/ops/verify/repair.ts';
import { describeDifference, type VerifyReport } from '#infra/ops/verify/report.ts';
import { storeSummary } from '#infra/ops/verify/summary.ts';
import { type VerifyOptions, verifyCopies } from '#infra/ops/verify/verifyCopies.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { withKafka } from '../withKafka.ts';

export interface VerifyCommand {
  readonly config: string;
  readonly json: boolean;
  readonly table?: readonly string[];
  readonly document?: readonly string[];
  readonly key?: readonly (readonly string[])[];
  readonly sample?: number;
  readonly rate?: number;
  readonly repair: boolean;
  readonly execute: boolean;
  readonly limit: number;
}

const WHY: Readonly<Record<VerifyReport['undecided'][number]['why'], string>> = {
  lag: 'the copy lags behind',
  moving: 'it changed at every look',
  index: 'searches have no index of the configured version',
};

/**
 * Compares, and mends with --repair --execute. Exit code 4 when the copies differ from the source (after the mending, where there was one), 5 when
 * nothing differs and something could not be decided.
 */
export async function verify(command: VerifyCommand): Promise<number> {
  return withKafka(command.config, async ({ kafka, config, signal }) => {
    const options: VerifyOptions = {
      ...{ config, kafka, signal, log: silentLogger, onProgress: showProgress },
      ...(command.table && { tables: command.table }),
      ...(command.document && { documents: command.document }),
      ...(command.key && { keys: command.key }),
      ...(command.sample !== undefined && { sample: command.sample }),
      ...(command.rate !== undefined && { rowsPerSecond: command.rate }),
    };
    const report = await verifyCopies(options);
    endProgress();
    await storeSummary(options, report);
    const repair = command.repair ? await repairCopies(options, report, command.execute) : null;
    if (command.json) printJson({ ...report, ...(repair && { repair }) });
    else show(report, repair, command);
    return exitCode(repair?.after ?? report);
  });
}

function exitCode({ outcome }: Pick<VerifyReport, 'outcome'>): number {
  if (outcome === 'different') return EXIT.unhealthy;
  return outcome === 'undecided' ? EXIT.undecided : EXIT.ok;
}

function show(report: VerifyReport, repair: Repair | null, { limit, execute }: VerifyCommand): void {
  const { cost, differences, differenceCount, undecided, undecidedCount } = report;
  const wrong = (what: string): number => differences.filter((one) => one.what === what).length;
  const open = (what: string): number => undecided.filter((one) => one.what === what).length;
  const rows = Object.entries(report.compared).map(([what, count]) => [what, count, wrong(what), open(what)]);
  print(formatTable([['what', 'compared', 'different', 'undecided'], ...rows]));
  for (const difference of differences.slice(0, limit)) print(describeDifference(difference));
  if (differenceCount > limit) print(`… and ${differenceCount - limit} more (--limit)`);
  for (const { what, id, why } of undecided.slice(0, limit)) print(`${what} ${id}: undecided, ${WHY[why]}`);
  for (const [what, count] of Object.entries(report.unbuildable))
    print(`${what}: ${count} refused by the configuration's own functions, see \`sluice dlq list\``);
  for (const note of report.notes) print(note);
  print(
    `${differenceCount} differences, ${undecidedCount} undecided after ${report.seconds.toFixed(1)} s; the source sent ${cost.rows} rows, ` +
      `about ${(cost.bytes / 1024 / 1024).toFixed(1)} MB, for ${cost.statements} statements`,
  );
  if (repair === null) return;
  for (const step of repair.steps) print(execute ? step : `would ${step}`);
  if (!execute && repair.steps.length > 0) print('dry run: add --execute to do it');
  if (repair.after) print(`after the repair: ${repair.after.differenceCount} differences`);
}

let shown = '';

function showProgress({ what, done, total, ratePerSecond, etaSeconds }: VerifyProgress): void {
  if (!process.stderr.isTTY) return;
  const of = total === null ? '' : `/${total}`;
  const eta = etaSeconds === null ? '' : `, ${etaSeconds.toFixed(0)} s left`;
  const line = `${what} ${done}${of}, ${ratePerSecond.toFixed(0)}/s${eta}`;
  if (line !== shown) process.stderr.write(`\r\u001b[K${line}`);
  shown = line;
}

function endProgress(): void {
  if (shown !== '') process.stderr.write('\r\u001b[K');
  shown = '';
}
