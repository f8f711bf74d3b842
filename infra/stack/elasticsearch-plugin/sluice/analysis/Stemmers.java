package sluice.analysis;

import java.util.Locale;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.en.EnglishMinimalStemFilter;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;

/** Stemmers under the language names of the `stemmer` filter. A name that is not here is taken for a Snowball language. */
final class Stemmers {
  private Stemmers() {}

  static TokenStream byName(TokenStream in, String language) {
    return switch (language.toLowerCase(Locale.ROOT)) {
      case "english", "porter" -> new PorterStemFilter(in);
      case "light_english", "kstem" -> new KStemFilter(in);
      case "minimal_english" -> new EnglishMinimalStemFilter(in);
      case "possessive_english" -> new EnglishPossessiveFilter(in);
      case "porter2" -> snowball(in, "English");
      case "light_german" -> new GermanLightStemFilter(in);
      case "light_french" -> new FrenchLightStemFilter(in);
      default -> snowball(in, language);
    };
  }

  /** Snowball names its languages with one capital: "German". An unknown name is refused when the index is made. */
  static TokenStream snowball(TokenStream in, String language) {
    return new SnowballFilter(in, language.substring(0, 1).toUpperCase(Locale.ROOT) + language.substring(1));
  }
}
