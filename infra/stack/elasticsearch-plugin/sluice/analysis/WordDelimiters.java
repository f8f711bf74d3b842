package sluice.analysis;

import java.util.HashSet;
import java.util.Set;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter;
import org.elasticsearch.common.settings.Settings;

/** The `word_delimiter_graph` filter's parameters as Lucene's flags. */
final class WordDelimiters {
  private WordDelimiters() {}

  static TokenStream graph(TokenStream in, Settings s) {
    int flags = flag(s, "generate_word_parts", true, WordDelimiterGraphFilter.GENERATE_WORD_PARTS)
        | flag(s, "generate_number_parts", true, WordDelimiterGraphFilter.GENERATE_NUMBER_PARTS)
        | flag(s, "catenate_words", false, WordDelimiterGraphFilter.CATENATE_WORDS)
        | flag(s, "catenate_numbers", false, WordDelimiterGraphFilter.CATENATE_NUMBERS)
        | flag(s, "catenate_all", false, WordDelimiterGraphFilter.CATENATE_ALL)
        | flag(s, "split_on_case_change", true, WordDelimiterGraphFilter.SPLIT_ON_CASE_CHANGE)
        | flag(s, "split_on_numerics", true, WordDelimiterGraphFilter.SPLIT_ON_NUMERICS)
        | flag(s, "preserve_original", false, WordDelimiterGraphFilter.PRESERVE_ORIGINAL)
        | flag(s, "ignore_keywords", false, WordDelimiterGraphFilter.IGNORE_KEYWORDS)
        | flag(s, "stem_english_possessive", true, WordDelimiterGraphFilter.STEM_ENGLISH_POSSESSIVE);
    Set<String> words = new HashSet<>(s.getAsList("protected_words"));
    CharArraySet protectedWords = words.isEmpty() ? null : new CharArraySet(words, false);
    return new WordDelimiterGraphFilter(in, flags, protectedWords);
  }

  private static int flag(Settings s, String name, boolean byDefault, int bit) {
    return s.getAsBoolean(name, byDefault) ? bit : 0;
  }
}
