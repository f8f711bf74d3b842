import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedFor, maven, requireJdk, Unavailable } from './clients/foreignProgram.ts';
import { installAndReadBack, TSQL } from './tsqlScripts.ts';

/** A folder with T-SQL scripts that nobody here wrote, such as vendors' sample databases. They are not ours to ship. */
const FOLDER = process.env['SLUICE_VENDOR_SQL'];
const SCRIPTS = FOLDER ? globSync('*.sql', { cwd: FOLDER }).sort() : [];
const ROOMY = { timeout: 300_000 };

describe.skipIf(SCRIPTS.length === 0 || TSQL === undefined)(
  "other people's scripts (needs FreeTDS' tsql, and SLUICE_VENDOR_SQL: a folder with .sql files)",
  () => {
    // describe.skipIf still collects its tests, and a suite without any is an error.
    for (const script of SCRIPTS.length === 0 ? ['none'] : SCRIPTS) {
      it(`install without an error and read back: ${basename(script)}`, ROOMY, async () => {
        const text = readFileSync(join(FOLDER!, script), 'utf8').replace(/^\uFEFF/, '');
        expect(await installAndReadBack(text)).toBeGreaterThan(0);
      });
    }
  },
);

/** Libraries from Maven Central whose jars carry T-SQL that their makers run on SQL Server, and where in the jar it is, in running order. */
const PUBLISHED = [
  {
    name: 'the tables of the Flowable workflow engine',
    artifacts: [
      'org.flowable:flowable-engine-common:7.1.0',
      'org.flowable:flowable-idm-engine:7.1.0',
      'org.flowable:flowable-engine:7.1.0',
    ],
    scripts: [
      'org/flowable/common/db/create/flowable.mssql.create.common.sql',
      'org/flowable/idm/db/create/flowable.mssql.create.identity.sql',
      'org/flowable/db/create/flowable.mssql.create.engine.sql',
      'org/flowable/db/create/flowable.mssql.create.history.sql',
    ],
    tables: 41,
    head: 'USE vendor',
    from: '',
  },
  {
    name: 'the tables of the Quartz scheduler',
    artifacts: ['org.quartz-scheduler:quartz:2.3.2'],
    scripts: ['org/quartz/impl/jdbcjobstore/tables_sqlServer.sql'],
    tables: 11,
    head: '',
    // The script asks its reader to write the name of the database here.
    from: '[enter_db_name_here]',
  },
];

describe.skipIf(TSQL === undefined)("published libraries' scripts (needs FreeTDS' tsql, a JDK, Maven)", () => {
  for (const { name, artifacts, scripts, tables, head, from } of PUBLISHED) {
    it(`install without an error and read back: ${name}`, ROOMY, async (context) => {
      const folder = await unpacked(artifacts).catch((error: unknown) => {
        if (error instanceof Unavailable) return context.skip(error.message);
        throw error;
      });
      const texts = scripts.map((script) => readFileSync(join(folder, script), 'utf8'));
      const text = texts.join('\nGO\n').replaceAll(from === '' ? '\u0000' : from, 'vendor');
      expect(await installAndReadBack(`CREATE DATABASE vendor\nGO\n${head}\nGO\n${text}`)).toBe(tables);
    });
  }
});

/** The SQL of the artifacts, unpacked into the cache folder. */
async function unpacked(artifacts: readonly string[]): Promise<string> {
  const jdk = requireJdk(17);
  const name = artifacts.map((artifact) => artifact.split(':').slice(1).join('-')).join('+');
  return cachedFor(name, [], async (staging) => {
    for (const artifact of artifacts) {
      const unpack = [
        // The version that the local stack's pom.xml pins; older ones leave files out of what they unpack.
        'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack',
        `-Dartifact=${artifact}:jar`,
        `-DoutputDirectory=${staging}`,
        '-Dmdep.unpack.includes=**/*.sql',
      ];
      // Without a project of its own the plugin writes its marks into the folder it runs in.
      await maven(jdk, unpack, staging);
    }
  });
}
