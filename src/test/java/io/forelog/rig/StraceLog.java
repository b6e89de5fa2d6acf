package io.forelog.rig;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what strace wrote of a process: the calls that change files below one directory, in the order in which they ended.
 * A call that is not understood there fails the test, so that nothing is left out in silence. One reader, one thread.
 */
public final class StraceLog {
    /** To be put before a command: strace runs it as its child and ends when it has. */
    public static List<String> command(Path log) {
        return List.of(
                "strace",
                "-f",
                "-q",
                "--seccomp-bpf",
                "-ttt",
                "-y",
                "-xx",
                "-s",
                "67108864",
                "-o",
                log.toString(),
                "-e",
                "signal=none",
                "-e",
                "trace=open,openat,creat,close,write,pwrite64,writev,pwritev,pwritev2,rename,renameat,renameat2,unlink,"
                        + "unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,ftruncate,truncate,fallocate,"
                        + "fsync,fdatasync,syncfs,copy_file_range,sendfile,splice");
    }

    /**
     * One call that ended well.
     *
     * @param micros since 1970, when it began, or where others came between, when it ended: nothing told later happened before
     * @param number counts the calls in the order of their ends, from 1
     * @param begun the number of the last one that had ended when it began
     * @param path absolute; of a descriptor the file's
     * @param to of a rename
     * @param descriptor or -1
     * @param offset of pwrite64; the length of ftruncate; else -1
     */
    public record Call(
            long micros,
            long number,
            long begun,
            String name,
            String path,
            String to,
            int descriptor,
            String flags,
            byte[] data,
            long offset) {}

    private static final Pattern LINE = Pattern.compile("^(\\d+) +(\\d+)\\.(\\d{6}) (.*)$", Pattern.DOTALL);
    private static final Pattern DESCRIPTOR = Pattern.compile("^(\\d+)<((?:\\\\x[0-9a-f]{2})*)>(\\(deleted\\))?");
    private static final Pattern TEXT = Pattern.compile("\"((?:\\\\x[0-9a-f]{2})*)\"(\\.\\.\\.)?");
    private static final Pattern RESULT = Pattern.compile("\\) += (-?\\d+)(?:<((?:\\\\x[0-9a-f]{2})*)>)?[^=]*$");

    private final String below;
    private final String belowInHex;
    private final Map<String, Begun> unfinished = new HashMap<>();
    private long ended;

    private record Begun(String text, long ended) {}

    /** {@code directory}: real and absolute, as the process names it. */
    public StraceLog(Path directory) {
        this.below = directory.toString();
        this.belowInHex = hex(below);
    }

