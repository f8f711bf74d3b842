import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '#infra/stack/cacheFolder.ts';

/** Pinned: its checks grow with every release. */
const VERSION = '4.32.5';

export interface ToolResult {
  readonly code: number | null;
  readonly output: string;
}

/**
 * The path of schemathesis, in a virtual environment of its own in the cache folder; made when it is missing. Undefined, with the reason
 * told, where there is no Python or no package index.
 */
export async function schemathesis(tell: (text: string) => void): Promise<string | undefined> {
  const folder = join(cacheFolder(), `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  await mkdir(cacheFolder(), { recursive: true });
  const made = await run('python3', ['-m', 'venv', folder]);
  if (made.code !== 0) {
    tell('schemathesis is left out: there is no python3 with venv here');
    return undefined;
  }
  const installed = await run(join(folder, 'bin', 'pip'), [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `schemathesis==${VERSION}`,
  ]);
  if (installed.code === 0) return program;
  tell(
    `schemathesis is left out: it could not be installed from the package index (${installed.output.trim().split('\n').at(-1)})`,
  );
  return undefined;
}

const HOOKS = fileURLToPath(new URL('./schemathesisHooks.py', import.meta.url));

/**
 * Checks the API at `url` against its own document with all checks on. One of them, that data that follows the document is accepted, is
 * replaced by a sharper one of ours: a shop may refuse such an order for its price or stock (422), but never for its form.
 */
export function checkWithSchemathesis(
  program: string,
  options: {
    readonly url: string;
    readonly apiKey: string;
    readonly examples: number;
    readonly seed: number;
    readonly phases?: string;
  },
): Promise<ToolResult> {
  const { url, apiKey, examples, seed, phases } = options;
  const args = [
    ...['run', `${url}/openapi.json`, '--header', `Authorization: Bearer ${apiKey}`],
    ...['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'],
    ...[
      '--max-examples',
      String(examples),
      '--seed',
      String(seed),
      '--continue-on-failure',
      '--no-color',
      '--suppress-health-check',
      'all',
    ],
    ...(phases === undefined ? [] : ['--phases', phases]),
  ];
  return run(program, args, { SCHEMATHESIS_HOOKS: HOOKS });
}

/** Runs a program to its end; output and errors together. */
function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ToolResult> {
  return new Promise((resolve) => {
    // Elsewhere than here: the tool leaves a folder of its own where it runs.
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (text: string): void => {
      output = (output + text).slice(-400_000);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
