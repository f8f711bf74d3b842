import { keyState, readKeyFile, revokedKeys, rotatedKeys, writeKeyFile } from '#connectors/commands/callers/keyFile.ts';
import { type ApiKeyEntry, createKey } from '#connectors/commands/callers/keys.ts';
import type { Scope } from '#connectors/commands/model/defineCommand.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printError, printJson } from '../output.ts';

export interface CreateKeyOptions {
  readonly id: string;
  readonly scope: readonly Scope[];
  readonly expires?: string;
  readonly file?: string;
  readonly execute: boolean;
  readonly json: boolean;
}

/**
 * `sluice keys create`: makes an API key. The key itself is printed once and kept nowhere; its entry goes into the list of keys: printed, or
 * with --file and --execute written there.
 */
export async function create(options: CreateKeyOptions): Promise<number> {
  const { id, scope, expires, file } = options;
  const createdAt = new Date().toISOString();
  if (file !== undefined && !options.execute) {
    await readKeyFile(file);
    return planned(`make a key for ${id} with ${scope.join(', ')} and add it to ${file}`, options.json);
  }
  const made = await createKey({
    id,
    scopes: scope,
    createdAt,
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  if (file !== undefined) await writeKeyFile(file, [...(await readKeyFile(file)), made.entry]);
  return shown(made, file, options.json);
}

export interface ListKeysOptions {
  readonly file: string;
  readonly json: boolean;
}

/** `sluice keys list`: who has which key, since when, until when. Never a hash. */
export async function list({ file, json }: ListKeysOptions): Promise<number> {
  const nowMs = Date.now();
  const keys = (await readKeyFile(file)).map((entry) => ({ ...publicPart(entry), state: keyState(entry, nowMs) }));
  if (json) printJson(keys);
  else {
    const heading = ['PREFIX', 'CALLER', 'STATE', 'SCOPES', 'CREATED', 'EXPIRES'];
    const rows = keys.map(({ prefix, id, state, scopes, createdAt, expiresAt, revokedAt }) => [
      prefix,
      id,
      state,
      scopes.join(' '),
      createdAt ?? '-',
      revokedAt ?? expiresAt ?? 'never',
    ]);
    print(formatTable([heading, ...rows]));
  }
  return EXIT.ok;
}

export interface RotateKeyOptions {
  readonly file: string;
  readonly prefix: string;
  readonly overlapHours: number;
  readonly expires?: string;
  readonly execute: boolean;
  readonly json: boolean;
}

const HOUR_MS = 3_600_000;

/** `sluice keys rotate`: a new key for the same caller; the old one works on for the overlap. */
export async function rotate(options: RotateKeyOptions): Promise<number> {
  const { file, prefix, overlapHours, expires } = options;
  const rotated = await rotatedKeys(await readKeyFile(file), prefix, {
    overlapMs: overlapHours * HOUR_MS,
    nowMs: Date.now(),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  if (!options.execute)
    return planned(
      `make a new key for ${rotated.entry.id} and let ${prefix} end ${overlapHours} hours from now`,
      options.json,
    );
  await writeKeyFile(file, rotated.entries);
  return shown(rotated, file, options.json);
}

export interface RevokeKeyOptions {
  readonly file: string;
  readonly prefix: string;
  readonly execute: boolean;
  readonly json: boolean;
}

/** `sluice keys revoke`: the key is refused as soon as the API has read the list again. */
export async function revoke({ file, prefix, execute, json }: RevokeKeyOptions): Promise<number> {
  const entries = revokedKeys(await readKeyFile(file), prefix, Date.now());
  if (!execute) return planned(`refuse the key ${prefix} from now on`, json);
  await writeKeyFile(file, entries);
  if (json) printJson({ revoked: prefix });
  else print(`${prefix} is revoked; the API refuses it within commands.keysReloadMs.`);
  return EXIT.ok;
}

function publicPart({ hash: _hash, ...rest }: ApiKeyEntry): Omit<ApiKeyEntry, 'hash'> {
  return rest;
}

function planned(what: string, json: boolean): number {
  if (json) printJson({ dryRun: true, plan: what });
  else print(`Would ${what}. Nothing was changed: add --execute.`);
  return EXIT.ok;
}

function shown(
  made: { readonly key: string; readonly entry: ApiKeyEntry },
  file: string | undefined,
  json: boolean,
): number {
  if (json) {
    printJson(
      file === undefined ? { key: made.key, entry: made.entry } : { key: made.key, entry: publicPart(made.entry) },
    );
    return EXIT.ok;
  }
  printError('The key, shown only now; give it to the caller:');
  print(made.key);
  if (file === undefined) {
    printError('Its entry for the JSON list that commands.keys reads:');
    print(JSON.stringify(made.entry));
  } else printError(`Its entry is in ${file}.`);
  return EXIT.ok;
}
