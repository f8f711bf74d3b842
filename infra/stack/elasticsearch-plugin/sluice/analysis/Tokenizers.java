package sluice.analysis;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.LetterTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenizer;
import org.apache.lucene.analysis.ngram.NGramTokenizer;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** The tokenizers besides `standard`, which every distribution has. */
final class Tokenizers {
  private Tokenizers() {}

  static Map<String, AnalysisProvider<TokenizerFactory>> configurable() {
    Map<String, AnalysisProvider<TokenizerFactory>> all = new TreeMap<>();
    all.put("keyword", tokenizer(s -> new KeywordTokenizer()));
    all.put("whitespace", tokenizer(s -> new WhitespaceTokenizer()));
    all.put("letter", tokenizer(s -> new LetterTokenizer()));
    all.put("ngram", tokenizer(Tokenizers::ngram));
    all.put("edge_ngram", tokenizer(Tokenizers::edgeNgram));
    all.put("pattern", tokenizer(s -> new PatternTokenizer(Pattern.compile(s.get("pattern", "\\W+")), s.getAsInt("group", -1))));
    return all;
  }

  static List<PreConfiguredTokenizer> ready() {
    return List.of(
        PreConfiguredTokenizer.singleton("keyword", KeywordTokenizer::new),
        PreConfiguredTokenizer.singleton("whitespace", WhitespaceTokenizer::new),
        PreConfiguredTokenizer.singleton("letter", LetterTokenizer::new));
  }

  private static Tokenizer ngram(Settings s) {
    CharacterClasses kept = CharacterClasses.of(s.getAsList("token_chars"));
    return new NGramTokenizer(s.getAsInt("min_gram", 1), s.getAsInt("max_gram", 2)) {
      @Override
      protected boolean isTokenChar(int character) {
        return kept.holds(character);
      }
    };
  }

  private static Tokenizer edgeNgram(Settings s) {
    CharacterClasses kept = CharacterClasses.of(s.getAsList("token_chars"));
    return new EdgeNGramTokenizer(s.getAsInt("min_gram", 1), s.getAsInt("max_gram", 2)) {
      @Override
      protected boolean isTokenChar(int character) {
        return kept.holds(character);
      }
    };
  }

  private static AnalysisProvider<TokenizerFactory> tokenizer(Function<Settings, Tokenizer> make) {
    return (index, env, name, settings) -> TokenizerFactory.newFactory(name, () -> make.apply(settings));
  }
}
