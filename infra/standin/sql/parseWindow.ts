import type { Frame, FrameBound, OrderItem, Over } from './ast.ts';
import { unsupported } from './errors.ts';
import { parseExpr } from './parseExpr.ts';
import type { TokenStream } from './tokenStream.ts';

/** ORDER BY a, b DESC; the current token is ORDER. */
export function parseOrderBy(ts: TokenStream): OrderItem[] {
  ts.need('ORDER', 'BY');
  return ts.list(() => {
    const expr = parseExpr(ts);
    const descending = ts.eat('DESC');
    if (!descending) ts.eat('ASC');
    return { expr, descending };
  });
}

/** OVER ([PARTITION BY …] [ORDER BY …] [ROWS|RANGE …]); the current token is OVER. */
export function parseOver(ts: TokenStream): Over {
  ts.need('OVER');
  if (!ts.is('(')) throw unsupported('A named window', ts.line);
  ts.need('(');
  const partitionBy = ts.eatSeq('PARTITION', 'BY') ? ts.list(() => parseExpr(ts)) : [];
  const orderBy = ts.is('ORDER') ? parseOrderBy(ts) : [];
  const frame = ts.isAny('ROWS', 'RANGE') ? parseFrame(ts) : undefined;
  ts.need(')');
  return { partitionBy, orderBy, ...(frame ? { frame } : {}) };
}

function parseFrame(ts: TokenStream): Frame {
  const unit = ts.next().key === 'ROWS' ? 'rows' : 'range';
  if (ts.eat('BETWEEN')) {
    const start = parseBound(ts);
    ts.need('AND');
    return { unit, start, end: parseBound(ts) };
  }
  return { unit, start: parseBound(ts), end: 0 };
}

function parseBound(ts: TokenStream): FrameBound {
  if (ts.eatSeq('CURRENT', 'ROW')) return 0;
  if (ts.eatSeq('UNBOUNDED', 'PRECEDING')) return Number.NEGATIVE_INFINITY;
  if (ts.eatSeq('UNBOUNDED', 'FOLLOWING')) return Number.POSITIVE_INFINITY;
  const n = Number(ts.integer());
  if (ts.eat('PRECEDING')) return -n;
  ts.need('FOLLOWING');
  return n;
}
