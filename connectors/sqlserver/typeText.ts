import type { ColumnType } from './metadata.ts';

/** A type as T-SQL writes it, e.g. `decimal(9,2)`, `nvarchar(max)`. */
export function typeText({ sqlType, maxLength, precision, scale }: ColumnType): string {
  switch (sqlType) {
    case 'char':
    case 'varchar':
    case 'binary':
    case 'varbinary':
      return `${sqlType}(${maxLength === -1 ? 'max' : maxLength})`;
    case 'nchar':
    case 'nvarchar':
      return `${sqlType}(${maxLength === -1 ? 'max' : maxLength / 2})`;
    case 'decimal':
    case 'numeric':
      return `${sqlType}(${precision},${scale})`;
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return `${sqlType}(${scale})`;
    case 'timestamp':
    case 'rowversion':
      return 'binary(8)';
    default:
      return sqlType;
  }
}
