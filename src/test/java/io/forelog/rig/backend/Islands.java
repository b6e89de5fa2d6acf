package io.forelog.rig.backend;

import io.forelog.rig.Fleet.Site;
import io.forelog.rig.Soak;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Network namespaces of this machine, each with an address of its own on one bridge, that can be parted from each other: packets
 * are lost, nobody is told. Wants root and iproute2. The addresses are those set apart for tests of networks (198.18.0.0/15).
 * Used by one test thread; what it made goes when it is closed, at the latest with the JVM.
 */
public final class Islands implements AutoCloseable {
    private static final int NETS = 250;

    private final Path directory;
    private final String prefix;
    private final String net;
    private final int count;
    private final Thread reaper = new Thread(this::remove, "islands-reaper");

    /** {@code directory}: for what the commands print. */
    public Islands(Path directory, int count) {
        long pid = ProcessHandle.current().pid();
        this.directory = directory;
        this.prefix = "fl" + Long.toString(pid, 36);
        this.net = "198.18." + (1 + pid % NETS) + ".";
        this.count = count;
        Runtime.getRuntime().addShutdownHook(reaper);
        try {
            make();
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Tells loudly where this user of this machine can have none: skip then. */
    public static boolean possible() {
        boolean possible = succeeds("ip", "netns", "add", probe()) && succeeds("ip", "netns", "del", probe());
        if (!possible) {
            Soak.skipping("tests with network namespaces", "they want root and iproute2");
        }
        return possible;
    }

    /** This side's, which all of them reach. */
    public InetAddress host() {
        try {
            return InetAddress.getByName(net + 1);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    public List<Site> sites() {
        return IntStream.range(0, count)
                .mapToObj(index -> new Site(address(index), List.of("ip", "netns", "exec", name(index))))
                .toList();
    }

    /** The one's packets to the other are lost, and the other way; both reach everything else. */
    public void separate(int one, int other) {
        in(one, "ip", "route", "add", "blackhole", address(other) + "/32");
        in(other, "ip", "route", "add", "blackhole", address(one) + "/32");
    }

    public void join(int one, int other) {
        in(one, "ip", "route", "del", "blackhole", address(other) + "/32");
        in(other, "ip", "route", "del", "blackhole", address(one) + "/32");
    }

    /** It reaches nobody, and nobody it. */
    public void isolate(int index) {
        run("ip", "link", "set", name(index), "down");
    }

    public void rejoin(int index) {
        run("ip", "link", "set", name(index), "up");
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(reaper);
        } catch (IllegalStateException e) {
            // the JVM is going down: the hook has done it or will
        }
    }

    private void make() {
        run("ip", "link", "add", prefix, "type", "bridge");
        run("ip", "addr", "add", net + "1/24", "dev", prefix);
        run("ip", "link", "set", prefix, "up");
        for (int index = 0; index < count; index++) {
            String name = name(index);
            run("ip", "netns", "add", name);
            run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
            run("ip", "link", "set", name, "master", prefix);
            run("ip", "link", "set", name, "up");
            in(index, "ip", "link", "set", "lo", "up");
            in(index, "ip", "addr", "add", address(index) + "/24", "dev", "eth0");
            in(index, "ip", "link", "set", "eth0", "up");
        }
    }

    private void remove() {
        for (int index = 0; index < count; index++) {
            succeeds("ip", "link", "del", name(index));
            succeeds("ip", "netns", "del", name(index));
        }
        succeeds("ip", "link", "del", prefix);
    }

    private static boolean succeeds(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static String probe() {
        return "flp" + Long.toString(ProcessHandle.current().pid(), 36);
    }

    private String name(int index) {
        return prefix + "n" + index;
    }

    private String address(int index) {
        return net + (index + 2);
    }

    private void in(int index, String... command) {
        List<String> inside = new ArrayList<>(List.of("ip", "netns", "exec", name(index)));
        inside.addAll(Arrays.asList(command));
        ChildProcess.run(directory, inside, 20);
    }

    private void run(String... command) {
        ChildProcess.run(directory, List.of(command), 20);
    }
}
