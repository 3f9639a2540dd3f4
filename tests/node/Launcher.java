import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.nativeaccess.NativeAccess;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginBundle;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Starts one node in a home folder: {@code Launcher HOME}, with {@code config/elasticsearch.yml} and {@code modules/} in
 * it.
 *
 * <p>The node ends, and its home is deleted, when standard input ends. So nothing is left of it, however the process
 * ends that started it. The published way in, {@code org.elasticsearch.bootstrap}, is no use here: it wants the files
 * of a distribution, which are not published as jars.
 */
final class Launcher {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Thread watch = new Thread(() -> endWithInput(home));
        watch.setDaemon(true);
        watch.start();
        System.setProperty("es.path.home", home.toString());
        LogConfigurator.configureESLogging();
        NativeAccess.instance();
        Settings settings = Settings.builder().put("path.home", home).build();
        var environment =
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "node");
        var modules = bundles(home.resolve("modules"));
        var loader = PluginsLoader.createPluginsLoader(modules, Set.of(), Map.of(), false);
        new Node(environment, loader).start();
        watch.join(); // the threads of a node keep no process alive
    }

    /** Version 8 takes the folder alone; 9 has a second argument, which adds nothing to a folder of modules. */
    @SuppressWarnings("unchecked")
    private static Set<PluginBundle> bundles(Path folder) throws Exception {
        for (Method method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals("loadModulesBundles")) {
                var all = method.getParameterCount() == 1 ? new Object[] {folder} : new Object[] {folder, false};
                return (Set<PluginBundle>) method.invoke(null, all);
            }
        }
        throw new NoSuchMethodException("loadModulesBundles");
    }

    private static void endWithInput(Path home) {
        try {
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
            delete(home);
        } catch (IOException ignored) {
            // A file of the node came or went meanwhile; deleting again takes what is left.
            try {
                delete(home);
            } catch (IOException left) {
                System.err.println(left);
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
