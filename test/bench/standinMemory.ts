import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sql from 'mssql';

/**
 * Holds a stand-in at a rate of captured changes with clean-up on, and prints how its memory goes. Change tables keep one minute (the least
 * retention CDC knows), so in the steady state rate x 60 changes and more are held.
 *
 *     node test/bench/standinMemory.ts --seconds 180 --rate 20000 --limit-mb 2048
 *
 * Ends with 1 when the resident set passed the limit, when the rate was missed by more than a tenth, or when clean-up did not keep up.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    rate: { type: 'string', default: '20000' },
    'limit-mb': { type: 'string', default: '2048' },
    data: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const limitMb = Number(values['limit-mb']);

const SA_PASSWORD = 'Str0ng!Passw0rd';
const ROWS = 20_000;
const CHANGES_PER_TRANSACTION = 500;
const REPORT_EVERY_MS = 10_000;

const SCHEMA = [
  'EXEC sys.sp_cdc_enable_db',
  `CREATE TABLE dbo.STOCK (ID int PRIMARY KEY, PRODUCT varchar(20) NOT NULL, QTY int NOT NULL, PRICE money NOT NULL,
     NOTE nvarchar(60) NULL, MOVED datetime2(3) NOT NULL)`,
  `WITH d AS (SELECT n FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v(n)),
     n AS (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n AS i FROM d a, d b, d c, d e, d f)
   INSERT dbo.STOCK SELECT i, CONCAT('P', i), 0, i / 100.0, N'as delivered', SYSUTCDATETIME() FROM n WHERE i < ${ROWS}`,
  "EXEC sys.sp_cdc_enable_table N'dbo', N'STOCK', @role_name = NULL",
  "EXEC sys.sp_cdc_change_job @job_type = N'cleanup', @retention = 1",
];

/** One transaction of the load: mostly updates, and as many deletes as inserts. */
function change(number: number): string {
  const from = (number * CHANGES_PER_TRANSACTION) % ROWS;
  const between = `ID >= ${from} AND ID < ${from + CHANGES_PER_TRANSACTION}`;
  if (number % 10 !== 0)
    return `UPDATE dbo.STOCK SET QTY = QTY + 1, NOTE = CONCAT(N'moved ', QTY, N' times'), MOVED = SYSUTCDATETIME() WHERE ${between}`;
  const half = `ID >= ${from} AND ID < ${from + CHANGES_PER_TRANSACTION / 2}`;
  return `BEGIN TRAN; SELECT * INTO #t FROM dbo.STOCK WHERE ${half}; DELETE dbo.STOCK WHERE ${half};
    INSERT dbo.STOCK SELECT * FROM #t; DROP TABLE #t; COMMIT`;
}

function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

async function main(): Promise<boolean> {
  const standin = fileURLToPath(new URL('../../infra/standin/main.ts', import.meta.url));
  const extra = values.data === undefined ? [] : ['--data', values.data];
  const child = spawn(process.execPath, [standin, '--database', 'BENCH', ...extra], {
    env: { ...process.env, STANDIN_SA_PASSWORD: SA_PASSWORD },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const died = once(child, 'exit').then(() => {
      throw new Error('the stand-in ended before it listened');
    });
    const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), died])) as [string];
    died.catch(() => {});
    const { port } = JSON.parse(line) as { port: number };
    const pool = await new sql.ConnectionPool({
      server: '127.0.0.1',
      port,
      user: 'sa',
      password: SA_PASSWORD,
      database: 'BENCH',
      requestTimeout: 60_000,
      options: { encrypt: false, trustServerCertificate: true },
    }).connect();
    for (const text of SCHEMA) await pool.query(text);
    const passed = await load(pool, child.pid!);
    await pool.close();
    return passed;
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }
}

async function load(pool: sql.ConnectionPool, pid: number): Promise<boolean> {
  const startMs = performance.now();
  let reportedMs = startMs;
  let changes = 0;
  let peakMb = 0;
  const samples: number[] = [];
  for (let number = 0; performance.now() - startMs < seconds * 1000; number++) {
    await pool.query(change(number));
    changes += CHANGES_PER_TRANSACTION;
    const aheadMs = (changes / rate) * 1000 - (performance.now() - startMs);
    if (aheadMs > 5) await delay(aheadMs);
    peakMb = Math.max(peakMb, residentMb(pid));
    if (performance.now() - reportedMs < REPORT_EVERY_MS) continue;
    reportedMs = performance.now();
    samples.push(residentMb(pid));
    const held = await count(pool);
    const perSecond = changes / ((reportedMs - startMs) / 1000);
    process.stdout.write(
      `${((reportedMs - startMs) / 1000).toFixed(0).padStart(4)} s  ${perSecond.toFixed(0)} changes/s  ${samples.at(-1)!.toFixed(0)} MB  ${held} transactions in lsn_time_mapping\n`,
    );
  }
  const perSecond = changes / ((performance.now() - startMs) / 1000);
  const held = await count(pool);
  const kept = (held * CHANGES_PER_TRANSACTION) / rate;
  process.stdout.write(
    `${changes} changes in ${seconds} s (${perSecond.toFixed(0)}/s), peak resident set ${peakMb.toFixed(0)} MB, change tables hold ${kept.toFixed(0)} s\n`,
  );
  return peakMb < limitMb && perSecond > rate * 0.9 && kept < 120;
}

async function count(pool: sql.ConnectionPool): Promise<number> {
  const { recordset } = await pool.query<{ n: number }>('SELECT COUNT(*) AS n FROM cdc.lsn_time_mapping');
  return recordset[0]!.n;
}

process.exitCode = (await main()) ? 0 : 1;
