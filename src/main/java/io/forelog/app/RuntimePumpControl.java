package io.forelog.app;

import io.forelog.admin.PumpControl;
import io.forelog.consume.ConsumerPump;
import io.forelog.consume.PumpStatus;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.vertx.core.Future;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The management API's hand on the consumer pumps. Any event loop. */
final class RuntimePumpControl implements PumpControl {
    private final NamespaceRuntimes runtimes;

    RuntimePumpControl(NamespaceRuntimes runtimes) {
        this.runtimes = runtimes;
    }

    @Override
    public List<RouteState> status(String namespace) {
        return runtimes.find(namespace)
                .flatMap(NamespaceRuntime::consumer)
                .map(pump ->
                        pump.status().stream().map(RuntimePumpControl::state).toList())
                .orElse(List.of());
    }

    private static RouteState state(PumpStatus status) {
        return new RouteState(
                status.route(),
                status.target(),
                status.state().name(),
                status.reason(),
                status.sinceMicros(),
                status.inFlight());
    }

    @Override
    public Future<Void> pause(String namespace, String target, String principal) {
        return with(namespace, pump -> pump.pause(orAll(target), "by " + principal));
    }

    @Override
    public Future<Void> resume(String namespace, String target, String principal) {
        return with(namespace, pump -> pump.resume(orAll(target)));
    }

    private static @Nullable String orAll(String target) {
        return target.isEmpty() ? null : target;
    }

    private Future<Void> with(String namespace, Function<ConsumerPump, Future<Void>> action) {
        return runtimes.find(namespace)
                .flatMap(NamespaceRuntime::consumer)
                .map(action)
                .orElseGet(() -> Future.failedFuture(new WalException(
                        ErrorCode.UNKNOWN_NAMESPACE,
                        "namespace: '" + namespace + "' (expected: a namespace that this node delivers)")));
    }
}
