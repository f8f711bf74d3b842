import { preflightNeeds } from '#connectors/capture/preflightNeeds.ts';
import { type PreflightResult, preflight } from '#connectors/sqlserver/preflight.ts';
import { checkReachability } from '#infra/ops/reachability.ts';
import { checkStores } from '#infra/ops/storeChecks.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { captureSettings } from '../captureSettings.ts';
import { captureParts } from '../captures.ts';
import { EXIT } from '../exitCodes.ts';
import { print, printJson } from '../output.ts';
import { sourceOptions } from '../roles/sourceOptions.ts';
import { checkCommands } from './checkCommands.ts';

/**
 * Looks at everything the configuration names without changing anything, and says for each fault what was expected, what was found and
 * what to do. Exit code 4 when something is not as it should be.
 */
export async function check(options: { config: string; json: boolean }): Promise<number> {
  const config = await loadConfig(options.config);
  const [databases, servers, stores, commands] = await Promise.all([
    checkDatabases(config),
    checkReachability(config),
    checkStores(config),
    checkCommands(config),
  ]);
  const results = [...databases, ...commands, ...servers, ...stores];
  if (options.json) printJson(results);
  else for (const result of results) print(describe(result));
  const faults = results.filter((result) => !result.ok).length;
  if (!options.json)
    print(
      faults === 0
        ? `\n${results.length} checks, all as expected`
        : `\n${results.length} checks, ${faults} not as expected`,
    );
  return faults === 0 ? EXIT.ok : EXIT.unhealthy;
}

/** Each captured database; the checks of others than the main one carry its name. */
async function checkDatabases(config: Config): Promise<PreflightResult[]> {
  const results: PreflightResult[] = [];
  const options = { ...sourceOptions(config), applicationName: 'sluice-check' };
  for (const part of captureParts(config)) {
    const found = await preflight(
      { ...options, database: part.database },
      preflightNeeds(captureSettings(config, part)),
    );
    const name = part.database === config.source.database ? '' : `${part.database}: `;
    results.push(...found.map((result) => ({ ...result, check: name + result.check })));
  }
  return results;
}

function describe({ check, ok, expected, actual, hint }: PreflightResult): string {
  if (ok) return `✓ ${check}: ${actual}`;
  return `✗ ${check}\n    expected ${expected}\n    found    ${actual}\n    → ${hint}`;
}
