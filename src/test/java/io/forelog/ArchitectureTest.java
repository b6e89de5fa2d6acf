package io.forelog;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBusOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;

/** The floor plan as rules: who may import whom, and what may not be done where. A new package needs a row here. */
@AnalyzeClasses(packages = ArchitectureTest.ROOT, importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    static final String ROOT = "io.forelog";

    /** Package -> what it may import beside itself, model and observe. {@code app} may import all. */
    private static final Map<String, Set<String>> IMPORTS = Map.ofEntries(
            Map.entry("ingest", Set.of("access", "bus", "wire", "config")),
            Map.entry("access", Set.of("config")),
            Map.entry("bus", Set.of("wire")),
            Map.entry("produce", Set.of("bus", "queue", "config", "cluster")),
            Map.entry("queue", Set.of("wire", "blob")),
            Map.entry("blob", Set.of()),
            Map.entry("consume", Set.of("bus", "queue", "config", "cluster")),
            Map.entry("target", Set.of("bus", "wire", "table")),
            Map.entry("table", Set.of()),
            Map.entry("mutate", Set.of("bus", "queue", "table", "config", "cluster")),
            Map.entry("region", Set.of("bus", "target", "config")),
            Map.entry("config", Set.of("database")),
            Map.entry("database", Set.of()),
            Map.entry("cluster", Set.of("bus", "database")),
            Map.entry("admin", Set.of("access", "bus", "queue", "config", "cluster")),
            Map.entry("client", Set.of("wire")),
            Map.entry("wire", Set.of()),
            Map.entry("observe", Set.of()),
            Map.entry("model", Set.of()));

    /** Their direct sub-packages are adapters, each for itself; only {@code app} sees them. */
    private static final Set<String> WITH_ADAPTERS = Set.of("queue", "target", "table", "blob", "config");

    /** Adapter -> the one that it stands on: EVCache is groups of memcached's nodes. */
    private static final Map<String, String> STANDS_ON = Map.of("target.evcache", "target.memcached");

    private static final String[] ADAPTERS = {
        ROOT + ".queue.*..",
        ROOT + ".target.*..",
        ROOT + ".table.*..",
        ROOT + ".blob.*..",
        ROOT + ".config.*..",
        ROOT + ".database..",
        ROOT + ".cluster.."
    };

    private static final String[] BACKENDS = {
        "org.rocksdb..",
        "org.apache.kafka..",
        "io.vertx.kafka..",
        "software.amazon..",
        "com.datastax..",
        "io.vertx.cassandra..",
        "io.vertx.redis..",
        "io.vertx.pgclient..",
        "io.vertx.sqlclient..",
        "com.spotify.folsom.."
    };

    /** Owner type -> methods that hold a thread until somebody else acts. */
    private static final Map<Class<?>, Set<String>> WAITS = Map.of(
            Future.class, Set.of("get", "join", "resultNow"),
            io.vertx.core.Future.class, Set.of("await"),
            Thread.class, Set.of("sleep", "join"),
            CountDownLatch.class, Set.of("await"),
            CyclicBarrier.class, Set.of("await"),
            Condition.class, Set.of("await", "awaitNanos", "awaitUntil", "awaitUninterruptibly"),
            Semaphore.class, Set.of("acquire", "acquireUninterruptibly"),
            BlockingQueue.class, Set.of("take", "put"));

    @ArchTest
    static final ArchRule importsFollowTheTable =
            classes().should(importOnlyAlongTheTable()).allowEmptyShould(true);

    @ArchTest
    static final ArchRule modelKnowsTheJdkAndBuffersOnly = classes()
            .that()
            .resideInAPackage(ROOT + ".model..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    ROOT + ".model..", "java..", "javax.net.ssl..", "io.vertx.core.buffer..", "org.jspecify..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule backendTypesStayInAdapters = noClasses()
            .that()
            .resideOutsideOfPackages(concat(ADAPTERS, ROOT + ".app.."))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(BACKENDS)
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule noVertxIsStatic = noFields()
            .that()
            .areStatic()
            .should()
            .haveRawType(assignableTo(Vertx.class))
            .allowEmptyShould(true);

    /** The RocksDB adapters own a committer thread, which may wait for its work. */
    @ArchTest
    static final ArchRule nobodyWaits = noClasses()
            .that()
            .resideOutsideOfPackages(
                    ROOT + ".app..", ROOT + ".client..", ROOT + ".queue.rocksdb..", ROOT + ".table.rocksdb..")
            .should()
            .callMethodWhere(holdsItsThread())
            .allowEmptyShould(true);

    /** Generated code is in wire; app may set the bus's options when it starts Vert.x. */
    @ArchTest
    static final ArchRule onlyBusTalksToTheEventBus = noClasses()
            .that()
            .resideOutsideOfPackages(ROOT + ".bus..", ROOT + ".wire..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("io.vertx.core.eventbus..")
                    .and(DescribedPredicate.not(assignableTo(EventBusOptions.class))))
            .allowEmptyShould(true);

    private static ArchCondition<JavaClass> importOnlyAlongTheTable() {
        return new ArchCondition<>("import only what the table of the design allows") {
            @Override
            public void check(JavaClass from, ConditionEvents events) {
                String room = roomOf(from);
                if (!room.equals("app") && !IMPORTS.containsKey(room)) {
                    events.add(SimpleConditionEvent.violated(
                            from, from.getName() + " lies in no package of the table (" + room + ")"));
                    return;
                }
                for (Dependency dependency : from.getDirectDependenciesFromSelf()) {
                    if (!mayImport(room, from, dependency.getTargetClass().getBaseComponentType())) {
                        events.add(SimpleConditionEvent.violated(from, dependency.getDescription()));
                    }
                }
            }
        };
    }

    private static boolean mayImport(String room, JavaClass from, JavaClass to) {
        if (!to.getPackageName().startsWith(ROOT) || room.equals("app")) {
            return true;
        }
        String adapter = adapterOf(to);
        if (!adapter.isEmpty() && !adapter.equals(adapterOf(from)) && !adapter.equals(STANDS_ON.get(adapterOf(from)))) {
            return false;
        }
        String other = roomOf(to);
        return other.equals(room)
                || other.equals("model")
                || other.equals("observe")
                || IMPORTS.getOrDefault(room, Set.of()).contains(other);
    }

    /** The first package segment below the root, or nothing. */
    private static String roomOf(JavaClass type) {
        List<String> path = pathOf(type);
        return path.isEmpty() ? "" : path.get(0);
    }

    /** {@code queue.kafka} for anything in or below that package, nothing for the SPI itself. */
    private static String adapterOf(JavaClass type) {
        List<String> path = pathOf(type);
        return path.size() > 1 && WITH_ADAPTERS.contains(path.get(0)) ? path.get(0) + "." + path.get(1) : "";
    }

    private static List<String> pathOf(JavaClass type) {
        String name = type.getPackageName();
        return name.length() <= ROOT.length()
                ? List.of()
                : List.of(name.substring(ROOT.length() + 1).split("\\."));
    }

    private static DescribedPredicate<JavaCall<?>> holdsItsThread() {
        return describe(
                "the call holds its thread (get, join, sleep, await, take)",
                call -> WAITS.entrySet().stream()
                        .anyMatch(wait -> call.getTargetOwner().isAssignableTo(wait.getKey())
                                && wait.getValue().contains(call.getName())));
    }

    private static String[] concat(String[] some, String last) {
        String[] all = java.util.Arrays.copyOf(some, some.length + 1);
        all[some.length] = last;
        return all;
    }
}
