import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.codelibs.opensearch.runner.node.OpenSearchRunnerNode;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.plugins.Plugin;

/** Runs one OpenSearch node in this JVM, as the file names it, until the JVM is killed. */
class Start {
    private static final List<String> PLUGINS = List.of(
            "org.opensearch.transport.Netty4Plugin",
            "org.opensearch.analysis.common.CommonAnalysisPlugin",
            "org.opensearch.ingest.common.IngestCommonPlugin");

    public static void main(String[] arguments) throws Exception {
        try {
            Settings settings = Settings.builder().loadFromPath(Path.of(arguments[0])).build();
            Files.createDirectories(Path.of(settings.get("path.home")));
            List<Class<? extends Plugin>> plugins = new java.util.ArrayList<>();
            for (String name : PLUGINS) {
                plugins.add(Class.forName(name).asSubclass(Plugin.class));
            }
            new OpenSearchRunnerNode(
                            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "rig"), plugins)
                    .start();
        } catch (Throwable failure) {
            failure.printStackTrace();
            System.exit(1); // threads of a node that is half there would hold the JVM
        }
        new CountDownLatch(1).await();
    }
}
