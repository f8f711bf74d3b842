import { SluiceError } from '#infra/runtime/errors.ts';
import type { LoadRow, LoadValue } from '../bulkLoad.ts';
import { BadValue, parseValue } from './parseValue.ts';
import type { DataFile } from './tables.ts';

/** Fields of one record and the line (from 1) it starts on. */
interface RecordText {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads one data file's text into rows. Every record must have exactly the file's columns and every field must fit its type; otherwise
 * DEMO_DATA_INVALID names file, line, column, what was expected and what was found.
 */
export function parseFile(file: DataFile, text: string): LoadRow[] {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const records = file.format === 'marks' ? markedRecords(file, body) : tabbedRecords(file, body);
  const rows: LoadRow[] = [];
  for (const record of records) rows.push(toRow(file, record));
  return rows;
}

function* tabbedRecords(file: DataFile, text: string): Generator<RecordText> {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (let at = 0; at < lines.length; ) {
    const start = at;
    let record = withoutReturn(lines[at++]!);
    while (file.multiline && at < lines.length && countTabs(record) < file.columns.length - 1) {
      record += `\n${withoutReturn(lines[at++]!)}`;
    }
    yield { line: start + 1, fields: record.split('\t') };
  }
}

function* markedRecords(file: DataFile, text: string): Generator<RecordText> {
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('&|', at);
    if (end < 0) {
      throw invalid(file, line, file.columns[0]!.name, 'a record that ends with &|', text.slice(at));
    }
    const record = text.slice(at, end);
    yield { line, fields: record.split('+|') };
    const rest = /^\r?\n?/.exec(text.slice(end + 2, end + 4))![0];
    line += record.split('\n').length - 1 + (rest.endsWith('\n') ? 1 : 0);
    at = end + 2 + rest.length;
  }
}

function toRow(file: DataFile, record: RecordText): LoadRow {
  if (record.fields.length !== file.columns.length) {
    const column = file.columns[Math.min(record.fields.length, file.columns.length) - 1]!.name;
    throw invalid(file, record.line, column, `${file.columns.length} fields`, `${record.fields.length} fields`);
  }
  const row: Record<string, LoadValue> = {};
  let line = record.line;
  for (const [index, column] of file.columns.entries()) {
    const text = record.fields[index]!;
    row[column.name] = field(file, line, index, text);
    line += text.split('\n').length - 1;
  }
  return row;
}

function field(file: DataFile, line: number, index: number, text: string): LoadValue {
  const column = file.columns[index]!;
  if (text === '' && column.nullable) return null;
  if (text === '') throw invalid(file, line, column.name, `${column.type}, never empty`, text);
  try {
    return parseValue(text, column.type);
  } catch (error) {
    if (error instanceof BadValue) throw invalid(file, line, column.name, error.expected, text);
    throw error;
  }
}

/** These are published sample data, so what was found may be shown; at most 60 characters of it. */
function invalid(file: DataFile, line: number, column: string, expected: string, found: string): SluiceError {
  const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
  return new SluiceError(
    'DEMO_DATA_INVALID',
    `${file.file}.csv line ${line}, column ${column}: expected ${expected}, found ${JSON.stringify(shown)}.`,
    { context: { file: `${file.file}.csv`, line, column } },
  );
}

const countTabs = (text: string): number => text.split('\t').length - 1;
const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
