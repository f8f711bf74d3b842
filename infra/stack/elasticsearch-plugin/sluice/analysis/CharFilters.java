package sluice.analysis;

import static org.elasticsearch.plugins.AnalysisPlugin.requiresAnalysisSettings;

import java.io.Reader;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.charfilter.HTMLStripCharFilter;
import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.apache.lucene.analysis.pattern.PatternReplaceCharFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.NormalizingCharFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredCharFilter;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/** Filters that change the text before it is cut into tokens. */
final class CharFilters {
  private CharFilters() {}

  /** Wraps a reader; made once per filter from its settings. */
  interface Wrapper {
    Reader wrap(Reader in);
  }

  static Map<String, AnalysisProvider<CharFilterFactory>> configurable() {
    Map<String, AnalysisProvider<CharFilterFactory>> all = new TreeMap<>();
    all.put("html_strip", (index, env, name, settings) -> new Plain(name, htmlStrip(settings)));
    all.put("mapping", requiresAnalysisSettings((index, env, name, settings) -> new Normalizing(name, mapping(settings))));
    all.put("pattern_replace", requiresAnalysisSettings((index, env, name, settings) -> new Normalizing(name, patternReplace(settings))));
    return all;
  }

  static List<PreConfiguredCharFilter> ready() {
    return List.of(PreConfiguredCharFilter.singleton("html_strip", false, HTMLStripCharFilter::new));
  }

  private static Wrapper htmlStrip(Settings s) {
    HashSet<String> escaped = new HashSet<>(s.getAsList("escaped_tags"));
    return in -> escaped.isEmpty() ? new HTMLStripCharFilter(in) : new HTMLStripCharFilter(in, escaped);
  }

  private static Wrapper mapping(Settings s) {
    NormalizeCharMap.Builder builder = new NormalizeCharMap.Builder();
    for (String rule : s.getAsList("mappings")) {
      String[] sides = rule.split("=>", -1);
      if (sides.length != 2) throw new IllegalArgumentException("mapping [" + rule + "] is not of the form [from => to]");
      builder.add(sides[0].trim(), sides[1].trim());
    }
    NormalizeCharMap map = builder.build();
    return in -> new MappingCharFilter(map, in);
  }

  private static Wrapper patternReplace(Settings s) {
    Pattern pattern = Pattern.compile(s.get("pattern"));
    String replacement = s.get("replacement", "");
    return in -> new PatternReplaceCharFilter(pattern, replacement, in);
  }

  private record Plain(String name, Wrapper wrapper) implements CharFilterFactory {
    @Override
    public Reader create(Reader in) {
      return wrapper.wrap(in);
    }
  }

  /** Works in a normalizer too. */
  private record Normalizing(String name, Wrapper wrapper) implements NormalizingCharFilterFactory {
    @Override
    public Reader create(Reader in) {
      return wrapper.wrap(in);
    }
  }
}
