import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { REFUSALS } from '#connectors/commands/model/refusals.ts';
import { SQL_VARIANTS, splitBatches, sqlScripts } from '#infra/sql/scripts.ts';
import { parseBatch } from '#infra/standin/sql/parser.ts';

const VARIABLES = { SluiceDatabase: 'EPOS', SluiceCapturePassword: "it's", SluiceCommandsPassword: 'p' };

describe.each(SQL_VARIANTS)('the scripts for %s', (variant) => {
  it('say from which version of SQL Server they run', () => {
    for (const script of sqlScripts(variant))
      expect(script.text, script.name).toMatch(/Minimum version: SQL Server 20\d\d/);
  });

  it('are T-SQL that the stand-in parses', () => {
    for (const script of sqlScripts(variant, VARIABLES))
      for (const batch of script.batches) expect(() => parseBatch(batch), script.name).not.toThrow();
  });

  it('define the procedure of every command with the parameters the gateway sends', () => {
    const text = sqlScripts(variant)
      .map((script) => script.text)
      .join('\n');
    for (const command of COMMANDS) {
      const [, header] =
        new RegExp(`CREATE PROCEDURE ${command.procedure.replace('.', '\\.')}\\s([\\s\\S]*?)\nAS\n`).exec(text) ?? [];
      const names = [...(header ?? '').matchAll(/@(\w+)/g)].map(([, name]) => name);
      const example = command.name === 'AcceptOrder' ? { lines: [] } : {};
      const own = command.parameters({ params: {}, body: example }).map((parameter) => parameter.name);
      expect(names).toEqual(['IdempotencyKey', 'Caller', 'RequestId', 'PayloadHash', ...own, 'CommandId']);
    }
  });

  it('throw only documented refusals, and each refusal of a command somewhere', () => {
    const text = sqlScripts(variant)
      .map((script) => script.text)
      .join('\n');
    const problems = new Set([...text.matchAll(/"problem":"([a-z-]+)"/g)].map(([, name]) => name));
    expect([...problems].toSorted()).toEqual(Object.keys(REFUSALS).toSorted());
    const numbers = new Set([...text.matchAll(/THROW (\d+),/g)].map(([, number]) => Number(number)));
    expect([...numbers].toSorted()).toEqual(
      [...new Set(Object.values(REFUSALS).map((refusal) => refusal.number))].toSorted(),
    );
  });

  it('roll everything back on any error', () => {
    for (const script of sqlScripts(variant).filter(({ text }) => text.includes('CREATE PROCEDURE'))) {
      expect(script.text).toContain('SET XACT_ABORT ON');
      expect(script.text.match(/IF XACT_STATE\(\) <> 0 ROLLBACK TRANSACTION;/g)).toHaveLength(1);
    }
  });
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

describe('sqlcmd variables and GO', () => {
  it('are filled in with their quotes doubled', () => {
    const login = sqlScripts('epos', VARIABLES).find((script) => script.name === 'common/captureLogin.sql');
    expect(login?.text).toContain("PASSWORD = N'it''s'");
    expect(login?.text).toContain('USE [EPOS];');
  });

  it('stay as they are for a DBA', () => {
    expect(sqlScripts('epos').some((script) => script.text.includes("N'$(SluiceCommandsPassword)'"))).toBe(true);
  });

  it('split at lines that hold only GO', () => {
    expect(splitBatches("SELECT 1\nGO\n\n go \nSELECT 'GO'\r\nGO\r\n")).toEqual(['SELECT 1', "SELECT 'GO'"]);
  });
});
