import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cell, Reply } from './reply.ts';
import type { ContractServer, Session } from './server.ts';

/** What a server answers to a batch. What is left out is not looked at, except that errors must be expected. */
export interface SqlCase {
  /** The behaviour, as a sentence. */
  readonly name: string;
  /** Title of the vendor's page that says so, or "measured: …". */
  readonly source: string;
  /** Batches before, in the same session; they must not fail. */
  readonly given?: readonly string[];
  readonly batch: string;
  /** Rows of all result sets, one after the other. */
  readonly rows?: readonly (readonly Cell[])[];
  readonly sets?: readonly (readonly (readonly Cell[])[])[];
  /** Names of the columns of the first result set. */
  readonly columns?: readonly string[];
  /** Numbers of all errors in order; none when left out. */
  readonly errors?: readonly number[];
  /** What the first error's text holds. */
  readonly text?: string;
  /** Texts of PRINT and informational messages. */
  readonly messages?: readonly string[];
  readonly affected?: readonly number[];
  /** One more batch in the same session, and its reply. */
  readonly after?: Expected & { readonly batch: string };
}

/** What a reply is compared with. */
export type Expected = Pick<SqlCase, 'rows' | 'sets' | 'columns' | 'errors' | 'text' | 'messages' | 'affected'>;

/** An expression and the value it has: [expression, value as varchar text or cell]. */
export type ExpressionCase = readonly [expression: string, value: Cell];

/** Checks a reply against a case. */
export function expectReply(reply: Reply, wanted: Expected): void {
  const seen = reply.errors.map((error) => error.number);
  expect(seen, reply.errors.map((error) => error.message).join(' | ')).toEqual(wanted.errors ?? []);
  if (wanted.text !== undefined) expect(reply.errors[0]?.message).toContain(wanted.text);
  if (wanted.rows) expect(reply.sets.flat()).toEqual(wanted.rows);
  if (wanted.sets) expect(reply.sets).toEqual(wanted.sets);
  if (wanted.columns) expect(reply.columns[0]).toEqual(wanted.columns);
  if (wanted.messages) expect(reply.messages).toEqual(wanted.messages);
  if (wanted.affected) expect(reply.affected).toEqual(wanted.affected);
}

/** One test per case, each in a session of its own. */
export function sqlCases(server: ContractServer, title: string, cases: readonly SqlCase[]): void {
  describe(title, () => {
    test.each(cases)('$name [$source]', async (wanted) => {
      const session = await server.open();
      try {
        for (const batch of wanted.given ?? []) expectReply(await session.run(batch), {});
        expectReply(await session.run(wanted.batch), wanted);
        if (wanted.after) expectReply(await session.run(wanted.after.batch), wanted.after);
      } finally {
        await session.close();
      }
    });
  });
}

/** One test per expression, all from one page of the vendor and in one session. */
export function expressionCases(
  server: ContractServer,
  title: string,
  source: string,
  cases: readonly ExpressionCase[],
): void {
  describe(`${title} [${source}]`, () => {
    let session: Session;
    beforeAll(async () => {
      session = await server.open();
    });
    afterAll(() => session?.close());
    test.each(cases)('%s', async (expression, value) => {
      expectReply(await session.run(`SELECT ${expression}`), { rows: [[value]] });
    });
  });
}

/** One test per expression that fails with this error number. */
export function failingExpressions(
  server: ContractServer,
  title: string,
  source: string,
  cases: readonly (readonly [expression: string, error: number])[],
): void {
  describe(`${title} [${source}]`, () => {
    let session: Session;
    beforeAll(async () => {
      session = await server.open();
    });
    afterAll(() => session?.close());
    test.each(cases)('%s', async (expression, error) => {
      expectReply(await session.run(`SELECT ${expression}`), { errors: [error] });
    });
  });
}
