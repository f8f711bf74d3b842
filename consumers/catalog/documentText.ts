/** A document as JSON text. A bigint becomes a number when that is exact, else its digits as text; undefined members are left out. */
export function documentText(document: object): string {
  return JSON.stringify(document, (_, value: unknown) =>
    typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : value,
  );
}
