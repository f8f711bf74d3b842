/** A batch of a script, with the 1-based line of the script on which it begins. */
export interface ScriptBatch {
  readonly sql: string;
  readonly firstLine: number;
}

const GO = /^\s*go(?:\s+(\d+))?\s*;?\s*(?:--.*)?$/i;

/**
 * Splits a script on its GO lines, as sqlcmd does: a line that holds only GO (and perhaps a count, which repeats the batch) outside
 * strings, quoted names and comments. Batches of blanks are left out.
 */
export function splitBatches(script: string): ScriptBatch[] {
  const out: ScriptBatch[] = [];
  const lines = script.split(/\r?\n/);
  let current: string[] = [];
  let firstLine = 1;
  let open: Open = { until: '', depth: 0 };
  const flush = (times: number, nextLine: number): void => {
    const sql = current.join('\n');
    if (sql.trim() !== '') for (let i = 0; i < times; i++) out.push({ sql, firstLine });
    current = [];
    firstLine = nextLine;
  };
  lines.forEach((line, i) => {
    const go = open.until === '' ? GO.exec(line) : null;
    if (go) flush(Number(go[1] ?? 1), i + 2);
    else {
      current.push(line);
      open = scanLine(line, open);
    }
  });
  flush(1, lines.length + 1);
  return out;
}

/** What a line leaves open: a quote that waits for its end, or nested comments (`until` is then a star). */
interface Open {
  readonly until: string;
  readonly depth: number;
}

function scanLine(line: string, before: Open): Open {
  let { until, depth } = before;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    const two = line.slice(i, i + 2);
    if (until === '*') {
      if (two === '*/') depth--;
      else if (two === '/*') depth++;
      else continue;
      i++;
      if (depth === 0) until = '';
    } else if (until !== '') {
      if (c !== until) continue;
      if (line[i + 1] === until) i++;
      else until = '';
    } else if (two === '--') break;
    else if (two === '/*') {
      until = '*';
      depth = 1;
      i++;
    } else if (c === "'" || c === '"') until = c;
    else if (c === '[') until = ']';
  }
  return { until, depth };
}
