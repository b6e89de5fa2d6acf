package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which node has a key: ketama with 160 points a node, on MD5, as libmemcached ({@code KETAMA_WEIGHTED}) and spymemcached place them, so
 * that other clients look where we write. Used on one context: the digest is shared.
 */
public final class KetamaRing {
    private static final int DIGESTS = 40;

    private final MessageDigest md5;
    private final TreeMap<Long, Integer> points = new TreeMap<>();
    private final boolean alone;

    /** {@code names}: what each node is called on the ring. */
    public KetamaRing(List<String> names) {
        try {
            md5 = MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
        alone = names.size() == 1;
        for (int node = 0; node < names.size(); node++) {
            for (int i = 0; i < DIGESTS; i++) {
                byte[] digest = md5.digest((names.get(node) + "-" + i).getBytes(UTF_8));
                for (int part = 0; part < 4; part++) {
                    points.put(point(digest, part), node);
                }
            }
        }
    }

    /** The place of the node in the list. */
    public int nodeOf(byte[] key) {
        if (alone) {
            return 0;
        }
        Map.Entry<Long, Integer> next = points.ceilingEntry(point(md5.digest(key), 0));
        return next == null ? points.firstEntry().getValue() : next.getValue();
    }

    private static Long point(byte[] digest, int part) {
        int at = 4 * part;
        return (digest[at + 3] & 0xFFL) << 24
                | (digest[at + 2] & 0xFFL) << 16
                | (digest[at + 1] & 0xFFL) << 8
                | digest[at] & 0xFFL;
    }
}