    /** Goes on counting where the log before it ended. */
    public void read(Path log, Consumer<Call> consumer) {
        unfinished.clear();
        try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                line(line, consumer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void line(String line, Consumer<Call> consumer) {
        int head = line.indexOf(' ', line.indexOf('.'));
        Matcher parts = LINE.matcher(line.substring(0, Math.max(0, head + 1)));
        if (!parts.matches()) {
            return;
        }
        String process = parts.group(1);
        long micros = Long.parseLong(parts.group(2)) * 1_000_000 + Long.parseLong(parts.group(3));
        String text = line.substring(head + 1);
        if (text.startsWith("+++") || text.startsWith("---")) {
            return;
        }
        if (text.endsWith("<unfinished ...>")) {
            unfinished.put(process, new Begun(text.substring(0, text.length() - "<unfinished ...>".length()), ended));
            return;
        }
        long begun = ended;
        if (text.startsWith("<... ")) {
            Begun first = unfinished.remove(process);
            if (first == null) {
                return;
            }
            text = first.text() + text.substring(text.indexOf("resumed>") + "resumed>".length());
            begun = first.ended();
        }
        if (text.contains(belowInHex)) {
            ended++;
            call(micros, begun, text, consumer);
        }
    }

    private void call(long micros, long begun, String text, Consumer<Call> consumer) {
        int open = text.indexOf('(');
        String name = text.substring(0, open);
        Matcher end = RESULT.matcher(text);
        // What follows the data is short: a search from the start would look at every byte.
        if (text.endsWith("= ?")) {
            // Killed in it: what was being written then was not synced.
            return;
        }
        end.region(Math.max(0, text.length() - 4_096), text.length());
        if (!end.find()) {
            throw new AssertionError("a call without its result: " + text.substring(0, Math.min(300, text.length())));
        }
        long result = Long.parseLong(end.group(1));
        if (result < 0) {
            return;
        }
        String arguments = text.substring(open + 1, end.start());
        switch (name) {
            case "open", "openat", "creat" -> {
                String path = text(end.group(2) == null ? "" : end.group(2));
                String flags = arguments.substring(arguments.lastIndexOf('"') + 1);
                if (isBelow(path)) {
                    consumer.accept(call(micros, begun, name, path, "", (int) result, flags, -1));
                }
            }
            case "close", "fsync", "fdatasync", "ftruncate", "write", "pwrite64" -> {
                Matcher descriptor = DESCRIPTOR.matcher(arguments);
                if (!descriptor.find()) {
                    throw new AssertionError("no descriptor in " + arguments.substring(0, 100));
                }
                String path = text(descriptor.group(2));
                if (!isBelow(path) || descriptor.group(3) != null) {
                    return;
                }
                int number = Integer.parseInt(descriptor.group(1));
                String rest = arguments.substring(descriptor.end());
                byte[] data = new byte[0];
                if (name.contains("write")) {
                    int from = rest.indexOf('"');
                    int to = rest.lastIndexOf('"');
                    if (rest.startsWith("...", to + 1)) {
                        throw new AssertionError("strace cut a write of " + path);
                    }
                    data = bytes(rest, from + 1, to);
                    if (data.length != result) {
                        data = java.util.Arrays.copyOf(data, (int) result);
                    }
                    rest = rest.substring(to + 1);
                }
                long last = name.equals("pwrite64") || name.equals("ftruncate")
                        ? Long.parseLong(
                                rest.substring(rest.lastIndexOf(", ") + 2).trim())
                        : -1;
                consumer.accept(new Call(micros, ended, begun, name, path, "", number, "", data, last));
            }
            case "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2" -> {
                Matcher paths = TEXT.matcher(arguments);
                String path = paths.find() ? text(paths.group(1)) : "";
                String to = paths.find() ? text(paths.group(1)) : "";
                if (!isBelow(path) || !to.isEmpty() && !isBelow(to)) {
                    throw new AssertionError(name + " " + path + " " + to + ": not whole below " + below);
                }
                consumer.accept(call(micros, begun, name, path, to, -1, "", -1));
            }
            case "fallocate" -> {
                if (!arguments.contains("FALLOC_FL_KEEP_SIZE")) {
                    throw new AssertionError("not understood: " + text);
                }
            }
            default -> throw new AssertionError("not understood: " + text.substring(0, Math.min(300, text.length())));
        }
    }

    private Call call(
            long micros, long begun, String name, String path, String to, int descriptor, String flags, long offset) {
        return new Call(micros, ended, begun, name, path, to, descriptor, flags, new byte[0], offset);
    }

    private boolean isBelow(String path) {
        return path.equals(below) || path.startsWith(below + "/");
    }

    private static String text(String hex) {
        return new String(bytes(hex, 0, hex.length()), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text, int from, int to) {
        byte[] bytes = new byte[(to - from) / 4];
        for (int i = 0; i < bytes.length; i++) {
            int at = from + 4 * i + 2;
            bytes[i] = (byte) (Character.digit(text.charAt(at), 16) << 4 | Character.digit(text.charAt(at + 1), 16));
        }
        return bytes;
    }

    private static String hex(String text) {
        StringBuilder hex = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            hex.append(String.format("\\x%02x", each));
        }
        return hex.toString();
    }
}
