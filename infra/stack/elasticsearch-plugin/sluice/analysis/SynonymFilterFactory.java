package sluice.analysis;

import java.io.StringReader;
import java.util.List;
import java.util.function.Function;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.core.FlattenGraphFilter;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.IndexService.IndexCreationContext;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.CustomAnalyzer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;

/**
 * Synonyms given inline as Solr rules ("a, b => c"). The rules go through the tokenizer and the filters that stand before this one in the
 * analyzer, so they are written as a person would and still meet folded or stemmed terms.
 */
final class SynonymFilterFactory implements TokenFilterFactory {
  private final String name;
  private final Settings settings;
  private final boolean graph;

  SynonymFilterFactory(String name, Settings settings, boolean graph) {
    if (settings.get("synonyms_path") != null || settings.get("synonyms_set") != null) {
      throw new IllegalArgumentException("synonym filter [" + name + "] must list its rules in [synonyms]");
    }
    this.name = name;
    this.settings = settings;
    this.graph = graph;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public TokenStream create(TokenStream in) {
    throw new IllegalStateException("synonym filter [" + name + "] was not put into an analyzer");
  }

  @Override
  public TokenFilterFactory getChainAwareTokenFilterFactory(
      IndexCreationContext context,
      TokenizerFactory tokenizer,
      List<CharFilterFactory> charFilters,
      List<TokenFilterFactory> previous,
      Function<String, TokenFilterFactory> byName) {
    TokenFilterFactory[] before = previous.stream().map(TokenFilterFactory::getSynonymFilter).toArray(TokenFilterFactory[]::new);
    Analyzer analyzer = new CustomAnalyzer(tokenizer, charFilters.toArray(new CharFilterFactory[0]), before);
    SynonymMap synonyms = parse(analyzer);
    return new Bound(name, synonyms, graph);
  }

  private SynonymMap parse(Analyzer analyzer) {
    String rules = String.join("\n", settings.getAsList("synonyms"));
    try {
      SolrSynonymParser parser = new SolrSynonymParser(true, settings.getAsBoolean("expand", true), analyzer);
      parser.parse(new StringReader(rules));
      return parser.build();
    } catch (Exception e) {
      throw new IllegalArgumentException("failed to build synonyms of [" + name + "]", e);
    }
  }

  /** The filter once its analyzer is known. */
  private record Bound(String name, SynonymMap synonyms, boolean graph) implements TokenFilterFactory {
    @Override
    public TokenStream create(TokenStream in) {
      if (synonyms.fst == null) return in;
      TokenStream expanded = new SynonymGraphFilter(in, synonyms, false);
      return graph ? expanded : new FlattenGraphFilter(expanded);
    }

    /** Rules of a later synonym filter are not expanded by this one. */
    @Override
    public TokenFilterFactory getSynonymFilter() {
      return IDENTITY_FILTER;
    }
  }
}
