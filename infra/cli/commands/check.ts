import { type PreflightResult, preflight } from '#connectors/sqlserver/preflight.ts';
import { checkReachability } from '#infra/ops/reachability.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { EXIT } from '../exitCodes.ts';
import { print, printJson } from '../output.ts';

/**
 * Looks at everything the configuration names without changing anything, and says for each fault what was expected, what was found and
 * what to do. Exit code 4 when something is not as it should be.
 */
export async function check(options: { config: string; json: boolean }): Promise<number> {
  const config = await loadConfig(options.config);
  const { source } = config;
  const [database, servers] = await Promise.all([
    preflight({ ...source, password: source.password.read(), applicationName: 'sluice-check' }, source.tables),
    checkReachability(config),
  ]);
  const results = [...database, ...servers];
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

function describe({ check, ok, expected, actual, hint }: PreflightResult): string {
  if (ok) return `✓ ${check}: ${actual}`;
  return `✗ ${check}\n    expected ${expected}\n    found    ${actual}\n    → ${hint}`;
}
