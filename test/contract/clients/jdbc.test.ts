import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeClient } from './clientContract.ts';
import { besideClients, cachedFor, type ForeignProgram, maven, requireJdk } from './foreignProgram.ts';

const PROGRAM = besideClients('java/JdbcProgram.java');

/** Java compiles the one source file itself when it starts it. */
async function prepare(version: string): Promise<ForeignProgram> {
  const jdk = requireJdk(17);
  const folder = await cachedFor(`mssql-jdbc-${version}`, [], (staging) =>
    maven(jdk, [
      'dependency:copy',
      `-Dartifact=com.microsoft.sqlserver:mssql-jdbc:${version}`,
      `-DoutputDirectory=${staging}`,
    ]),
  );
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  const classPath = jars.map((name) => join(folder, name)).join(process.platform === 'win32' ? ';' : ':');
  return {
    command: join(jdk.home, 'bin/java'),
    args: ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', classPath, PROGRAM],
  };
}

for (const version of ['12.10.2.jre11', '13.6.2.jre11']) {
  describeClient({
    name: `mssql-jdbc ${version}`,
    prepare: () => prepare(version),
    args: (port, mode) => [String(port), mode === 'tls' ? 'true' : 'false'],
  });
}
