package sluice.analysis;

import java.util.List;
import java.util.function.IntPredicate;

/** The `token_chars` parameter of the n-gram tokenizers: which characters belong to a token. An empty list keeps every one. */
record CharacterClasses(List<IntPredicate> kept) {
  static CharacterClasses of(List<String> names) {
    return new CharacterClasses(names.stream().map(CharacterClasses::byName).toList());
  }

  boolean holds(int character) {
    return kept.isEmpty() || kept.stream().anyMatch(test -> test.test(character));
  }

  private static IntPredicate byName(String name) {
    return switch (name) {
      case "letter" -> Character::isLetter;
      case "digit" -> Character::isDigit;
      case "whitespace" -> Character::isWhitespace;
      case "punctuation" -> CharacterClasses::isPunctuation;
      case "symbol" -> CharacterClasses::isSymbol;
      default -> throw new IllegalArgumentException("unknown token_chars class [" + name + "]");
    };
  }

  private static boolean isPunctuation(int character) {
    return switch (Character.getType(character)) {
      case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION, Character.END_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION, Character.OTHER_PUNCTUATION -> true;
      default -> false;
    };
  }

  private static boolean isSymbol(int character) {
    return switch (Character.getType(character)) {
      case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL -> true;
      default -> false;
    };
  }
}
