package io.forelog.config;

import io.forelog.config.ConfigStore.Snapshot;
import io.forelog.config.Namespace.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done so that a node serves what its store wants. Made by {@link #of} from what is wanted, what was applied
 * and what serves, and from nothing else. Immutable.
 *
 * @param held why nothing is done although documents are gone; empty where there is no such reason
 * @param steps in the order in which they are applied
 * @param problems of the documents that are refused, by namespace
 * @param foreign the shards of documents that others serve, by namespace
 */
record ReloadPlan(String held, List<Step> steps, Map<String, List<String>> problems, Map<String, String> foreign) {

    /** One namespace's change. Switch over {@link #kind()}. */
    sealed interface Step {
        Kind kind();

        /** As it shall be. */
        Namespace to();

        int nextRoute();

        Map<String, Object> written();
    }

    /** Which of the three it is. */
    enum Kind {
        ADD,
        REPLACE,
        RETIRE
    }

    /** It does not serve here yet. */
    record Add(Namespace to, int nextRoute, Map<String, Object> written) implements Step {
        @Override
        public Kind kind() {
            return Kind.ADD;
        }
    }

    record Replace(Namespace from, Namespace to, int nextRoute, Map<String, Object> written) implements Step {
        @Override
        public Kind kind() {
            return Kind.REPLACE;
        }
    }

    /** Its document is gone, or another shard's: writes end, deliveries go on. */
    record Retire(Namespace from, Namespace to, int nextRoute, Map<String, Object> written) implements Step {
        @Override
        public Kind kind() {
            return Kind.RETIRE;
        }
    }

    /** In words, for people. */
    static String words(Step step) {
        return switch (step.kind()) {
            case ADD -> "add namespace " + step.to().name();
            case REPLACE ->
                "replace namespace " + step.to().name() + ", revision "
                        + ((Replace) step).from().revision();
            case RETIRE ->
                switch (step.to().state()) {
                    case LEAVING ->
                        "hand namespace " + step.to().name() + " over to another shard, deliver what only this one can";
                    case DISCARDING ->
                        "discard namespace " + step.to().name()
                                + ": refuse writes, deliver nothing more, delete what it holds";
                    default ->
                        "retire namespace " + step.to().name() + ": refuse writes, deliver the rest, then remove it";
                };
        };
    }

    /**
     * @param shard this node's
     * @param applied by namespace, removed ones included
     * @param live what serves now, by namespace
     * @param unnumbered whose documents can't be applied yet: what was applied last serves meanwhile
     */
    static ReloadPlan of(
            Snapshot wanted,
            DocumentParser parser,
            String shard,
            Map<String, AppliedRecord> applied,
            Map<String, Namespace> live,
            Set<String> unnumbered) {
        return new Planning(wanted, parser, shard, applied, live, unnumbered).plan();
    }

    /** One planning; owned by one thread. */
    private static final class Planning {
        private final Snapshot wanted;
        private final DocumentParser parser;
        private final String shard;
        private final Map<String, AppliedRecord> applied;
        private final Map<String, Namespace> live;
        private final Set<String> unnumbered;
        private final List<Step> steps = new ArrayList<>();
        private final Map<String, List<String>> problems = new TreeMap<>();
        private final Map<String, String> foreign = new TreeMap<>();

        Planning(
                Snapshot wanted,
                DocumentParser parser,
                String shard,
                Map<String, AppliedRecord> applied,
                Map<String, Namespace> live,
                Set<String> unnumbered) {
            this.wanted = wanted;
            this.parser = parser;
            this.shard = shard;
            this.applied = applied;
            this.live = live;
            this.unnumbered = unnumbered;
        }

        ReloadPlan plan() {
            String held = held();
            if (!held.isEmpty()) {
                applied.values().stream()
                        .filter(record -> record.state() != State.RETIRED)
                        .forEach(record -> serveAsBefore(record, record.state()));
                return new ReloadPlan(held, steps, problems, foreign);
            }
            TreeSet<String> names = new TreeSet<>(wanted.documents().keySet());
            names.addAll(applied.keySet());
            for (String name : names) {
                StoredDocument document = wanted.documents().get(name);
                AppliedRecord record = applied.get(name);
                if (unnumbered.contains(name)) {
                    if (record != null && record.state() != State.RETIRED) {
                        serveAsBefore(record, record.state());
                    }
                } else if (document != null) {
                    wanted(document, record);
                } else if (record != null && record.state() != State.RETIRED) {
                    end(record, wanted.discarded().contains(name) ? State.DISCARDING : State.RETIRING);
                }
            }
            return new ReloadPlan("", steps, problems, foreign);
        }

        /** Nobody empties a directory on purpose; whoever does removes by hand. */
        private String held() {
            long active = 0;
            TreeSet<String> gone = new TreeSet<>();
            for (AppliedRecord record : applied.values()) {
                if (record.state() == State.ACTIVE) {
                    active++;
                    if (!wanted.documents().containsKey(record.namespace())
                            && !wanted.removed().contains(record.namespace())) {
                        gone.add(record.namespace());
                    }
                }
            }
            if (gone.isEmpty()) {
                return "";
            }
            if (!wanted.problem().isEmpty()) {
                return wanted.problem();
            }
            boolean empty = wanted.documents().isEmpty();
            if (empty || (gone.size() >= 2 && gone.size() * 2L >= active)) {
                return gone.size() + " of " + active + " documents are gone at once: " + gone
                        + " (expected: fewer than half; to remove namespaces, delete them one by one by hand)";
            }
            return "";
        }

        private void wanted(StoredDocument stored, @Nullable AppliedRecord record) {
            StoredDocument.Read read = stored.read();
            if (!read.problems().isEmpty()) {
                refuse(stored.namespace(), record, read.problems());
                return;
            }
            DocumentParser.Parsed parsed = parser.parse(stored.namespace(), read.values());
            NamespaceDocument document = parsed.document();
            if (document == null) {
                refuse(stored.namespace(), record, parsed.problems());
                return;
            }
            if (!document.shard().equals(shard)) {
                foreign.put(stored.namespace(), document.shard());
                if (record != null && record.state() != State.RETIRED) {
                    end(record, State.LEAVING);
                }
                return;
            }
            Routing.Numbered numbered = Routing.number(
                    document, stored.revision(), State.ACTIVE, record, stored.atMicros(), given(stored.namespace()));
            List<String> problems = change(document, numbered, live.get(stored.namespace()));
            if (!problems.isEmpty()) {
                refuse(stored.namespace(), record, problems);
                return;
            }
            serve(numbered, read.values());
        }

        private Map<String, Integer> given(String namespace) {
            return wanted.numbers().getOrDefault(namespace, Map.of());
        }

        /** What one document alone can't tell. */
        private List<String> change(
                NamespaceDocument document, Routing.Numbered numbered, @Nullable Namespace serving) {
            List<String> found = new ArrayList<>();
            if (!numbered.problem().isEmpty()) {
                found.add(numbered.problem());
            }
            if (serving != null
                    && serving.document().storage().own() != document.storage().own()) {
                found.add("storage.isolation: " + (document.storage().own() ? "own" : "shared")
                        + " (expected: as it was made; a namespace's database can't be changed while it has one)");
            }
            return found;
        }

        private void serve(Routing.Numbered numbered, Map<String, Object> written) {
            Namespace to = numbered.namespace();
            Namespace serving = live.get(to.name());
            if (serving == null) {
                steps.add(new Add(to, numbered.nextRoute(), written));
            } else if (!serving.equals(to)) {
                steps.add(new Replace(serving, to, numbered.nextRoute(), written));
            }
        }

        private void refuse(String name, @Nullable AppliedRecord record, List<String> why) {
            problems.put(name, List.copyOf(why));
            if (record != null && record.state() != State.RETIRED) {
                serveAsBefore(record, record.state());
            }
        }

        private void end(AppliedRecord record, State state) {
            Namespace serving = live.get(record.namespace());
            if (serving == null) {
                serveAsBefore(record, state);
            } else if (serving.state() != state) {
                Namespace to = Routing.inState(serving, state);
                steps.add(new Retire(serving, to, record.nextRoute(), record.written()));
            }
        }

        /** After a restart: what was applied last goes on, if the node can still read it. */
        private void serveAsBefore(AppliedRecord record, State state) {
            if (live.containsKey(record.namespace())) {
                return;
            }
            DocumentParser.Parsed parsed = parser.parse(record.namespace(), record.written());
            NamespaceDocument document = parsed.document();
            if (document == null) {
                problems.merge(record.namespace(), parsed.problems(), (some, more) -> {
                    List<String> all = new ArrayList<>(some);
                    more.stream().filter(problem -> !some.contains(problem)).forEach(all::add);
                    return all;
                });
                return;
            }
            Routing.Numbered numbered = Routing.number(document, record.revision(), state, record, 0, Map.of());
            steps.add(new Add(numbered.namespace(), numbered.nextRoute(), record.written()));
        }
    }
}
