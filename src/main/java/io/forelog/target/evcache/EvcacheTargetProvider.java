package io.forelog.target.evcache;

import io.forelog.model.ConfigSchema;
import io.forelog.model.ConfigSchema.Key;
import io.forelog.model.ConfigSchema.Kind;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.observe.MetricNames;
import io.forelog.target.KeyTemplate;
import io.forelog.target.RetryTable;
import io.forelog.target.TargetAdapter;
import io.forelog.target.TargetProvider;
import io.forelog.target.TargetResources;
import io.forelog.target.TargetSpec;
import io.forelog.target.Words;
import io.forelog.target.memcached.ItemCommand;
import io.forelog.target.memcached.KetamaRing;
import io.forelog.target.memcached.MemcachedProtocol;
import io.forelog.target.memcached.MemcachedTargetProvider;
import io.micrometer.core.instrument.Counter;
import io.vertx.core.Future;
import io.vertx.core.net.NetClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The target type {@code evcache}. Stateless, any thread. */
public final class EvcacheTargetProvider implements TargetProvider {
    private static final int GROUPS_MAX = 16;
    private static final String BYTES = "bytes";
    /** Of EVCacheTranscoder: a byte array. A text has none. */
    private static final long BYTE_ARRAY = 8L << 8;

    private static final ConfigSchema SCHEMA = ConfigSchema.builder()
            .add(new Key(
                    "groups",
                    Kind.TEXT_MAP,
                    true,
                    "",
                    false,
                    "server group: its nodes, ip:port,ip:port or name/ip:port; each group has every item",
                    EvcacheTargetProvider::groups))
            .add(new Key(
                    "quorum",
                    Kind.TEXT,
                    false,
                    "all",
                    false,
                    "how many groups must apply a write: all, majority, one, or a number in quotes",
                    value -> value.toString().matches("all|majority|one|[1-9][0-9]?")
                            ? null
                            : "all, majority, one or a number"))
            .add(new Key(
                    "prefix",
                    Kind.TEXT,
                    false,
                    "none",
                    false,
                    "the cache's, as EVCache.Builder.setCachePrefix has it: prefix:key",
                    value -> value.toString().matches("[\\x21-\\x39\\x3B-\\x7E]{1,100}")
                            ? null
                            : "printable ASCII without spaces and colons"))
            .add(new Key(
                    "key",
                    Kind.TEXT,
                    false,
                    "{key}",
                    false,
                    "the item's key behind the prefix; may hold {key}, {destination}, {namespace}",
                    KeyTemplate::expectation))
            .optional("destination", Kind.TEXT, "the first of destinations", "of an entry that names none")
            .add(new Key(
                    "value",
                    Kind.TEXT,
                    false,
                    "text",
                    false,
                    "what a client's get answers: text (a String, of UTF-8 or JSON) or bytes (a byte array)",
                    value -> List.of("text", BYTES).contains(value) ? null : "text or bytes"))
            .optional(
                    "ttl", Kind.DURATION, "none", "of an entry without attributes.ttl; EVCache's own default is PT15M")
            .optional("tls", Kind.BOOLEAN, "false", "TLS")
            .optional("ca_file", Kind.TEXT, "the JDK's", "PEM file with the certificates to trust; with tls")
            .build();

    private static final RetryTable TABLE = new RetryTable(List.of(
            new RetryTable.Row(
                    "as many groups as `quorum` says have applied it", "applied", "what the others miss is counted"),
            new RetryTable.Row(
                    "so many groups reject it that the quorum can't be reached",
                    "dead-letter",
                    "in the words of the first; what rejects stands under memcached"),
            new RetryTable.Row(
                    "else, once every group has answered or its time is over",
                    "retry",
                    "at the groups that have not applied it; as under memcached: opens the breaker, or lowers the limit"),
            new RetryTable.Row(
                    "no key, a key that EVCache's clients refuse, a ttl that is none",
                    "dead-letter",
                    "over 200 characters, white space, no UTF-8")));

    @Override
    public String type() {
        return "evcache";
    }

    @Override
    public ConfigSchema schema() {
        return SCHEMA;
    }

    @Override
    public RetryTable retryTable() {
        return TABLE;
    }

    @Override
    public Future<TargetAdapter> open(TargetSpec spec, TargetResources resources) {
        Map<String, Object> config = spec.config();
        Map<String, String> named = Words.map(config, "groups");
        int quorum = quorum(Words.text(config, "quorum", "all"), named.size());
        if (quorum > named.size()) {
            return Future.failedFuture(new WalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "quorum: " + quorum + " of " + named.size() + " groups (expected: at most " + named.size() + ")"));
        }
        long timeoutMillis = Math.max(1L, spec.limit().timeout().toMillis());
        NetClient client = resources.vertx().createNetClient(MemcachedTargetProvider.options(config, timeoutMillis));
        List<ServerGroup> groups = new ArrayList<>();
        named.forEach((name, nodes) -> groups.add(group(name, GroupNode.parse(nodes), spec, resources, client)));
        String firstDestination =
                spec.destinations().isEmpty() ? "" : spec.destinations().get(0);
        return Future.succeededFuture(new EvcacheTargetAdapter(
                client,
                groups,
                quorum,
                new CanonicalKey(
                        Words.text(config, "prefix", ""),
                        KeyTemplate.parse(Words.text(config, "key", "{key}")),
                        Words.text(config, "destination", firstDestination)),
                new ItemCommand(
                        Words.text(config, "value", "text").equals(BYTES) ? BYTE_ARRAY : 0L,
                        Words.duration(config, "ttl", Duration.ZERO))));
    }

    private static ServerGroup group(
            String name, List<GroupNode> nodes, TargetSpec spec, TargetResources resources, NetClient client) {
        // A silent node is to be told from the others before the attempt's own time is over.
        long nodeMillis = Math.max(1L, spec.limit().timeout().toMillis() * 4 / 5);
        return new ServerGroup(
                name,
                nodes.stream()
                        .map(node -> MemcachedProtocol.node(
                                resources.vertx(), client, node.address(), null, nodeMillis, resources.ticker()))
                        .toList(),
                new KetamaRing(nodes.stream().map(GroupNode::ringName).toList()),
                Counter.builder(MetricNames.EVCACHE_MISSED)
                        .tag(MetricNames.NAMESPACE, spec.namespace())
                        .tag(MetricNames.TARGET, spec.name())
                        .tag(MetricNames.OUTCOME, name)
                        .register(resources.metrics()));
    }

    static int quorum(String text, int groups) {
        return switch (text) {
            case "all" -> groups;
            case "majority" -> groups / 2 + 1;
            case "one" -> 1;
            default -> Integer.parseInt(text);
        };
    }

    private static @Nullable String groups(Object value) {
        Map<?, ?> map = (Map<?, ?>) value;
        if (map.isEmpty() || map.size() > GROUPS_MAX) {
            return "1 to " + GROUPS_MAX + " server groups";
        }
        for (Map.Entry<?, ?> group : map.entrySet()) {
            if (!group.getKey().toString().matches("[A-Za-z0-9._-]{1,100}")) {
                return "names of letters, digits, dots, dashes";
            }
            String expectation = GroupNode.expectation(group.getValue().toString());
            if (expectation != null) {
                return expectation;
            }
        }
        return null;
    }
}
