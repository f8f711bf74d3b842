import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type FolderContext, hostContext } from './cacheFolder.ts';
import { MIN_JAVA, NEWEST_TRIED_JAVA, PREFERRED_JAVA } from './versions.ts';

/** A Java development kit: a folder with bin/java and bin/javac. */
export interface Jdk {
  readonly home: string;
  readonly major: number;
  /** As its `release` file says, for example "17.0.15". */
  readonly version: string;
}

/** Where kits are looked for; `systemFolders` hold one kit per subfolder. */
export interface JdkSearch extends FolderContext {
  readonly systemFolders: readonly string[];
}

const REMEDY =
  'Install a JDK, version 21 or newer if you can (for example temurin-25-jdk or openjdk-17-jdk), or set SLUICE_JAVA_HOME to the folder of one.';

function hostJdkSearch(): JdkSearch {
  const context = hostContext();
  return { ...context, systemFolders: ['/usr/lib/jvm', '/usr/java', '/Library/Java/JavaVirtualMachines'] };
}

/**
 * The kit to run the servers with. SLUICE_JAVA_HOME decides alone; else JAVA_HOME, PATH, the system's folders, Homebrew and SDKMAN are
 * looked through in that order for one that the newest servers run on, and failing that for the oldest that still does.
 * Throws STACK_JAVA_MISSING with the remedy.
 */
export function findJdk(search: JdkSearch = hostJdkSearch()): Jdk {
  const forced = search.env['SLUICE_JAVA_HOME'];
  if (forced) {
    const jdk = readJdk(forced);
    if (jdk && jdk.major >= MIN_JAVA) return jdk;
    const found = jdk ? `Java ${jdk.version}` : 'no JDK (bin/java, bin/javac and release)';
    const message = `SLUICE_JAVA_HOME is ${forced}: expected a JDK ${MIN_JAVA} or newer, found ${found}.`;
    throw new SluiceError('STACK_JAVA_MISSING', message, { hint: REMEDY });
  }
  const all = findJdks(search);
  const best =
    all.find((jdk) => jdk.major >= PREFERRED_JAVA && jdk.major <= NEWEST_TRIED_JAVA) ??
    all.find((jdk) => jdk.major > NEWEST_TRIED_JAVA) ??
    all.find((jdk) => jdk.major >= MIN_JAVA);
  if (best) return best;
  const found = all.length === 0 ? 'none' : all.map((jdk) => jdk.version).join(', ');
  const message = `No suitable JDK was found for Kafka and Elasticsearch: expected version ${MIN_JAVA} or newer, found ${found}.`;
  throw new SluiceError('STACK_JAVA_MISSING', message, { hint: REMEDY });
}

/** Every kit found, in the order of preference of its place; inside one folder the newest first. */
export function findJdks(search: JdkSearch): Jdk[] {
  const found = new Map<string, Jdk>();
  for (const home of candidateHomes(search)) {
    const jdk = readJdk(home);
    if (jdk && !found.has(jdk.home)) found.set(jdk.home, jdk);
  }
  return [...found.values()];
}

function* candidateHomes({ env, home, systemFolders }: JdkSearch): Generator<string> {
  if (env['JAVA_HOME']) yield env['JAVA_HOME'];
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const java = realPath(join(folder, 'java'));
    if (java) yield dirname(dirname(java));
  }
  const many = [
    ...systemFolders,
    join(home, 'Library/Java/JavaVirtualMachines'),
    join(home, '.sdkman/candidates/java'),
  ];
  for (const folder of many) yield* newestFirst(folder);
  for (const brew of ['/opt/homebrew/opt', '/usr/local/opt']) {
    for (const name of list(brew).filter((n) => n.startsWith('openjdk'))) yield join(brew, name);
  }
}

function newestFirst(folder: string): string[] {
  const kits = list(folder).flatMap((name) => readJdk(join(folder, name)) ?? []);
  return kits
    .sort((a, b) => b.major - a.major || b.version.localeCompare(a.version, 'en', { numeric: true }))
    .map((k) => k.home);
}

/** Reads the kit at `folder` or, as macOS lays them out, in its Contents/Home or libexec; undefined when there is none. */
function readJdk(folder: string): Jdk | undefined {
  for (const inside of ['', 'Contents/Home', 'libexec/openjdk.jdk/Contents/Home']) {
    const home = realPath(join(folder, inside));
    if (!home || !existsSync(join(home, 'bin/java')) || !existsSync(join(home, 'bin/javac'))) continue;
    const version = releaseVersion(home);
    if (version) return { home, version, major: majorOf(version) };
  }
  return undefined;
}

function releaseVersion(home: string): string | undefined {
  try {
    return /^JAVA_VERSION="([^"]+)"/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** 1.8.0_392 counts as 8. */
function majorOf(version: string): number {
  const parts = version.split(/[._+-]/).map(Number);
  return (parts[0] === 1 ? parts[1] : parts[0]) || 0;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
