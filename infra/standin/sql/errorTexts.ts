import { ERRORS_BINDING } from './errorTextsBinding.ts';
import { ERRORS_DATA } from './errorTextsData.ts';
import { ERRORS_ENGINE } from './errorTextsEngine.ts';
import { ERRORS_SERVER } from './errorTextsServer.ts';
import { ERRORS_SYNTAX } from './errorTextsSyntax.ts';

/** Text, severity (16 unless told) and state (1 unless told) of an error number; `{}` stands for an argument. */
export interface ErrorText {
  readonly text: string;
  readonly severity?: number;
  readonly state?: number;
}

/**
 * Texts by number, for the errors this program raises. The wording is that of the product's documented message list, since clients match on
 * it: Debezium reads the object's name out of 208, drivers map numbers to kinds of errors.
 */
export const ERROR_TEXTS: Readonly<Record<number, ErrorText>> = {
  ...ERRORS_SYNTAX,
  ...ERRORS_BINDING,
  ...ERRORS_DATA,
  ...ERRORS_SERVER,
  ...ERRORS_ENGINE,
};
