import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerSpec } from '../serverProcess.ts';
import type { StackAddresses } from '../types.ts';
import type { LocalContext } from './context.ts';
import { choosePrivileges, handOver, type Privileges, reachableHome } from './privileges.ts';

/**
 * The first compiler alone halves the processor time until the server is ready; a loaded server then indexes a third slower. Whoever
 * measures throughput takes it back with SLUICE_ELASTICSEARCH_JAVA_OPTS=-XX:TieredStopAtLevel=4, or gives it more memory there.
 */
const JAVA_OPTIONS = '-Xms512m -Xmx512m -XX:TieredStopAtLevel=1';

/** Lines of the distribution's jvm.options that write big files, or files into places that are not ours. */
const UNWANTED_JVM_LINES = /^(\d+(-\d*)?:)?-(Xlog:gc|XX:\+HeapDumpOnOutOfMemoryError|XX:HeapDumpPath|XX:ErrorFile)/;

const LOG4J = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`;

/** A single node without security on the loopback. A nearly full disk must not turn a developer's indices read-only. */
function elasticsearchYml(dir: string, httpPort: number, transportPort: number): string {
  return [
    'cluster.name: sluice',
    'node.name: sluice',
    `path.data: ${JSON.stringify(join(dir, 'data'))}`,
    `path.logs: ${JSON.stringify(join(dir, 'logs'))}`,
    `path.repo: ${JSON.stringify(join(dir, 'snapshots'))}`,
    'network.host: 127.0.0.1',
    `http.port: ${httpPort}`,
    `transport.port: ${transportPort}`,
    'discovery.type: single-node',
    'xpack.security.enabled: false',
    'cluster.routing.allocation.disk.threshold_enabled: false',
    'indices.breaker.total.use_real_memory: false',
    'action.destructive_requires_name: true',
    '',
  ].join('\n');
}

export async function startElasticsearch(context: LocalContext): Promise<StackAddresses> {
  const { dir, installation } = context;
  const privileges = await choosePrivileges();
  const installed = installation.elasticsearchHome!;
  const home = privileges.kind === 'nobody' ? reachableHome(installed) : installed;
  const conf = prepareFolders(dir, home);
  const { ports } = await context.launch(2, ([http = 0, transport = 0]) => {
    writeFileSync(join(conf, 'elasticsearch.yml'), elasticsearchYml(dir, http, transport));
    if (privileges.kind === 'nobody') giveTo(privileges.userId, dir);
    return spec({ dir, home, conf, javaHome: installation.jdk.home, httpPort: http, privileges });
  });
  return { elasticsearch: { url: `http://127.0.0.1:${ports[0]}` } };
}

const FOLDERS = ['conf', 'conf/jvm.options.d', 'data', 'logs', 'snapshots', 'tmp'];

function prepareFolders(dir: string, home: string): string {
  for (const name of FOLDERS) mkdirSync(join(dir, name), { recursive: true });
  const conf = join(dir, 'conf');
  const shipped = readFileSync(join(home, 'config/jvm.options'), 'utf8').split('\n');
  const errorFile = `-XX:ErrorFile=${join(dir, 'logs/hs_err_pid%p.log')}`;
  const kept = [...shipped.filter((line) => !UNWANTED_JVM_LINES.test(line)), errorFile, ''];
  writeFileSync(join(conf, 'jvm.options'), kept.join('\n'));
  writeFileSync(join(conf, 'log4j2.properties'), LOG4J);
  return conf;
}

function giveTo(userId: number, dir: string): void {
  handOver(
    dir,
    userId,
    FOLDERS.map((name) => join(dir, name)),
  );
}

interface SpecOptions {
  readonly dir: string;
  readonly home: string;
  readonly conf: string;
  readonly javaHome: string;
  readonly httpPort: number;
  readonly privileges: Privileges;
}

function spec({ dir, home, conf, javaHome, httpPort, privileges }: SpecOptions): ServerSpec {
  const program = join(home, 'bin/elasticsearch');
  const inNamespace = privileges.kind === 'namespace';
  return {
    name: 'elasticsearch',
    command: inNamespace ? privileges.command : program,
    args: inNamespace ? [...privileges.args, program] : [],
    cwd: dir,
    env: {
      ES_JAVA_HOME: javaHome,
      ES_PATH_CONF: conf,
      ES_TMPDIR: join(dir, 'tmp'),
      ES_JAVA_OPTS: `${JAVA_OPTIONS} ${process.env['SLUICE_ELASTICSEARCH_JAVA_OPTS'] ?? ''}`,
    },
    logFile: join(dir, 'elasticsearch.log'),
    userId: privileges.kind === 'nobody' ? privileges.userId : undefined,
    ready: async (signal) => {
      const url = `http://127.0.0.1:${httpPort}/_cluster/health?wait_for_status=yellow&timeout=2s`;
      const answer = await fetch(url, { signal });
      await answer.body?.cancel();
      return answer.ok;
    },
    stopTimeoutMs: 20_000,
  };
}
