/** A fetched record as the library's filter sees it. */
interface FilteredMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

const ABORT_MARKER = Buffer.from([0, 0, 0, 0]);

/**
 * Replaces the library's filter of aborted records, which looks at one aborted transaction a record: when two have begun before the first
 * record of a fetch, records of the second come through. Source: KIP-98 on aborted transactions.
 */
export function filterAbortedMessages<M extends FilteredMessage>({
  messages,
  abortedTransactions,
}: {
  readonly messages: readonly M[];
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
}): readonly M[] {
  if (!abortedTransactions || abortedTransactions.length === 0) return messages;
  const waiting = [...abortedTransactions].sort((a, b) => (BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1));
  const aborted = new Set<string>();
  return messages.filter((message) => {
    const offset = BigInt(message.offset);
    while (waiting.length > 0 && BigInt(waiting[0]!.firstOffset) <= offset) aborted.add(waiting.shift()!.producerId);
    const context = message.batchContext;
    if (!context) return true;
    if (message.isControlRecord) {
      if (message.key && Buffer.from(message.key).equals(ABORT_MARKER)) aborted.delete(context.producerId);
      return true;
    }
    return !(context.inTransaction && aborted.has(context.producerId));
  });
}
