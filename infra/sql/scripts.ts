import { readFileSync } from 'node:fs';
import { SluiceError } from '#infra/runtime/errors.ts';

/** The demo databases that have their own procedures here. */
export const SQL_VARIANTS = ['epos', 'adventureworks'] as const;
export type SqlVariant = (typeof SQL_VARIANTS)[number];

/** One script with its sqlcmd variables filled in. `batches` are what stands between the lines that hold GO. */
export interface SqlScript {
  /** Path below infra/sql, for messages. */
  readonly name: string;
  readonly text: string;
  readonly batches: readonly string[];
}

/** Values of the sqlcmd variables: SluiceDatabase, SluiceCapturePassword, SluiceCommandsPassword. */
export type SqlVariables = Readonly<
  Record<'SluiceDatabase' | 'SluiceCapturePassword' | 'SluiceCommandsPassword', string>
>;

/** The servers there are scripts for: 2008 and later, or 2005 (order lines as xml; no table types, no datetime2, no CDC). */
export const SQL_SERVERS = ['2008', '2005'] as const;
export type SqlServer = (typeof SQL_SERVERS)[number];

const PROCEDURES = [
  'acceptOrder',
  'cancelOrder',
  'changeDeliveryAddress',
  'registerCustomer',
  'reserveStock',
  'releaseStock',
  'acceptOrderBatch',
  'upkeep',
].map((name) => `common/${name}.sql`);

const LOGIN = ['common/commandsLogin.sql', 'common/commandsGrants.sql'];

/** The order a DBA runs them in: see README.md. */
const order = (variant: SqlVariant, server: SqlServer): readonly string[] => [
  'common/settings.sql',
  'common/storefront.sql',
  'common/helpers.sql',
  'common/commandKey.sql',
  ...['orders', 'acceptOrder', 'cancelOrder', 'customers', 'stock'].map((name) => `${variant}/${name}.sql`),
  'common/releaseReservation.sql',
  ...PROCEDURES,
  ...(server === '2008' ? ['common/cdc.sql'] : []),
  ...LOGIN,
  ...(server === '2008' ? ['common/captureLogin.sql', `${variant}/captureGrants.sql`] : []),
];

/**
 * The scripts for one database in running order. Without `variables` the `$(...)` stay in the text, as a DBA gives them to sqlcmd.
 * @throws INTERNAL when a script names a variable that has no value.
 */
export function sqlScripts(
  variant: SqlVariant,
  variables?: SqlVariables,
  server: SqlServer = '2008',
): readonly SqlScript[] {
  return order(variant, server).map((name) => script(name, server, variables));
}

/** The command API's login and its exact grants. */
export function commandGrantScripts(server: SqlServer = '2008'): readonly SqlScript[] {
  return LOGIN.map((name) => script(name, server));
}

function script(name: string, server: SqlServer, variables?: SqlVariables): SqlScript {
  const raw = forServer(readFileSync(new URL(name, import.meta.url), 'utf8'), server);
  const text = variables === undefined ? raw : substitute(raw, name, variables);
  return { name, text, batches: splitBatches(text) };
}

/**
 * A script for one server: of the lines after `-- ON 2008` or `-- ON 2005`, as far as the next such line, only those for `server` stay;
 * after `-- ON BOTH` all stay again. The marks themselves fall away.
 */
export function forServer(text: string, server: SqlServer): string {
  let isKept = true;
  const kept = text.split('\n').filter((line) => {
    const [, mark] = /^-- ON (2008|2005|BOTH)\s*$/.exec(line) ?? [];
    if (mark !== undefined) isKept = mark === 'BOTH' || mark === server;
    return mark === undefined && isKept;
  });
  return kept.join('\n');
}

/** Splits at lines that hold only GO, as sqlcmd does; batches of nothing but comments fall away. */
export function splitBatches(text: string): readonly string[] {
  return text
    .split(/^[ \t]*GO[ \t]*\r?$/im)
    .map((batch) => batch.trim())
    .filter((batch) => batch.replaceAll(/--.*$/gm, '').trim() !== '');
}

/** Fills in `$(Name)` outside comments; a value lands in a quoted literal or a bracketed name, so its quotes and brackets are doubled. */
function substitute(text: string, script: string, variables: Readonly<Record<string, string>>): string {
  return text
    .split('\n')
    .map((line) => (line.trimStart().startsWith('--') ? line : substituteLine(line, script, variables)))
    .join('\n');
}

function substituteLine(line: string, script: string, variables: Readonly<Record<string, string>>): string {
  return line.replace(/\$\(([A-Za-z]+)\)(.?)/g, (_match, name: string, next: string) => {
    const value = variables[name];
    if (value === undefined)
      throw new SluiceError('INTERNAL', `infra/sql/${script} names the variable ${name}, which has no value.`);
    return (next === ']' ? value.replaceAll(']', ']]') : value.replaceAll("'", "''")) + next;
  });
}
