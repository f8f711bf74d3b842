package sluice.analysis;

import static org.elasticsearch.plugins.AnalysisPlugin.requiresAnalysisSettings;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.compound.CompoundWordTokenFilterBase;
import org.apache.lucene.analysis.compound.DictionaryCompoundWordTokenFilter;
import org.apache.lucene.analysis.core.FlattenGraphFilter;
import org.apache.lucene.analysis.core.UpperCaseFilter;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.LengthFilter;
import org.apache.lucene.analysis.miscellaneous.LimitTokenCountFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.ngram.NGramTokenFilter;
import org.apache.lucene.analysis.pattern.PatternReplaceFilter;
import org.apache.lucene.analysis.reverse.ReverseStringFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/**
 * The token filters; defaults are those of the full distribution. Every index makes one of each with its defaults, except those that are
 * marked as requiring settings.
 */
final class TokenFilters {
  private TokenFilters() {}

  /** Wraps a token stream according to a filter's settings. */
  interface Wrapper {
    TokenStream wrap(TokenStream in, Settings settings);
  }

  static Map<String, AnalysisProvider<TokenFilterFactory>> configurable() {
    Map<String, AnalysisProvider<TokenFilterFactory>> all = new TreeMap<>();
    all.put("asciifolding", perCharacter((in, s) -> new ASCIIFoldingFilter(in, s.getAsBoolean("preserve_original", false))));
    all.put("trim", perCharacter((in, s) -> new TrimFilter(in)));
    all.put("uppercase", perCharacter((in, s) -> new UpperCaseFilter(in)));
    all.put("edge_ngram", filter((in, s) -> new EdgeNGramTokenFilter(in, minGram(s), maxGram(s), keepsOriginal(s))));
    all.put("ngram", filter((in, s) -> new NGramTokenFilter(in, minGram(s), maxGram(s), keepsOriginal(s))));
    all.put("stemmer", filter((in, s) -> Stemmers.byName(in, s.get("language", s.get("name", "english")))));
    all.put("snowball", filter((in, s) -> Stemmers.snowball(in, s.get("language", "English"))));
    all.put("porter_stem", filter((in, s) -> new PorterStemFilter(in)));
    all.put("kstem", filter((in, s) -> new KStemFilter(in)));
    all.put("unique", filter((in, s) -> unique(in, s.getAsBoolean("only_on_same_position", false))));
    all.put("remove_duplicates", filter((in, s) -> new RemoveDuplicatesTokenFilter(in)));
    all.put("word_delimiter_graph", filter(WordDelimiters::graph));
    all.put("flatten_graph", filter((in, s) -> new FlattenGraphFilter(in)));
    all.put("length", filter((in, s) -> new LengthFilter(in, s.getAsInt("min", 0), s.getAsInt("max", Integer.MAX_VALUE))));
    all.put("truncate", filter((in, s) -> new TruncateTokenFilter(in, s.getAsInt("length", 10))));
    all.put("limit", filter((in, s) -> new LimitTokenCountFilter(in, s.getAsInt("max_token_count", 1))));
    all.put("reverse", filter((in, s) -> new ReverseStringFilter(in)));
    all.put("pattern_replace", requiresAnalysisSettings(filter(TokenFilters::patternReplace)));
    all.put("german_normalization", perCharacter((in, s) -> new GermanNormalizationFilter(in)));
    all.put("dictionary_decompounder", decompounder());
    all.put("synonym", synonyms(false));
    all.put("synonym_graph", synonyms(true));
    return all;
  }

  static List<PreConfiguredTokenFilter> ready() {
    return List.of(
        PreConfiguredTokenFilter.singleton("asciifolding", true, ASCIIFoldingFilter::new),
        PreConfiguredTokenFilter.singleton("trim", true, TrimFilter::new),
        PreConfiguredTokenFilter.singleton("uppercase", true, UpperCaseFilter::new),
        PreConfiguredTokenFilter.singleton("german_normalization", true, GermanNormalizationFilter::new),
        PreConfiguredTokenFilter.singleton("porter_stem", false, PorterStemFilter::new),
        PreConfiguredTokenFilter.singleton("kstem", false, KStemFilter::new),
        PreConfiguredTokenFilter.singleton("unique", false, in -> unique(in, false)),
        PreConfiguredTokenFilter.singleton("remove_duplicates", false, RemoveDuplicatesTokenFilter::new),
        PreConfiguredTokenFilter.singleton("flatten_graph", false, FlattenGraphFilter::new),
        PreConfiguredTokenFilter.singleton("word_delimiter_graph", false, false, in -> WordDelimiters.graph(in, Settings.EMPTY)),
        PreConfiguredTokenFilter.singleton("reverse", false, ReverseStringFilter::new));
  }

  private static AnalysisProvider<TokenFilterFactory> synonyms(boolean graph) {
    return requiresAnalysisSettings((index, env, name, settings) -> new SynonymFilterFactory(name, settings, graph));
  }

  /** The word list is made once per filter, not once per text. */
  private static AnalysisProvider<TokenFilterFactory> decompounder() {
    return requiresAnalysisSettings((index, env, name, s) -> {
      CharArraySet words = new CharArraySet(s.getAsList("word_list"), false);
      if (words.isEmpty()) throw new IllegalArgumentException("dictionary_decompounder [" + name + "] needs a word_list");
      return new NamedFilter(name, in -> new DictionaryCompoundWordTokenFilter(
          in,
          words,
          s.getAsInt("min_word_size", CompoundWordTokenFilterBase.DEFAULT_MIN_WORD_SIZE),
          s.getAsInt("min_subword_size", CompoundWordTokenFilterBase.DEFAULT_MIN_SUBWORD_SIZE),
          s.getAsInt("max_subword_size", CompoundWordTokenFilterBase.DEFAULT_MAX_SUBWORD_SIZE),
          s.getAsBoolean("only_longest_match", false)));
    });
  }

  private record NamedFilter(String name, UnaryOperator<TokenStream> wrapper) implements TokenFilterFactory {
    @Override
    public TokenStream create(TokenStream in) {
      return wrapper.apply(in);
    }
  }

  private static int minGram(Settings s) {
    return s.getAsInt("min_gram", 1);
  }

  private static int maxGram(Settings s) {
    return s.getAsInt("max_gram", 2);
  }

  private static boolean keepsOriginal(Settings s) {
    return s.getAsBoolean("preserve_original", false);
  }

  private static TokenStream unique(TokenStream in, boolean onlyOnSamePosition) {
    return onlyOnSamePosition ? new RemoveDuplicatesTokenFilter(in) : new UniqueFilter(in);
  }

  private static TokenStream patternReplace(TokenStream in, Settings s) {
    return new PatternReplaceFilter(in, Pattern.compile(s.get("pattern")), s.get("replacement", ""), s.getAsBoolean("all", true));
  }

  private static AnalysisProvider<TokenFilterFactory> filter(Wrapper wrapper) {
    return (index, env, name, settings) -> new TokenFilterFactory() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public TokenStream create(TokenStream in) {
        return wrapper.wrap(in, settings);
      }
    };
  }

  /** A filter that works on each character by itself, and so may stand in a normalizer too. */
  private static AnalysisProvider<TokenFilterFactory> perCharacter(Wrapper wrapper) {
    return (index, env, name, settings) -> new NormalizingTokenFilterFactory() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public TokenStream create(TokenStream in) {
        return wrapper.wrap(in, settings);
      }
    };
  }
}
