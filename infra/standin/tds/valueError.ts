import { SqlError } from '../sql/errors.ts';

const STREAM_INCORRECT =
  'The incoming tabular data stream (TDS) remote procedure call (RPC) protocol stream is incorrect. A parameter is at fault:';

/** 8009: a data type the server does not know (or this one does not serve). The request's framing is sound: the connection stays. */
export function unknownTypeError(id: number): SqlError {
  const hex = id.toString(16).toUpperCase().padStart(2, '0');
  return new SqlError(8009, `${STREAM_INCORRECT} Data type 0x${hex} is unknown.`);
}

/** 8023: a value outside its type's range. */
export function invalidValueError(typeName: string): SqlError {
  return new SqlError(8023, `${STREAM_INCORRECT} The supplied value is not a valid instance of data type ${typeName}.`);
}
