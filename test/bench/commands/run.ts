import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { formatTable } from '#infra/cli/output.ts';
import { Place } from '#test/reliability/commands/place.ts';
import type { LoadResult, LoadTask } from './load.ts';

const LOAD = fileURLToPath(new URL('./load.ts', import.meta.url));
const PRODUCTS = 200;
const PRICE = '9.9900';
/** Clock ticks a second of /proc/<pid>/stat: fixed on Linux. */
const TICKS_PER_SECOND = 100;

export interface BenchOptions {
  readonly seconds: number;
  readonly callers: readonly number[];
  readonly doors: readonly string[];
  readonly concurrency: number;
}

/** Runs every door with every number of callers, one after the other over one database, and prints a table. */
export async function runCommandBench(options: BenchOptions): Promise<void> {
  const place = await Place.open({
    processes: 1,
    env: { COMMANDS_CONCURRENCY: String(options.concurrency), COMMANDS_QUEUED: '5000', COMMANDS_TIMEOUT_MS: '30000' },
  });
  try {
    const skus = await addProducts(place);
    const taskOf = (door: string, callers: number, seconds: number): LoadTask => ({
      door,
      callers,
      seconds,
      concurrency: options.concurrency,
      url: place.urls[0]!,
      soapUrl: `${place.urls[0]!}/soap`,
      apiKey: place.key,
      database: place.shop.commandOptions,
      skus,
      price: PRICE,
    });
    const rows: (string | number)[][] = [];
    for (const door of options.doors) await runLoad(taskOf(door, 20, 2));
    for (const callers of options.callers) {
      let bare: LoadResult | undefined;
      for (const door of options.doors) {
        const cpuBefore = await cpuSeconds(place.apis[0]!.pid!);
        const result = await runLoad(
          taskOf(door, door === 'batch' ? Math.max(1, Math.round(callers / 50)) : callers, options.seconds),
        );
        const cpu = (await cpuSeconds(place.apis[0]!.pid!)) - cpuBefore;
        bare ??= result;
        rows.push(rowOf(result, bare, cpu));
      }
    }
    const heading = ['DOOR', 'CALLERS', 'ORDERS/S', 'P50 MS', 'P99 MS', 'P99 RATIO', 'API CPU S/1000', 'ERRORS'];
    process.stdout.write(`${formatTable([heading, ...rows])}\n`);
  } finally {
    await place.close();
  }
}

function rowOf(result: LoadResult, bare: LoadResult, cpu: number): (string | number)[] {
  const { door, callers, orders, seconds, p50, p99, errors } = result;
  const ratio = bare.p99 === 0 ? '-' : (p99 / bare.p99).toFixed(2);
  const cpuText = door === 'procedure' || orders === 0 ? '-' : ((cpu / orders) * 1000).toFixed(2);
  return [door, callers, Math.round(orders / seconds), p50, p99, ratio, cpuText, errors];
}

/** Products enough that orders seldom want the same row, with stock that does not run out. */
async function addProducts({ shop }: Place): Promise<string[]> {
  const skus = Array.from({ length: PRODUCTS }, (_, i) => `B${String(i).padStart(4, '0')}`);
  for (const sku of skus) {
    await shop.owner.batch(`INSERT INTO dbo.PRODUCT (PROD_CODE, PROD_DESC, DEPT_CODE, DEPT_NAME, SUBDEPT_NAME, SUPP_CODE, PRICE1, PRICE2, PRICE3, VAT_CODE, WEB_FLAG)
      VALUES ('${sku}', 'Bench', 'HOME', 'Home', 'Kitchen', 'ACME', ${PRICE}, 7.00, NULL, 'S', 'Y');
      INSERT INTO dbo.STOCK (PROD_CODE, BRANCH_NO, QTY_ON_HAND) VALUES ('${sku}', 1, 100000000);`);
  }
  return skus;
}

function runLoad(task: LoadTask): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LOAD], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child
      .once('error', reject)
      .once('close', (code) =>
        code === 0 ? resolve(JSON.parse(text) as LoadResult) : reject(new Error(`load ended with ${code}`)),
      );
    child.stdin.end(JSON.stringify(task));
  });
}

/** User and system time of a process, seconds (Linux; elsewhere 0). Source: proc(5), stat fields 14 and 15. */
async function cpuSeconds(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
