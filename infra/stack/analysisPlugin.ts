import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { ensureFolder, type Waiting } from './cacheEntry.ts';
import { runCommand } from './command.ts';
import type { Jdk } from './jdk.ts';

const SOURCES = join(import.meta.dirname, 'elasticsearch-plugin');
const PLUGIN_NAME = 'sluice-analysis';
const PLUGIN_CLASS = 'sluice.analysis.AnalysisNamesPlugin';

export interface PrepareOptions extends Waiting {
  /** The distribution as it was unpacked. */
  readonly plain: string;
  readonly version: string;
  readonly jdk: Jdk;
}

/**
 * An Elasticsearch home with our analysis plugin in it: the distribution on Maven Central has no module that gives analyzers beyond
 * `standard`, so the plugin registers the usual names. One home per plugin source, distribution and Java, hence never changed in place.
 */
export async function prepareElasticsearch(options: PrepareOptions): Promise<string> {
  const { plain, version, jdk } = options;
  const key = sourceHash(`${version} ${jdk.version}`);
  return ensureFolder(`elasticsearch-${version}-${key}`, options, async (staging) => {
    options.progress?.(`compiling the analysis plugin for Elasticsearch ${version} …`);
    linkTree(join(plain, `elasticsearch-${version}`), staging);
    const plugin = join(staging, 'plugins', PLUGIN_NAME);
    mkdirSync(plugin, { recursive: true });
    await compile({ home: staging, plugin, jdk, version, ...(options.signal && { signal: options.signal }) });
    writeFileSync(join(plugin, 'plugin-descriptor.properties'), descriptor(version));
  });
}

function sources(): string[] {
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.java')).sort();
}

/** Twelve hex digits that change with any source file and with `salt`. */
function sourceHash(salt: string): string {
  const hash = createHash('sha256').update(salt);
  for (const name of sources()) hash.update(`\0${name}\0`).update(readFileSync(join(SOURCES, name)));
  return hash.digest('hex').slice(0, 12);
}

/** The oldest class file version that the distribution's own classes need. */
function javaRelease(version: string): number {
  return Number.parseInt(version, 10) >= 9 ? 21 : 17;
}

function descriptor(version: string): string {
  const fields = {
    description: 'Analysis components under the names of the full distribution',
    version: '1',
    name: PLUGIN_NAME,
    classname: PLUGIN_CLASS,
    'java.version': String(javaRelease(version)),
    'elasticsearch.version': version,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

interface CompileOptions {
  readonly home: string;
  readonly plugin: string;
  readonly jdk: Jdk;
  readonly version: string;
  readonly signal?: AbortSignal;
}

async function compile({ home, plugin, jdk, version, signal }: CompileOptions): Promise<void> {
  const classes = join(home, 'plugins', '.classes');
  const files = sources().map((name) => join(SOURCES, name));
  const release = String(javaRelease(version));
  const javac = ['--release', release, '-proc:none', '-nowarn', '-cp', `${home}/lib/*`, '-d', classes, ...files];
  await tool(join(jdk.home, 'bin/javac'), javac, signal);
  await tool(join(jdk.home, 'bin/jar'), ['cf', join(plugin, `${PLUGIN_NAME}.jar`), '-C', classes, '.'], signal);
  // Elasticsearch takes every folder beside the plugin for a plugin.
  rmSync(classes, { recursive: true });
}

async function tool(command: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  const { code, output } = await runCommand(command, args, signal ? { signal } : {});
  if (code === 0) return;
  const message = `${command} could not prepare the Elasticsearch analysis plugin (exit code ${code ?? 'none'}): ${output.slice(0, 600)}`;
  throw new SluiceError('STACK_DOWNLOAD_FAILED', message, {
    hint: 'Set SLUICE_JAVA_HOME to a full JDK 21 or 17.',
    retriable: false,
  });
}

/** Copies a tree by hard links, or by content where the file system has none: the distribution is 145 MB and is never written to. */
function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkOrCopy(source, target);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}
