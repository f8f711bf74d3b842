import { loadConfig } from '#infra/runtime/config/load.ts';
import { captureScript } from '#infra/sql/captureScript.ts';
import { captureParts } from '../captures.ts';
import { EXIT } from '../exitCodes.ts';
import { print } from '../output.ts';

const PLAIN = /^[^*?]+$/;

/** `sluice sql capture`: prints what a DBA has to run for this configuration. Needs no connection and prints no secret. */
export async function sqlCapture(options: { readonly config: string }): Promise<number> {
  const config = await loadConfig(options.config);
  const { createInstances, dropOldInstances } = config.capture.schemaChange;
  print(
    captureScript({
      login: config.source.user,
      managesInstances: createInstances || dropOldInstances,
      databases: captureParts(config).map(({ database, tables }) => ({
        database,
        tables: tables.filter((table) => PLAIN.test(table)),
        patterns: tables.filter((table) => !PLAIN.test(table)),
      })),
    }).trimEnd(),
  );
  return EXIT.ok;
}
