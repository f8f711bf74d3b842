import { MAX, type SqlType } from './values.ts';

/** The name of a type as error messages write it: 'numeric' for decimal, 'timestamp' for rowversion. */
export function typeName(type: SqlType): string {
  switch (type.k) {
    case 'decimal':
      return 'numeric';
    case 'rowversion':
      return 'timestamp';
    case 'varchar':
    case 'nvarchar':
    case 'varbinary':
      return type.n === MAX ? `${type.k}(max)` : type.k;
    default:
      return type.k;
  }
}
