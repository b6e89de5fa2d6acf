package io.forelog.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forelog.database.DatabaseSettings;
import io.forelog.model.WalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class NodeConfigTest {
    private static final Path FILE = Path.of("conf/forelog.yaml");

    private static NodeConfig read(String yaml) {
        return NodeConfigReader.read(yaml, "host", Catalogue.BUILT);
    }

    @Test
    void theFileThatIsShippedSaysTheDefaults() throws IOException {
        assertThat(read(Files.readString(FILE))).isEqualTo(read(""));
    }

    @Test
    void theFileThatIsShippedHasEveryKeyThereIsAndNoOther() throws IOException {
        Set<String> written = new TreeSet<>();
        collect("", DocumentText.parse(Files.readString(FILE).replaceAll("(?m)^( *)#([a-z_]+:)", "$1$2")), written);
        assertThat(written).isEqualTo(new TreeSet<>(NodeConfigReader.keys()));
    }

    @Test
    void anAddressThatStrangersReachIsNotBoundUnlocked() {
        String locks = "tls: {certificate: c, key: k}\nidentities: {api_keys: keys.json}\n";
        assertThat(read("").unlocked()).isEmpty();
        assertThat(read("bind_host: 127.0.0.2").unlocked()).isEmpty();
        assertThat(read("bind_host: 0.0.0.0").unlocked()).startsWith("bind_host: 0.0.0.0 without tls and identities");
        assertThat(read("bind_host: 0.0.0.0\ntls: {certificate: c, key: k}").unlocked())
                .isNotEmpty();
        assertThat(read("bind_host: 0.0.0.0\n" + locks).unlocked()).isEmpty();
        assertThat(read("bind_host: 0.0.0.0\nallow_insecure: true").unlocked()).isEmpty();
        assertThat(read("").withBindHost("10.0.0.1").unlocked()).isNotEmpty();
        assertThat(read("config_store: {type: postgres, uri: 'postgresql://f@db:5432/f'}\n"
                                + "cluster: {host: 10.0.0.1, seeds: ['10.0.0.1:7800']}")
                        .unlocked())
                .startsWith("cluster.host: 10.0.0.1");
    }

    @Test
    void readsWhatItIsLockedWithAndTellsAllThatIsWrongWithIt() {
        assertThatThrownBy(() -> read("""
                                tls: {certificate: c, client_auth: required}
                                identities: {certificates: true, jwt: {keys: k}, admins: [a]}
                                """))
                .hasMessageContaining("tls.key")
                .hasMessageContaining("tls.client_ca")
                .hasMessageContaining("identities.jwt.issuer")
                .hasMessageContaining("identities.jwt.audience");
        assertThatThrownBy(() -> read("""
                                config_store: {type: postgres, uri: 'postgresql://f@db:5432/f'}
                                cluster: {seeds: ['127.0.0.1:7800']}
                                tls: {certificate: c, key: k, client_ca: a}
                                identities: {certificates: true}
                                """)).hasMessageContaining("identities.nodes: missing");
        assertThatThrownBy(() -> read("identities: {admins: [a]}")).hasMessageContaining("identities.admins");
    }

    @Test
    void readsWhereTheDatabaseIsAndTellsAllThatIsWrongWithIt() {
        NodeConfig config = read("""
                config_store:
                  type: postgres
                  uri: postgresql://forelog@db:5432/forelog
                  password: env:PASSWORD
                  ca_file: ca.pem
                """);
        assertThat(config.configStore().database())
                .isEqualTo(new DatabaseSettings(
                        "postgresql://forelog@db:5432/forelog", "env:PASSWORD", "verify-full", "ca.pem", "forelog", 4));
        assertThat(config.toString()).contains("//db:5432/forelog").doesNotContain("PASSWORD");
        assertThatThrownBy(() -> read("""
                                config_store: {type: postgres, password: hunter2, tls: maybe, schema: "A B", connections: 0}
                                """))
                .hasMessageContaining("config_store.uri: missing")
                .hasMessageContaining("config_store.password: in plain text (expected: file:PATH or env:NAME)")
                .hasMessageNotContaining("hunter2")
                .hasMessageContaining("config_store.tls: maybe")
                .hasMessageContaining("config_store.schema: A B")
                .hasMessageContaining("config_store.connections: 0");
        assertThatThrownBy(() -> read("config_store: {uri: postgresql://db/x}"))
                .hasMessageContaining("config_store.uri: with a directory");
    }

    private static void collect(String path, Map<String, Object> map, Set<String> into) {
        map.forEach((key, value) -> {
            into.add(path + key);
            if (value instanceof Map<?, ?>) {
                collect(path + key + ".", DocumentText.asMap(value), into);
            }
        });
    }

    @Test
    void everyKeyOfTheFileHasACommentThatSaysWhetherItIsLiveAndEveryValueItsDefault() throws IOException {
        List<String> comment = new ArrayList<>();
        for (String line : Files.readAllLines(FILE)) {
            String text = line.strip();
            if (text.matches("#?[a-z_]+:( .*)?") && !text.startsWith("# ")) {
                String said = String.join(" ", comment);
                assertThat(said).as("the comment above: " + text).contains("Live: ");
                if (!text.endsWith(":")) {
                    assertThat(said).as("the comment above: " + text).contains("Default: ");
                }
                comment.clear();
            } else if (text.startsWith("#")) {
                comment.add(text);
            } else {
                comment.clear();
            }
        }
    }

    @Test
    void quickstartLoads() throws IOException {
        DocumentParser.Parsed parsed = new DocumentParser(Catalogue.BUILT, Map.of())
                .parse("quickstart", DocumentText.parse(Files.readString(Path.of("conf/namespaces/quickstart.yaml"))));
        assertThat(parsed.problems()).isEmpty();
        assertThat(parsed.document().targets())
                .extracting(
                        NamespaceDocument.TargetConfiguration::name, NamespaceDocument.TargetConfiguration::isDefault)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("log", true),
                        org.assertj.core.groups.Tuple.tuple("hook", false));
    }

    @Test
    void everyProblemIsToldAtOnce() {
        assertThatThrownBy(() -> read("""
                        ports: {http: 70000, grpc: 9090, management: 9090, htp: 1}
                        bind_host: "two words"
                        roles: [producer, dancer]
                        queues: {carrier: {}}
                        admission: {ceiling: 5}
                        namespace_defaults: {retry: {max_attempts: 0}}
                        drain_timeout: soon
                        unknown: 1
                        """))
                .isInstanceOf(WalException.class)
                .hasMessageContainingAll(
                        "ports.http: 70000 (expected: a whole number from 0 to 65535)",
                        "ports.htp: unknown key, did you mean http?",
                        "[8080, 9090, 9090] (expected: three ports",
                        "bind_host: two words (expected: a host name or an address)",
                        "roles: [producer, dancer] (expected: some of [producer, consumer, control])",
                        "queues.carrier: unknown type (expected: one of [EMBEDDED])",
                        "admission.ceiling: 5 (expected: a whole number from 256 to 10000000)",
                        "namespace_defaults.retry.max_attempts: 0",
                        "drain_timeout: soon (expected: an ISO-8601 duration",
                        "unknown: unknown key");
    }

    @Test
    void aNetworkThatDoesNotSayWhatItCarriesIsToldSo() {
        assertThat(read("network_capacity: 100MiB").networkCapacity()).isEqualTo(100L << 20);
        assertThat(read("").networkCapacity()).isZero();
        assertThatThrownBy(() -> read("network_capacity: fast"))
                .hasMessageContaining("network_capacity: fast (expected: a number of bytes >= 0");
    }

    @Test
    void settingsAreFoundByTypeAndHiddenByToString() {
        NodeConfig config = read("queues: {embedded: {low_disk_bytes: 5}}\ntargets: {http: {token: s3cret}}");
        assertThat(config.queues()).containsEntry("EMBEDDED", Map.of("low_disk_bytes", 5));
        assertThat(config.toString()).doesNotContain("s3cret");
    }
}
