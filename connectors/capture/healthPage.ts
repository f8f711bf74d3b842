import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { SOURCE_STATE_NAMES, SOURCE_STATES } from './healthStates.ts';

/** docs/source-states.md, from the table the program works with. `node connectors/capture/healthPage.ts > docs/source-states.md` */
export function sourceStatesPage(): string {
  const rows = SOURCE_STATE_NAMES.map((name) => {
    const { severity, effect, meaning, remedy } = SOURCE_STATES[name];
    return `| \`${name}\` | ${severity} | ${effect} | ${meaning} | ${remedy === '' ? '–' : remedy} |`;
  });
  return `# States of the source

What the capture knows of its SQL Server beyond its changes: shown by \`GET /status\` and \`sluice capture status\`, as metric
\`sluice_capture_source_state\`, and as notification \`source_state\` whenever it changes between other states than \`changing\` and \`quiet\`.

While changes flow nothing is asked but once a minute. On a quiet source one statement every few seconds (\`capture.health.checkIntervalMs\`) looks at
\`sys.databases\`, \`cdc.lsn_time_mapping\`, \`sys.dm_cdc_log_scan_sessions\`, \`sys.dm_cdc_errors\`, \`sys.dm_server_services\`, \`msdb.dbo.cdc_jobs\` and
\`sys.database_recovery_status\`. What the login may not see is left out and listed as \`hidden\`; nothing is guessed from it.

With each position the capture stores a mark: server, recovery fork and a transaction's LSN, time and id. Each session begins by looking that
transaction up. If it is gone while older ones are still there, the database was restored or is another one, and the capture stops: it never goes
on in silence. "Effect" says what the capture does: \`goes on\`, \`waits\` until it is mended (ends when it never worked since it was started), or \`stops\`.

| state | severity | effect | meaning | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) stdout.write(sourceStatesPage());
