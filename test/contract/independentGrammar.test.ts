import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { forServer, SQL_SERVERS } from '#infra/sql/scripts.ts';
import { cachedFor, fetching, requireOnPath, Unavailable } from './clients/foreignProgram.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Scripts that differ by server are read as each server gets them. */
const SCRIPTS = globSync(['infra/sql/**/*.sql', 'infra/demo/**/*.sql'], { cwd: ROOT })
  .sort()
  .flatMap((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    if (!/^-- ON 20/m.test(text)) return [{ name: path, text }];
    return SQL_SERVERS.map((server) => ({ name: `${path} for ${server}`, text: forServer(text, server) }));
  });

/** The grammar is of 2021 and takes none of these, all legal: https://learn.microsoft.com/sql/t-sql/statements/grant-transact-sql */
const KNOWN_GAPS: readonly { readonly what: string; readonly batch: RegExp }[] = [
  { what: 'GRANT … ON class::securable', batch: /^GRANT \w+ ON (SCHEMA|TYPE|DATABASE)::[\w.]+ TO \w+;?$/ },
  {
    what: 'GRANT of several rights at once',
    batch: /^GRANT SELECT, VIEW DEFINITION ON [\w.]+ TO \w+;?$/,
  },
  {
    what: 'GRANT VIEW SERVER STATE, GRANT VIEW DATABASE STATE',
    batch: /^GRANT VIEW (SERVER|DATABASE) STATE TO \w+;?$/,
  },
];

/** The parts of the two packages that are used; they bring no usable types. */
interface Grammar {
  readonly TSqlLexer: new (text: unknown) => Recogniser;
  readonly TSqlParser: new (
    tokens: unknown,
  ) => Recogniser & { readonly interpreter: { setPredictionMode(mode: number): void }; tsql_file(): unknown };
  readonly CharStreams: { fromString(text: string): unknown };
  readonly CommonTokenStream: new (lexer: unknown) => unknown;
}
interface Recogniser {
  removeErrorListeners(): void;
  addErrorListener(listener: {
    syntaxError(recogniser: unknown, symbol: unknown, line: number, column: number, message: string): void;
  }): void;
}

describe('every T-SQL script of ours', { timeout: 60_000 }, () => {
  let grammar: Grammar | undefined;
  let missing = '';
  const used = new Set<string>();

  beforeAll(async () => {
    try {
      grammar = await fetchGrammar();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
    }
  }, 300_000);

  for (const script of SCRIPTS) {
    it(`is T-SQL to a grammar that is not ours: ${script.name}`, (ctx) => {
      if (!grammar) return ctx.skip(missing);
      const faults: string[] = [];
      for (const { text, line } of batchesOf(script.text)) {
        const [first] = complaints(grammar, withPlainTableTypes(text));
        if (first === undefined) continue;
        const gap = KNOWN_GAPS.find(({ batch }) => batch.test(withoutComments(text)));
        if (gap) used.add(gap.what);
        else faults.push(`batch at line ${line}: ${first}`);
      }
      expect(faults).toEqual([]);
    });
  }

  it('needs each of the named exceptions, and finds a fault where there is one', (ctx) => {
    if (!grammar) return ctx.skip(missing);
    expect([...used].sort()).toEqual(KNOWN_GAPS.map(({ what }) => what).sort());
    expect(complaints(grammar, 'SELECT FROM WHERE')).not.toEqual([]);
  });
});

async function fetchGrammar(): Promise<Grammar> {
  const npm = requireOnPath('npm', 'it comes with Node.js');
  const folder = await cachedFor('antlr4ts-sql-1.1.0', [], (staging) =>
    // The runtime's later builds lay their files out differently.
    fetching(npm, [
      'install',
      '--prefix',
      staging,
      '--no-audit',
      '--no-fund',
      'antlr4ts-sql@1.1.0',
      'antlr4ts@0.5.0-alpha.4',
    ]),
  );
  const load = createRequire(join(folder, 'package.json'));
  const generated = 'antlr4ts-sql/dist/src/grammar-output/tsql';
  return Object.assign(
    {},
    load('antlr4ts'),
    load(`${generated}/TSqlLexer`),
    load(`${generated}/TSqlParser`),
  ) as Grammar;
}

/** Complaints by batch: the scripts for different servers share most of theirs. */
const known = new Map<string, readonly string[]>();

/**
 * What the grammar says against a batch, `line:column message`; it knows keywords in upper case only. The quick way of prediction (SLL) takes
 * no text that the full one refuses; what it complains of is asked again the full way.
 */
function complaints(grammar: Grammar, batch: string): readonly string[] {
  const quick = known.get(batch) ?? parse(grammar, batch, SLL);
  known.set(batch, quick);
  return quick.length === 0 ? quick : parse(grammar, batch, LL);
}

/** ANTLR's prediction modes by number. */
const SLL = 0;
const LL = 1;

function parse(grammar: Grammar, batch: string, mode: number): string[] {
  const found: string[] = [];
  const listener = {
    syntaxError(_recogniser: unknown, _symbol: unknown, line: number, column: number, message: string) {
      found.push(`${line}:${column} ${message.slice(0, 160)}`);
    },
  };
  const lexer = new grammar.TSqlLexer(grammar.CharStreams.fromString(batch.toUpperCase()));
  lexer.removeErrorListeners();
  lexer.addErrorListener(listener);
  const parser = new grammar.TSqlParser(new grammar.CommonTokenStream(lexer));
  parser.removeErrorListeners();
  parser.addErrorListener(listener);
  parser.interpreter.setPredictionMode(mode);
  parser.tsql_file();
  return found;
}

function batchesOf(script: string): { text: string; line: number }[] {
  const batches: { text: string; line: number }[] = [];
  let lines: string[] = [];
  for (const [i, line] of [...script.split(/\r?\n/), 'GO'].entries()) {
    if (!/^\s*GO\s*$/i.test(line)) {
      lines.push(line);
      continue;
    }
    if (lines.some((l) => l.trim() !== '')) batches.push({ text: lines.join('\n'), line: i + 1 - lines.length });
    lines = [];
  }
  return batches;
}

/** The grammar takes a variable's table type only without its schema: https://learn.microsoft.com/sql/t-sql/language-elements/declare-local-variable-transact-sql */
function withPlainTableTypes(batch: string): string {
  return batch.replaceAll(/^(\s*DECLARE @\w+) \w+\.(\w+;)$/gm, '$1 $2');
}

function withoutComments(batch: string): string {
  return batch.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ').trim();
}
