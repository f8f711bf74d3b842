/** A name in brackets, safe in any statement. Source: QUOTENAME. */
export function quoteName(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** A text literal, safe in any statement. */
export function quoteText(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}
