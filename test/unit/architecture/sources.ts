import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const TREES = ['connectors', 'consumers', 'schemas', 'infra', 'test'];

export interface Source {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** What it imports: repository paths for our own files, package names for others, `node:x` for Node's. */
  readonly imports: readonly string[];
}

/** Every TypeScript source file of the project. */
export function readSources(): Source[] {
  return TREES.flatMap((tree) =>
    readdirSync(join(ROOT, tree), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
      .map((file) => readSource(join(tree, file).replaceAll('\\', '/'))),
  );
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)].map(
    (match) => match[1]!,
  );
  return { path, text, lines: text.split('\n').length - 1, imports: specifiers.map((s) => target(path, s)) };
}

function target(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return relative(ROOT, join(ROOT, dirname(from), specifier)).replaceAll('\\', '/');
  if (specifier.startsWith('node:') || builtinModules.includes(specifier))
    return `node:${specifier.replace(/^node:/, '')}`;
  return specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!;
}
