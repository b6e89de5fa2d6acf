package io.forelog.rig;

import io.forelog.rig.StraceLog.Call;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What a file system owes after a loss of power, by POSIX alone: the bytes that a file had when fsync or fdatasync of it began,
 * and the names that a directory had when fsync of the directory did. All else may be there, in part, or not. Fed with the
 * calls of a process; holds all that was written in memory, so for tens of megabytes. One thread.
 */
public final class ForgetfulDisk {
    private static final int PAGE = 4_096;
    private static final Inode FOLDER = new Inode();

    /** What is left of what was written and not synced. */
    public enum Loss {
        /** Nothing: as if no cache was ever written back by itself. */
        ALL,
        /** Of each file its first so many writes, the last one torn; of the names the first so many changes. */
        TAILS,
        /** Pages as chance has it: later ones without earlier ones, lengths without contents. */
        PAGES
    }

    private final String root;
    private final Map<String, Inode> names = new TreeMap<>();
    private final Map<String, Inode> durableNames = new TreeMap<>();
    private final List<NameChange> nameChanges = new ArrayList<>();
    private final Map<Integer, Long> offsets = new HashMap<>();
    private final Map<Integer, Boolean> appending = new HashMap<>();

    /** A file: what it holds for certain, and what was done to it since, oldest first. */
    private static final class Inode {
        private byte[] synced = new byte[0];
        private final List<Change> changes = new ArrayList<>();

        private long length() {
            long length = synced.length;
            for (Change change : changes) {
                length = change.data() == null
                        ? change.offset()
                        : Math.max(length, change.offset() + change.data().length);
            }
            return length;
        }
    }

    /** A write, or where {@code data} is null a cut to {@code offset}. */
    private record Change(long number, long offset, byte[] data) {
        private byte[] on(byte[] content) {
            if (data == null) {
                return Arrays.copyOf(content, (int) offset);
            }
            byte[] result = content.length < offset + data.length
                    ? Arrays.copyOf(content, (int) offset + data.length)
                    : content.clone();
            System.arraycopy(data, 0, result, (int) offset, data.length);
            return result;
        }
    }

    /** A name that came ({@code inode} is what it means) or went (null). */
    private record NameChange(long number, String path, Inode inode) {}

    /** The directory itself counts as durable. */
    public ForgetfulDisk(Path root) {
        this.root = root.toString();
        names.put(this.root, FOLDER);
        durableNames.put(this.root, FOLDER);
    }

    /** The process is gone, its descriptors with it; what it wrote is not. */
    public void processEnded() {
        offsets.clear();
        appending.clear();
    }

    public void apply(Call call) {
        switch (call.name()) {
            case "open", "openat", "creat" -> opened(call);
            case "close" -> offsets.remove(call.descriptor());
            case "write" -> {
                Inode file = file(call.path());
                long at = appending.getOrDefault(call.descriptor(), false)
                        ? file.length()
                        : offsets.getOrDefault(call.descriptor(), 0L);
                file.changes.add(new Change(call.number(), at, call.data()));
                offsets.put(call.descriptor(), at + call.data().length);
            }
            case "pwrite64" -> file(call.path()).changes.add(new Change(call.number(), call.offset(), call.data()));
            case "ftruncate" -> file(call.path()).changes.add(new Change(call.number(), call.offset(), null));
            case "fsync", "fdatasync" -> synced(call);
            case "mkdir", "mkdirat" -> name(call, call.path(), FOLDER);
            case "unlink", "unlinkat", "rmdir" -> name(call, call.path(), null);
            case "rename", "renameat", "renameat2" -> {
                Inode moved = names.get(call.path());
                if (moved == null || moved == FOLDER) {
                    throw new AssertionError("renamed, and no file: " + call.path());
                }
                // Under one number: never the one without the other.
                name(call, call.to(), moved);
                name(call, call.path(), null);
            }
            default -> throw new AssertionError(call.name());
        }
    }

