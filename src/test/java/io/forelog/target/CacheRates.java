package io.forelog.target;

import io.forelog.rig.backend.CacheServer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Measures delivery through the writer to a local Redis and memcached, 1 KiB a payload, beside a tight loop of the same client with as many
 * batches in flight: SET beside SET, the versioned script beside one that reads and writes the same keys and compares nothing; memcached beside a bare socket, and
 * evcache with two groups beside two bare sockets that send the same to both servers. A main,
 * not a test: figures are ratios of one run.
 */
public final class CacheRates {
    private static final int IN_FLIGHT = 4;
    /** More than the limit lets through, so that there is always a batch to send, as from a pump. */
    private static final int SENDERS = 2 * IN_FLIGHT;

    private static final int BATCH = 256;
    private static final byte[] PAYLOAD = new byte[1024];

    private static final byte[] VERSION = new byte[48];

    private CacheRates() {}

    /** How many seconds each, then which: redis, memcached, evcache; all of them where none is named. */
    public static void main(String[] args) throws Exception {
        Path data = Files.createTempDirectory("rates");
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 5;
        List<String> wanted = args.length > 1 ? List.of(args[1]) : List.of("redis", "memcached", "evcache");
        if (wanted.contains("redis")) {
            redis(data, seconds);
        }
        if (wanted.contains("memcached")) {
            memcached(data, seconds);
        }
        if (wanted.contains("evcache")) {
            evcache(data, seconds);
        }
    }

    private static void redis(Path data, int seconds) throws Exception {
        Path directory = Files.createDirectory(data.resolve("redis-server"));
        String script = "return {redis.call('GET', KEYS[2]), redis.call('SET', KEYS[1], ARGV[1]),"
                + " redis.call('SET', KEYS[2], ARGV[2])}";
        try (CacheServer server = CacheServer.redis(directory, "--appendonly", "no")) {
            Rates.compare(
                    "redis, SET",
                    seconds,
                    () -> redisBare(server, "", seconds),
                    () -> redis(data, server, false, seconds));
            Rates.compare(
                    "redis, versioned",
                    seconds,
                    () -> redisBare(server, script, seconds),
                    () -> redis(data, server, true, seconds));
        }
    }

    private static void memcached(Path data, int seconds) throws Exception {
        Path directory = Files.createDirectory(data.resolve("memcached-server"));
        try (CacheServer server = CacheServer.memcached(directory, "-m", "512")) {
            Rates.compare(
                    "memcached",
                    seconds,
                    () -> memcachedBare(List.of(server), seconds),
                    () -> memcached(data, server, seconds));
        }
    }

    private static void evcache(Path data, int seconds) throws Exception {
        try (CacheServer one = CacheServer.memcached(Files.createDirectory(data.resolve("zone-1")), "-m", "512");
                CacheServer two = CacheServer.memcached(Files.createDirectory(data.resolve("zone-2")), "-m", "512")) {
            Rates.compare(
                    "evcache, two groups",
                    seconds,
                    () -> memcachedBare(List.of(one, two), seconds),
                    () -> evcache(data, one, two, seconds));
        }
    }

    private static WriterRig rig(Path data) throws Exception {
        return new WriterRig(Files.createTempDirectory(data, "writer"));
    }

    private static double memcached(Path data, CacheServer server, int seconds) throws Exception {
        try (WriterRig rig = rig(data)) {
            rig.deploy(
                    "memcached",
                    Map.of("nodes", List.of(server.address())),
                    new TargetSpec.Limit(IN_FLIGHT, 0, Duration.ofSeconds(10), BATCH));
            return DeliveryRates.loop(seconds, SENDERS, BATCH, rig::send);
        }
    }

    private static double evcache(Path data, CacheServer one, CacheServer two, int seconds) throws Exception {
        try (WriterRig rig = rig(data)) {
            rig.deploy(
                    "evcache",
                    Map.of("groups", Map.of("a", one.address(), "b", two.address())),
                    new TargetSpec.Limit(IN_FLIGHT, 0, Duration.ofSeconds(10), BATCH));
            return DeliveryRates.loop(seconds, SENDERS, BATCH, rig::send);
        }
    }

    /** Sets over a bare socket to each server: as many batches are kept on their way as lines of answer come back from all. */
    private static double memcachedBare(List<CacheServer> servers, int seconds) {
        Vertx vertx = Vertx.vertx();
        NetClient client = vertx.createNetClient();
        AtomicInteger done = new AtomicInteger();
        Promise<Void> end = Promise.promise();
        vertx.getOrCreateContext().runOnContext(go -> {
            List<Future<NetSocket>> connecting = new ArrayList<>();
            servers.forEach(server -> connecting.add(client.connect(server.port(), "127.0.0.1")));
            Future.all(connecting)
                    .onSuccess(ready -> new BareSets(ready.list(), seconds, done, end).begin())
                    .onFailure(end::tryFail);
        });
        WriterRig.await(end.future());
        WriterRig.await(vertx.close());
        return done.get() / (double) seconds;
    }

