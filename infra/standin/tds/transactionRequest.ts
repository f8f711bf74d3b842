import { SqlError } from '../sql/errors.ts';
import { ByteReader } from './byteReader.ts';
import type { IsolationRequest } from './engineSession.ts';
import { ProtocolError } from './protocol.ts';
import { skipAllHeaders } from './rpcReader.ts';

interface Begin {
  readonly isolation: IsolationRequest;
  readonly name: string;
}

/** A transaction manager request (MS-TDS 2.2.6.9). `next` = begin another transaction at once. */
export type TransactionRequest =
  | ({ readonly action: 'begin' } & Begin)
  | { readonly action: 'commit' | 'rollback'; readonly name: string; readonly next: Begin | null }
  | { readonly action: 'save'; readonly name: string };

const REQUEST = { begin: 5, commit: 7, rollback: 8, save: 9 } as const;
const ISOLATION: readonly IsolationRequest[] = [
  'keep',
  'readUncommitted',
  'readCommitted',
  'repeatableRead',
  'serializable',
  'snapshot',
];
const FLAG_BEGIN_NEXT = 0x01;

/** Throws a `SqlError` for distributed transactions, which there are none of. */
export function readTransactionRequest(body: Buffer): TransactionRequest {
  const r = new ByteReader(body, skipAllHeaders(body));
  const request = r.u16();
  switch (request) {
    case REQUEST.begin:
      return { action: 'begin', ...readBegin(r) };
    case REQUEST.commit:
    case REQUEST.rollback: {
      const name = readName(r);
      const startsNext = r.more && (r.u8() & FLAG_BEGIN_NEXT) !== 0;
      return {
        action: request === REQUEST.commit ? 'commit' : 'rollback',
        name,
        next: startsNext ? readBegin(r) : null,
      };
    }
    case REQUEST.save:
      return { action: 'save', name: readName(r) };
    default:
      throw new SqlError(8501, "MSDTC on server 'STANDIN' is unavailable: distributed transactions are not served.");
  }
}

function readBegin(r: ByteReader): Begin {
  const level = r.u8();
  const isolation = ISOLATION[level];
  if (isolation === undefined) throw new ProtocolError(`isolation level ${level}`);
  return { isolation, name: readName(r) };
}

/** The name's length counts bytes here, not characters. */
function readName(r: ByteReader): string {
  return r.more ? r.view(r.u8()).toString('utf16le') : '';
}