    private void opened(Call call) {
        Inode there = names.get(call.path());
        if (there == FOLDER) {
            return;
        }
        if (there == null) {
            if (!call.flags().contains("O_CREAT")) {
                throw new AssertionError("opened, and never made: " + call);
            }
            there = new Inode();
            name(call, call.path(), there);
        }
        if (call.flags().contains("O_TRUNC") && there.length() > 0) {
            there.changes.add(new Change(call.number(), 0, null));
        }
        offsets.put(call.descriptor(), 0L);
        appending.put(call.descriptor(), call.flags().contains("O_APPEND"));
    }

    private Inode file(String path) {
        Inode file = names.get(path);
        if (file == null || file == FOLDER) {
            throw new AssertionError("no file was made at " + path);
        }
        return file;
    }

    private void name(Call call, String path, Inode inode) {
        if (inode == null) {
            names.remove(path);
        } else {
            names.put(path, inode);
        }
        nameChanges.add(new NameChange(call.number(), path, inode));
    }

    private void synced(Call call) {
        Inode inode = names.get(call.path());
        if (inode == null) {
            return;
        }
        if (inode == FOLDER) {
            for (Iterator<NameChange> changes = nameChanges.iterator(); changes.hasNext(); ) {
                NameChange change = changes.next();
                if (parent(change.path()).equals(call.path()) && change.number() <= call.begun()) {
                    apply(change, durableNames);
                    changes.remove();
                }
            }
            return;
        }
        while (!inode.changes.isEmpty() && inode.changes.get(0).number() <= call.begun()) {
            inode.synced = inode.changes.remove(0).on(inode.synced);
        }
    }

    private static void apply(NameChange change, Map<String, Inode> to) {
        if (change.inode() == null) {
            to.remove(change.path());
        } else {
            to.put(change.path(), change.inode());
        }
    }

    private static String parent(String path) {
        return path.substring(0, path.lastIndexOf('/'));
    }

    /**
     * Writes into {@code target} what the disk may hold now.
     *
     * @param mapped the content of files that are written through memory, by their path below the root; null = as any file
     */
    public void image(Path target, Loss loss, Random random, Function<String, byte[]> mapped) {
        Map<String, Inode> held = new TreeMap<>(durableNames);
        int changes = loss == Loss.ALL ? 0 : random.nextInt(nameChanges.size() + 1);
        while (changes > 0
                && changes < nameChanges.size()
                && nameChanges.get(changes).number()
                        == nameChanges.get(changes - 1).number()) {
            changes++;
        }
        nameChanges.subList(0, changes).forEach(change -> apply(change, held));
        try {
            for (Map.Entry<String, Inode> each : held.entrySet()) {
                String path = each.getKey();
                Path there = target.resolve(path.equals(root) ? "" : path.substring(root.length() + 1));
                if (each.getValue() == FOLDER) {
                    if (path.equals(root) || Files.isDirectory(there.getParent())) {
                        Files.createDirectories(there);
                    }
                } else if (Files.isDirectory(there.getParent())) {
                    byte[] content = mapped.apply(path.substring(root.length() + 1));
                    Files.write(there, content == null ? content(each.getValue(), loss, random) : content);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] content(Inode inode, Loss loss, Random random) {
        List<Change> changes = inode.changes;
        return switch (loss) {
            case ALL -> inode.synced;
            case TAILS -> {
                byte[] content = inode.synced;
                int whole = random.nextInt(changes.size() + 1);
                for (Change change : changes.subList(0, whole)) {
                    content = change.on(content);
                }
                if (whole < changes.size() && changes.get(whole).data() != null) {
                    Change torn = changes.get(whole);
                    byte[] part = Arrays.copyOf(torn.data(), random.nextInt(torn.data().length + 1));
                    content = new Change(0, torn.offset(), part).on(content);
                }
                yield content;
            }
            case PAGES -> {
                byte[] after = inode.synced;
                for (Change change : changes) {
                    after = change.on(after);
                }
                int length = random.nextBoolean() ? after.length : inode.synced.length;
                byte[] content = Arrays.copyOf(inode.synced, length);
                for (int page = 0; page < length; page += PAGE) {
                    int end = Math.min(Math.min(page + PAGE, length), after.length);
                    if (end > page && random.nextBoolean()) {
                        System.arraycopy(after, page, content, page, end - page);
                    }
                }
                yield content;
            }
        };
    }
}
