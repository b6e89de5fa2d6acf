package io.forelog.queue.rocksdb;

import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One named thread for blocking reads, which ends when idle. Its owner bounds what it is given; over the bound: OVERLOADED. */
final class Worker implements AutoCloseable {
    private static final int WAITING_MOST = 65_536;

    private final ThreadPoolExecutor executor;

    Worker(String name) {
        executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(WAITING_MOST), task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        executor.allowCoreThreadTimeOut(true);
    }

    void run(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            throw new WalException(ErrorCode.OVERLOADED, "reads of the embedded queue: too many wait, or it is closed");
        }
    }

    /** Waits for what is under way. */
    @Override
    public void close() {
        executor.shutdown();
        try {
            executor.awaitTermination(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
