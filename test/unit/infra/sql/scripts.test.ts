import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import type { Command } from '#connectors/commands/model/defineCommand.ts';
import { grantedProcedures, grantedTypes, grantsScript } from '#connectors/commands/model/grants.ts';
import { REFUSALS } from '#connectors/commands/model/refusals.ts';
import {
  commandGrantScripts,
  forServer,
  SQL_SERVERS,
  SQL_VARIANTS,
  splitBatches,
  sqlScripts,
} from '#infra/sql/scripts.ts';
import { parseBatch } from '#infra/standin/sql/parser.ts';

const VARIABLES = { SluiceDatabase: 'EPOS', SluiceCapturePassword: "it's", SluiceCommandsPassword: 'p' };
const SETS = SQL_VARIANTS.flatMap((variant) => SQL_SERVERS.map((server) => [variant, server] as const));

const EXAMPLE = { params: {}, query: { skus: [] }, body: { lines: [], address: {} } };
const KEY_PARAMETERS = ['IdempotencyKey', 'Caller', 'RequestId', 'PayloadHash'];

/** Names of the parameters that the gateway sends, in the procedure's order. */
function sentParameters(command: Command): readonly string[] {
  const own = command.procedure.parameters(EXAMPLE).map((parameter) => parameter.name);
  return command.guard.kind === 'read'
    ? ['Caller', 'RequestId', ...own]
    : [...KEY_PARAMETERS, ...own, 'CommandId', 'TraceParent'];
}

