/** Functions of other kinds: guids, hashes, tests of text, sql_variant, FORMAT. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { valueKey } from './compare.ts';
import { converter } from './convert.ts';
import { pageBytes } from './convertBinary.ts';
import { familyOf } from './convertRules.ts';
import { isUnicode, lengthOf } from './convertText.ts';
import { SqlError, sqlError } from './errors.ts';
import { coerce, pure, strict1, strict2 } from './exprMake.ts';
import { asText } from './exprPredicate.ts';
import type { Compiled } from './exprTypes.ts';
import { formatValue } from './formatFunction.ts';
import type { BuiltinTable } from './functions.ts';
import { dataLength } from './functionsSearch.ts';
import { typeName } from './typeNames.ts';
import { asDecimal } from './typing.ts';
import {
  FLOAT,
  GUID,
  INT,
  isVariant,
  MAX,
  MONEY,
  nvarchar,
  type SqlType,
  type SqlValue,
  VARIANT,
  varbinary,
} from './values.ts';

const HASHES: Readonly<Record<string, string>> = {
  md5: 'md5',
  sha: 'sha1',
  sha1: 'sha1',
  sha2_256: 'sha256',
  sha2_512: 'sha512',
};

/** HASHBYTES(algorithm, x): of the stored bytes of text or binary. MD2 and MD4 are not built. */
function hashBytes(algorithm: Compiled, arg: Compiled): Compiled {
  const bytes = familyOf(arg.type) === 'binary' ? arg : asText(arg);
  return strict2(varbinary(8000), asText(algorithm), bytes, (name, v) => {
    const hash = HASHES[(name as string).toLowerCase()];
    if (!hash) return null;
    const data = Buffer.isBuffer(v)
      ? v
      : isUnicode(bytes.type)
        ? Buffer.from(v as string, 'utf16le')
        : pageBytes(v as string);
    return createHash(hash).update(data).digest();
  });
}

/** ISNUMERIC: 1 when the text reads as float or money. */
function isNumeric(a: Compiled): Compiled {
  const family = familyOf(a.type);
  if (family === 'number') return pure(INT, false, [a], (f) => (a.eval(f) === null ? 0 : 1));
  if (family !== 'string') return pure(INT, false, [a], () => 0);
  const asFloat = converter(a.type, FLOAT);
  const asMoney = converter(a.type, MONEY);
  return pure(INT, false, [a], (f) => {
    const v = a.eval(f);
    if (v === null || (v as string).trim() === '') return 0;
    return reads(asFloat, v) || reads(asMoney, v) ? 1 : 0;
  });
}

function reads(convert: (v: SqlValue) => SqlValue, v: SqlValue): boolean {
  try {
    convert(v);
    return true;
  } catch (error) {
    if (error instanceof SqlError) return false;
    throw error;
  }
}

/** CHECKSUM: an int that is equal for equal values. The product's numbers are not reproduced (DEVIATIONS). */
function checksum(args: readonly Compiled[]): Compiled {
  return pure(INT, false, args, (f) => {
    let h = 17;
    for (const a of args) {
      const v = a.eval(f);
      for (const c of v === null ? '\u0001' : String(valueKey(v, a.type, a.collation)))
        h = (Math.imul(h, 31) + c.charCodeAt(0)) | 0;
    }
    return h;
  });
}

/** SQL_VARIANT_PROPERTY(x, property): any value counts as a variant of its own type. */
function variantProperty(arg: Compiled, property: Compiled): Compiled {
  return pure(VARIANT, true, [arg, property], (f) => {
    const v = arg.eval(f);
    const p = property.eval(f);
    if (v === null || p === null) return null;
    const type = isVariant(v) ? v.variant : arg.type;
    const value = isVariant(v) ? v.value : v;
    const int = (n: number): SqlValue => ({ variant: INT, value: n });
    switch (String(p).trim().toLowerCase()) {
      case 'basetype':
        return {
          variant: nvarchar(128),
          value: type.k === 'rowversion' ? 'timestamp' : typeName(type).replace('(max)', ''),
        };
      case 'precision':
        return int(
          familyOf(type) === 'number' ? (type.k === 'float' ? 53 : type.k === 'real' ? 24 : asDecimal(type).p) : 0,
        );
      case 'scale':
        return int(
          's' in type ? type.s : type.k === 'money' || type.k === 'smallmoney' ? 4 : type.k === 'datetime' ? 3 : 0,
        );
      case 'maxlength':
        return int(maxLength(type));
      case 'totalbytes':
        return int(value === null ? 0 : dataLength(value, type) + 2);
      case 'collation':
        return familyOf(type) === 'string'
          ? { variant: nvarchar(128), value: arg.collation?.name ?? 'SQL_Latin1_General_CP1_CI_AS' }
          : null;
      default:
        return null;
    }
  });
}

function maxLength(type: SqlType): number {
  const n = lengthOf(type);
  if (n !== MAX) return isUnicode(type) ? n * 2 : n;
  return dataLength(0, type);
}

export const MISC_FUNCTIONS: BuiltinTable = {
  NEWID: { min: 0, max: 0, compile: () => ({ type: GUID, nullable: false, eval: () => randomUUID().toUpperCase() }) },
  NEWSEQUENTIALID: { min: 0, max: 0, compile: () => ({ type: GUID, nullable: false, eval: nextSequentialId }) },
  HASHBYTES: { min: 2, max: 2, compile: ([a, b]) => hashBytes(a!, b!) },
  CRYPT_GEN_RANDOM: {
    min: 1,
    max: 1,
    compile: ([n]) =>
      strict1(varbinary(8000), coerce(n!, INT), (k) => {
        if ((k as number) < 1 || (k as number) > 8000) throw sqlError(8116, 'int', 1, 'crypt_gen_random');
        return randomBytes(k as number);
      }),
  },
  ISNUMERIC: { min: 1, max: 1, compile: ([a]) => isNumeric(a!) },
  CHECKSUM: { min: 1, max: 1000, compile: checksum },
  BINARY_CHECKSUM: { min: 1, max: 1000, compile: checksum },
  SQL_VARIANT_PROPERTY: { min: 2, max: 2, compile: ([a, b]) => variantProperty(a!, b!) },
  FORMAT: {
    min: 2,
    max: 3,
    compile: ([a, format, culture]) =>
      pure(nvarchar(4000), true, [a!, format!, ...(culture ? [culture] : [])], (f) => {
        const v = a!.eval(f);
        const pattern = format!.eval(f);
        return v === null || pattern === null ? null : formatValue(v, a!.type, String(pattern));
      }),
  },
};

const sequentialBase = randomUUID().toUpperCase();
let sequential = 0;

/** Rising in the order of uniqueidentifier within this process: the last group counts. */
function nextSequentialId(): string {
  sequential++;
  return sequentialBase.slice(0, 24) + sequential.toString(16).toUpperCase().padStart(12, '0');
}