    /** All on one context. */
    private static final class BareSets {
        private final List<NetSocket> sockets;
        private final int[] lines;
        private final AtomicInteger done;
        private final Promise<Void> end;
        private final long until;

        BareSets(List<NetSocket> sockets, int seconds, AtomicInteger done, Promise<Void> end) {
            this.sockets = sockets;
            this.lines = new int[sockets.size()];
            this.done = done;
            this.end = end;
            this.until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        }

        void begin() {
            for (int i = 0; i < lines.length; i++) {
                int socket = i;
                sockets.get(i).handler(answer -> heard(socket, answer));
            }
            for (int i = 0; i < IN_FLIGHT; i++) {
                send(i * BATCH);
            }
        }

        private void send(int from) {
            Buffer commands = sets(from);
            sockets.forEach(socket -> socket.write(commands));
        }

        private void heard(int socket, Buffer answer) {
            for (int i = 0; i < answer.length(); i++) {
                lines[socket] += answer.getByte(i) == '\n' ? 1 : 0;
            }
            while (Arrays.stream(lines).min().orElse(0) >= BATCH) {
                for (int i = 0; i < lines.length; i++) {
                    lines[i] -= BATCH;
                }
                done.addAndGet(BATCH);
                if (System.nanoTime() > until) {
                    sockets.forEach(NetSocket::close);
                    end.tryComplete();
                    return;
                }
                send(done.get());
            }
        }
    }

    private static Buffer sets(int from) {
        Buffer commands = Buffer.buffer(BATCH * (PAYLOAD.length + 64));
        for (int i = 0; i < BATCH; i++) {
            commands.appendString("set key-" + (from + i) % 100_000 + " 0 0 " + PAYLOAD.length + "\r\n");
            commands.appendBytes(PAYLOAD).appendString("\r\n");
        }
        return commands;
    }

    private static double redis(Path data, CacheServer server, boolean versioned, int seconds) throws Exception {
        try (WriterRig rig = rig(data)) {
            rig.deploy(
                    "redis",
                    Map.of("address", server.address(), "versioned", versioned),
                    new TargetSpec.Limit(IN_FLIGHT, 0, Duration.ofSeconds(10), BATCH));
            return DeliveryRates.loop(seconds, SENDERS, BATCH, rig::send);
        }
    }

    private static double redisBare(CacheServer server, String script, int seconds) {
        Vertx vertx = Vertx.vertx();
        Redis redis = Redis.createClient(
                vertx,
                new RedisOptions()
                        .setConnectionString("redis://" + server.address())
                        .setMaxWaitingHandlers(IN_FLIGHT * BATCH));
        RedisConnection connection = WriterRig.await(redis.connect());
        String sha = script.isEmpty()
                ? ""
                : WriterRig.await(connection.send(
                                Request.cmd(Command.SCRIPT).arg("LOAD").arg(script)))
                        .toString();
        AtomicInteger done = new AtomicInteger();
        long until = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
        List<Future<Void>> loops = new ArrayList<>();
        for (int i = 0; i < IN_FLIGHT; i++) {
            Promise<Void> end = Promise.promise();
            loops.add(end.future());
            vertx.getOrCreateContext().runOnContext(go -> set(connection, sha, until, done, end));
        }
        WriterRig.await(Future.join(loops));
        WriterRig.await(vertx.close());
        return done.get() / (double) seconds;
    }

    private static void set(RedisConnection connection, String sha, long until, AtomicInteger done, Promise<Void> end) {
        if (System.nanoTime() > until) {
            end.complete();
            return;
        }
        List<Request> batch = new ArrayList<>(BATCH);
        for (int i = 0; i < BATCH; i++) {
            String key = "key-" + (done.get() + i) % 100_000;
            batch.add(
                    sha.isEmpty()
                            ? Request.cmd(Command.SET).arg(key).arg(PAYLOAD)
                            : Request.cmd(Command.EVALSHA)
                                    .arg(sha)
                                    .arg(2)
                                    .arg(key)
                                    .arg("{" + key + "}:v")
                                    .arg(PAYLOAD)
                                    .arg(VERSION));
        }
        connection.batch(batch).onComplete(answer -> {
            done.addAndGet(answer.succeeded() ? BATCH : 0);
            set(connection, sha, until, done, end);
        });
    }
}
