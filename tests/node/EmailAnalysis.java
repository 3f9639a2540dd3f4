import java.util.Map;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.AbstractTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/** What the index of users and keys wants for its e-mail addresses; the module that has it is not published. */
public final class EmailAnalysis extends Plugin implements AnalysisPlugin {
    private static final Pattern EVERYTHING = Pattern.compile("(.+)");

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of(
            "uax_url_email",
            (index, environment, name, settings) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new)
        );
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "pattern_capture",
            (index, environment, name, settings) ->
                new Filter(name, settings, input -> new PatternCaptureGroupTokenFilter(input, true, EVERYTHING)),
            "unique",
            (index, environment, name, settings) -> new Filter(name, settings, RemoveDuplicatesTokenFilter::new)
        );
    }

    private interface Wrapping {
        TokenStream around(TokenStream input);
    }

    private static final class Filter extends AbstractTokenFilterFactory {
        private final Wrapping wrapping;

        Filter(String name, Settings settings, Wrapping wrapping) {
            super(name, settings);
            this.wrapping = wrapping;
        }

        @Override
        public TokenStream create(TokenStream input) {
            return wrapping.around(input);
        }
    }
}
