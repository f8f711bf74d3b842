import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { isExecutable, onPath, runCommand } from './command.ts';

/** The pom.xml whose executions fetch the servers. */
const POM = join(import.meta.dirname, 'pom.xml');

export interface MavenCall {
  /** Goal with execution id of pom.xml, for example `dependency:unpack@redis`. */
  readonly goal: string;
  /** -D properties. */
  readonly properties: Readonly<Record<string, string>>;
  readonly javaHome: string;
  readonly signal?: AbortSignal;
}

/** The `mvn` of MAVEN_HOME or PATH. Throws STACK_MAVEN_MISSING with the remedy. */
export function findMaven(env: Readonly<Record<string, string | undefined>> = process.env): string {
  for (const home of [env['MAVEN_HOME'], env['M2_HOME']]) {
    if (home && isExecutable(join(home, 'bin/mvn'))) return join(home, 'bin/mvn');
  }
  const mvn = onPath('mvn', env);
  if (mvn) return mvn;
  throw new SluiceError(
    'STACK_MAVEN_MISSING',
    'Maven is needed to fetch the local servers and no `mvn` was found on PATH.',
  );
}

/** Runs one goal of pom.xml with the user's own settings (mirrors, proxies). Throws STACK_DOWNLOAD_FAILED with Maven's first complaints. */
export async function runMaven(call: MavenCall): Promise<void> {
  const properties = Object.entries(call.properties).map(([name, value]) => `-D${name}=${value}`);
  const { code, output } = await runCommand(
    findMaven(),
    ['-q', '-B', '-ntp', '-Dstyle.color=never', '-f', POM, ...properties, call.goal],
    { env: { ...process.env, JAVA_HOME: call.javaHome }, ...(call.signal ? { signal: call.signal } : {}) },
  );
  if (code === 0) return;
  const complaint = output.split('\n').find((line) => line.startsWith('[ERROR]')) ?? output.trim().slice(0, 300);
  const message = `Maven could not run ${call.goal} (exit code ${code ?? 'none'}): ${complaint.replace(/^\[ERROR\]\s*/, '').slice(0, 600)}`;
  throw new SluiceError('STACK_DOWNLOAD_FAILED', message);
}
