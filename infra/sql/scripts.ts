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

/** The order a DBA runs them in: see README.md. */
const order = (variant: SqlVariant): readonly string[] => [
  'common/storefront.sql',
  `${variant}/acceptOrder.sql`,
  `${variant}/cancelOrder.sql`,
  'common/cdc.sql',
  'common/commandsLogin.sql',
  'common/captureLogin.sql',
  `${variant}/captureGrants.sql`,
];

/**
 * The scripts for one database in running order. Without `variables` the `$(...)` stay in the text, as a DBA gives them to sqlcmd.
 * @throws INTERNAL when a script names a variable that has no value.
 */
export function sqlScripts(variant: SqlVariant, variables?: SqlVariables): readonly SqlScript[] {
  return order(variant).map((name) => {
    const raw = readFileSync(new URL(name, import.meta.url), 'utf8');
    const text = variables === undefined ? raw : substitute(raw, name, variables);
    return { name, text, batches: splitBatches(text) };
  });
}

/** Splits at lines that hold only GO, as sqlcmd does; empty batches fall away. */
export function splitBatches(text: string): readonly string[] {
  return text
    .split(/^[ \t]*GO[ \t]*\r?$/im)
    .map((batch) => batch.trim())
    .filter((batch) => batch !== '');
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
