package io.forelog.app;

import com.sun.management.OperatingSystemMXBean;
import io.forelog.access.Pressure;
import io.vertx.core.Vertx;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Reads the signals of {@link Pressure} from the JVM, twice a second, on a worker thread; one sample at a time, whatever else waits for a worker. */
final class PressureSampler {
    private static final long PERIOD_MILLIS = 500;

    private final Pressure pressure;
    private final DoubleSupplier loopLagSeconds;
    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP && pool.isCollectionUsageThresholdSupported())
            .toList();
    private final AtomicBoolean sampling = new AtomicBoolean();
    private long nanos = System.nanoTime();
    private long processorNanos = system.getProcessCpuTime();

    PressureSampler(Pressure pressure, DoubleSupplier loopLagSeconds) {
        this.pressure = pressure;
        this.loopLagSeconds = loopLagSeconds;
    }

    void start(Vertx vertx) {
        vertx.setPeriodic(PERIOD_MILLIS, id -> {
            if (sampling.compareAndSet(false, true)) {
                vertx.executeBlocking(this::sample, false).onComplete(done -> sampling.set(false));
            }
        });
    }

    private synchronized @Nullable Void sample() {
        pressure.sample(loopLagSeconds.getAsDouble(), processor(), liveHeap());
        return null;
    }

    /** Since the last sample, of all that the process may use. The JVM's own figure reads the container's files each time. */
    private double processor() {
        long nanosNow = System.nanoTime();
        long processorNow = system.getProcessCpuTime();
        double share = (double) (processorNow - processorNanos)
                / Math.max(1, nanosNow - nanos)
                / Runtime.getRuntime().availableProcessors();
        nanos = nanosNow;
        processorNanos = processorNow;
        return share;
    }

    /** What lived after the last collection, as a share of the largest heap. */
    private double liveHeap() {
        long live = 0;
        for (MemoryPoolMXBean pool : pools) {
            MemoryUsage usage = pool.getCollectionUsage();
            live += usage == null ? 0 : usage.getUsed();
        }
        return (double) live / Runtime.getRuntime().maxMemory();
    }
}