describe.each(SETS)('the scripts for %s on SQL Server %s', (variant, server) => {
  const scripts = sqlScripts(variant, VARIABLES, server);
  const text = scripts.map((script) => script.text).join('\n');

  it('say from which version of SQL Server they run', () => {
    for (const script of scripts.filter(({ batches }) => batches.length > 0))
      expect(script.text, script.name).toMatch(/Minimum version: SQL Server\s(-- )?20\d\d/);
  });

  it('are T-SQL that the stand-in parses', () => {
    for (const script of scripts)
      for (const batch of script.batches) expect(() => parseBatch(batch), script.name).not.toThrow();
  });

  it('define the procedure of every command with the parameters the gateway sends', () => {
    for (const command of COMMANDS) {
      const name = command.procedure.name.replace('.', '\\.');
      const [, header] = new RegExp(`CREATE PROCEDURE ${name}\\s([\\s\\S]*?)\nAS\n`).exec(text) ?? [];
      const declared = (header ?? '').replaceAll(/--.*$/gm, '');
      const names = [...declared.matchAll(/@(\w+)/g)].map(([, parameter]) => parameter);
      expect(names, command.name).toEqual(sentParameters(command));
    }
  });

  it('answer only documented refusals, and each refusal of a command somewhere', () => {
    const found = [...text.matchAll(/@Refusal = (\d{5}), @Result = N'\{"problem":"([a-z-]+)"/g)];
    const answered = new Map(found.map(([, number, problem]) => [problem, Number(number)]));
    const read = [...text.matchAll(/N'\{"problem":"([a-z-]+)"\}'\) AS Result, (\d{5}) AS Refusal/g)];
    for (const [, problem, number] of read) answered.set(problem, Number(number));
    const documented = new Map(Object.entries(REFUSALS).map(([name, { number }]) => [name, number as number]));
    // AdventureWorks' columns are Unicode, so only a street that is too long is refused there, with the same number.
    expect([...answered].toSorted()).toEqual([...documented].toSorted());
  });

  it('roll everything back on any error', () => {
    const writes = COMMANDS.filter((command) => command.guard.kind === 'write').map(
      (command) => command.procedure.name,
    );
    for (const name of writes) {
      const script = scripts.find((entry) => entry.text.includes(`CREATE PROCEDURE ${name}\n`));
      expect(script?.text).toContain('SET XACT_ABORT ON');
      expect(script?.text.match(/IF XACT_STATE\(\) <> 0 ROLLBACK TRANSACTION;/g)).toHaveLength(1);
    }
  });

  it('use nothing that came after that version', () => {
    for (const { name, batches } of scripts.filter((script) => !script.name.includes('capture')))
      for (const batch of batches) expect([name, ...laterSyntax(batch, server)]).toEqual([name]);
  });
});

/** Words and forms by the version that brought them. Source: the "Applies to" line of each one's page in the T-SQL reference. */
const SINCE: readonly (readonly [version: number, what: string, form: RegExp])[] = [
  [2008, 'type date', /\bdate\b(?!\w|\()/i],
  [2008, 'type time', /\btime\s*\(/i],
  [2008, 'type datetime2', /\bdatetime2\b/i],
  [2008, 'type datetimeoffset', /\bdatetimeoffset\b/i],
  [2008, 'SYSUTCDATETIME', /\bSYS(UTC)?DATETIME(OFFSET)?\b/i],
  [2008, 'MERGE', /\bMERGE\b/i],
  [2008, 'DECLARE with a value', /\bDECLARE\b[^;]*?@\w+\s+\w+(\s*\([^)]*\))?\s*=/i],
  [2008, 'compound assignment', /[-+*/%&|^]=/],
  [2008, 'several rows of VALUES', /\bVALUES\s*\((?:[^()]|\([^()]*\))*\)\s*,/i],
  [2008, 'table type', /\bAS\s+TABLE\b|\bREADONLY\b/i],
  [2008, 'GRANT on a type', /\bON\s+TYPE::/i],
  [2012, 'THROW', /\bTHROW\b/i],
  [2012, 'TRY_CONVERT and its kind', /\bTRY_(CONVERT|CAST|PARSE)\b/i],
  [2012, 'IIF', /\bIIF\s*\(/i],
  [2012, 'CHOOSE', /\bCHOOSE\s*\(/i],
  [2012, 'CONCAT', /\bCONCAT\s*\(/i],
  [2012, 'FORMAT', /\bFORMAT\s*\(/i],
  [2012, 'EOMONTH and its kind', /\b(EOMONTH|DATEFROMPARTS|DATETIMEFROMPARTS)\b/i],
  [2012, 'OFFSET', /\bOFFSET\s+\S+\s+ROWS?\b/i],
  [2012, 'sequences', /\bNEXT\s+VALUE\s+FOR\b|\bCREATE\s+SEQUENCE\b/i],
  [2012, 'ALTER ROLE with a member', /\bALTER\s+ROLE\b/i],
  [2016, 'JSON functions', /\b(OPENJSON|JSON_VALUE|JSON_QUERY|ISJSON|JSON_MODIFY)\b|\bFOR\s+JSON\b/i],
  [2016, 'STRING_SPLIT, STRING_ESCAPE', /\bSTRING_(SPLIT|ESCAPE)\b/i],
  [2016, 'IF EXISTS of DROP', /\bDROP\s+\w+\s+IF\s+EXISTS\b/i],
  [2016, 'CREATE OR ALTER', /\bCREATE\s+OR\s+ALTER\b/i],
  [2017, 'STRING_AGG', /\bSTRING_AGG\b/i],
  [2017, 'TRIM', /\bTRIM\s*\(/i],
  [2017, 'CONCAT_WS, TRANSLATE', /\b(CONCAT_WS|TRANSLATE)\s*\(/i],
];

/** What a batch uses that `server` does not know; texts and comments apart. CDC's own procedures are of the version that brought CDC. */
function laterSyntax(batch: string, server: string): readonly string[] {
  const code = batch.replaceAll(/N?'(?:[^']|'')*'/g, "''").replaceAll(/--.*$/gm, '');
  return SINCE.filter(([version, , form]) => version > Number(server) && form.test(code)).map(([, what]) => what);
}

it('the check for later syntax finds each form', () => {
  const examples: Record<string, string> = {
    'type date': 'DECLARE @d date',
    'type time': 'CREATE TABLE t (a time(3))',
    'type datetime2': 'CREATE TABLE t (a datetime2(3))',
    'type datetimeoffset': 'CREATE TABLE t (a datetimeoffset)',
    SYSUTCDATETIME: 'SELECT SYSUTCDATETIME()',
    MERGE: 'MERGE t USING u',
    'DECLARE with a value': 'DECLARE @a int, @b varchar(3) = 1',
    'compound assignment': 'SET @a += 1',
    'several rows of VALUES': 'INSERT INTO t VALUES (1, LEFT(a, 1)), (2, b)',
    'table type': 'CREATE TYPE t AS TABLE (a int)',
    'GRANT on a type': 'GRANT EXECUTE ON TYPE::t TO u',
    THROW: 'THROW 50000, 1, 1',
    'TRY_CONVERT and its kind': 'SELECT TRY_CONVERT(int, 1)',
    IIF: 'SELECT IIF(1 = 1, 1, 2)',
    CHOOSE: 'SELECT CHOOSE(1, 2)',
    CONCAT: 'SELECT CONCAT(1, 2)',
    FORMAT: 'SELECT FORMAT(1, 2)',
    'EOMONTH and its kind': 'SELECT EOMONTH(a)',
    OFFSET: 'SELECT a ORDER BY a OFFSET 1 ROW',
    sequences: 'SELECT NEXT VALUE FOR s',
    'ALTER ROLE with a member': 'ALTER ROLE r ADD MEMBER u',
    'JSON functions': 'SELECT JSON_VALUE(a, b)',
    'STRING_SPLIT, STRING_ESCAPE': 'SELECT STRING_ESCAPE(a, b)',
    'IF EXISTS of DROP': 'DROP TABLE IF EXISTS t',
    'CREATE OR ALTER': 'CREATE OR ALTER PROCEDURE p AS RETURN',
    STRING_AGG: 'SELECT STRING_AGG(a, b)',
    TRIM: 'SELECT TRIM(a)',
    'CONCAT_WS, TRANSLATE': 'SELECT TRANSLATE(a, b, c)',
  };
  expect(SINCE.map(([, what]) => [what, laterSyntax(examples[what] ?? '', '2005')])).toEqual(
    SINCE.map(([, what]) => [what, expect.arrayContaining([what])]),
  );
});

describe('the table of refusals in infra/sql/README.md', () => {
  it('is the one the command API works with', () => {
    const readme = readFileSync(new URL('../../../../infra/sql/README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| (504\d\d) +\| `([a-z-]+)` +\| .*? \| (\d{3})/gm)].map(
      ([, number, name, status]) => [name, Number(number), Number(status)],
    );
    const expected = Object.entries(REFUSALS).map(([name, { number, status }]) => [name, number, status]);
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });
});

describe('the grants of the command API', () => {
  it('are generated from the use cases and committed', () => {
    const committed = readFileSync(new URL('../../../../infra/sql/common/commandsGrants.sql', import.meta.url), 'utf8');
    expect(committed).toBe(grantsScript());
  });

  it('name single procedures and types only, never the schema', () => {
    for (const server of SQL_SERVERS) {
      const text = commandGrantScripts(server)
        .map((script) => script.text)
        .join('\n');
      const granted = [...text.matchAll(/^GRANT EXECUTE ON (?:TYPE::)?(\S+) TO sluice_commands;$/gm)].map(
        ([, name]) => name,
      );
      const types = server === '2008' ? grantedTypes() : [];
      expect(granted.toSorted()).toEqual([...grantedProcedures(server), ...types].toSorted());
      expect(text.match(/^GRANT/gm)).toHaveLength(granted.length);
    }
  });

  it('cover the table types that the commands use', () => {
    for (const command of COMMANDS) {
      const used = command.procedure
        .parameters(EXAMPLE)
        .flatMap((parameter) => (parameter.type === 'table' ? [parameter.value.typeName] : []));
      expect(command.procedure.tableTypes).toEqual(used);
    }
  });
});

describe('sqlcmd variables, versions and GO', () => {
  it('are filled in with their quotes doubled', () => {
    const login = sqlScripts('epos', VARIABLES).find((script) => script.name === 'common/captureLogin.sql');
    expect(login?.text).toContain("PASSWORD = N'it''s'");
    expect(login?.text).toContain('USE [EPOS];');
  });

  it('stay as they are for a DBA', () => {
    expect(sqlScripts('epos').some((script) => script.text.includes("N'$(SluiceCommandsPassword)'"))).toBe(true);
  });

  it('keep the lines of one version and those of both', () => {
    const text = 'a\n-- ON 2008\nb\n-- ON 2005\nc\n-- ON BOTH\nd';
    expect([forServer(text, '2008'), forServer(text, '2005')]).toEqual(['a\nb\nd', 'a\nc\nd']);
  });

  it('split at lines that hold only GO, and leave out batches of comments', () => {
    expect(splitBatches("SELECT 1\nGO\n\n go \n-- no more\nGO\nSELECT 'GO'\r\nGO\r\n")).toEqual([
      'SELECT 1',
      "SELECT 'GO'",
    ]);
  });
});
