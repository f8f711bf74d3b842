import { readFileSync } from 'node:fs';
import { splitBatches, sqlScripts } from '#infra/sql/scripts.ts';
import type { DemoShop } from './shops.ts';
import type { SqlExecutor } from './sqlExecutor.ts';

/** A connection of the database's owner: it may run scripts as well as statements. */
export interface OwnerConnection extends SqlExecutor {
  /** Runs one batch as it stands, without parameters. */
  batch(text: string): Promise<void>;
}

export interface PrepareDatabaseOptions {
  readonly shop: DemoShop;
  readonly owner: OwnerConnection;
  readonly capturePassword: string;
  readonly commandsPassword: string;
  readonly dataDir: string | undefined;
  /** Products of the generated shop. */
  readonly products: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/**
 * Does what the owner of the legacy database has done before Sluice arrives: creates it, fills it, switches CDC on, and runs the scripts
 * that make schema `storefront` and the two logins. Returns the number of rows loaded.
 */
export async function prepareDatabase(options: PrepareDatabaseOptions): Promise<number> {
  const { shop, owner, progress, signal } = options;
  progress(`creating database ${shop.database}`);
  await runBatches(owner, splitBatches(readFileSync(shop.schemaScript, 'utf8')), signal);
  await owner.batch(`USE [${shop.database}];`);
  const loaded = await shop.load(owner, {
    signal,
    products: options.products,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    onProgress: (table, done, total) => progress(`loading ${table}: ${done} of ${total} rows`),
  });
  progress('switching change data capture on and creating the storefront schema');
  await runBatches(owner, splitBatches(readFileSync(shop.cdcScript, 'utf8')), signal);
  const variables = {
    SluiceDatabase: shop.database,
    SluiceCapturePassword: options.capturePassword,
    SluiceCommandsPassword: options.commandsPassword,
  };
  for (const script of sqlScripts(shop.sqlVariant, variables)) await runBatches(owner, script.batches, signal);
  return Object.values(loaded).reduce((sum, rows) => sum + rows, 0);
}

async function runBatches(owner: OwnerConnection, batches: readonly string[], signal: AbortSignal): Promise<void> {
  for (const batch of batches) {
    signal.throwIfAborted();
    await owner.batch(batch);
  }
}
