import type { Batch } from './astStatements.ts';
import { parseStatementsToEnd } from './parseStatement.ts';
import { TokenStream } from './tokenStream.ts';

/**
 * Parses one batch (no GO lines; see splitBatches). Throws SqlError with its line: 102 or 156 for syntax, 105 and 113 for open quotes and
 * comments, 40517 for constructs that are known and not built.
 */
export function parseBatch(sql: string): Batch {
  return { statements: parseStatementsToEnd(new TokenStream(sql)) };
}
