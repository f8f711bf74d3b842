/** A column as its database describes it; what a schema is built from. */
export interface ColumnShape {
  readonly name: string;
  /** Type name of SQL Server in lower case, e.g. `decimal`, `datetime2`, `varchar`. */
  readonly sqlType: string;
  readonly nullable: boolean;
  /** Total digits of decimal and numeric. */
  readonly precision: number;
  /** Digits after the point of decimal and numeric; of the seconds in time, datetime2 and datetimeoffset. */
  readonly scale: number;
  /** The expression of its default as the server keeps it, `((0))`; null or missing without one. */
  readonly defaultText?: string | null;
  /** What Kafka Connect keeps beside a type, e.g. that values are masked. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A table as it is captured. */
export interface TableShape {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  /** The columns that are carried, in the order of the capture instance. */
  readonly columns: readonly ColumnShape[];
  /** Names of the key columns in key order; empty when rows have no key. */
  readonly keyColumns: readonly string[];
}

/** How Debezium names topics. */
export const DEFAULT_TOPIC_NAME = '{prefix}.{database}.{schema}.{table}';

/** The topic of a table: the parts put into `rule`; characters Kafka forbids become underscores. */
export function topicOf(
  prefix: string,
  table: Pick<TableShape, 'database' | 'schema' | 'name'>,
  rule: string = DEFAULT_TOPIC_NAME,
): string {
  const parts: Readonly<Record<string, string>> = {
    prefix,
    database: table.database,
    schema: table.schema,
    table: table.name,
  };
  return rule.replace(/\{(\w+)\}/g, (whole, part: string) => parts[part] ?? whole).replace(/[^A-Za-z0-9._-]/g, '_');
}
