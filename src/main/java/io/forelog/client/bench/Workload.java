package io.forelog.client.bench;

import com.google.protobuf.ByteString;
import io.forelog.wire.v1.Priority;
import io.forelog.wire.v1.Target;
import io.forelog.wire.v1.WriteToLogRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What is written: entries of random bytes, made once and sent again and again, since making them is not what is measured.
 * Immutable.
 *
 * @param namespaces one after the other, a call each
 * @param target empty = the defaults
 * @param priority empty = the namespace's
 * @param keys how many different keys; 0 = none
 */
public record Workload(
        List<String> namespaces, int payloadBytes, int entriesPerCall, String target, String priority, int keys) {
    private static final int VARIANTS = 16;
    private static final int VARIANT_BYTES_MAX = 32 << 20;

    public Workload {
        namespaces = List.copyOf(namespaces);
        if (namespaces.isEmpty() || payloadBytes < 0 || entriesPerCall < 1 || entriesPerCall > 1_000) {
            throw new IllegalArgumentException("workload: " + namespaces.size() + " namespaces, " + payloadBytes
                    + " bytes, " + entriesPerCall + " entries a call (expected: >= 1, >= 0, 1 to 1000)");
        }
    }

    /** The calls, each a list of entries of one namespace, in the order in which to send them round and round. */
    List<List<WriteToLogRequest>> calls() {
        Random random = new Random(42);
        long callBytes = (long) Math.max(64, payloadBytes) * entriesPerCall;
        int variants = (int) Math.max(1, Math.min(VARIANTS, VARIANT_BYTES_MAX / callBytes / namespaces.size()));
        List<List<WriteToLogRequest>> calls = new ArrayList<>();
        int key = 0;
        for (int variant = 0; variant < variants; variant++) {
            for (String namespace : namespaces) {
                List<WriteToLogRequest> entries = new ArrayList<>();
                for (int i = 0; i < entriesPerCall; i++) {
                    entries.add(entry(namespace, random, key++));
                }
                calls.add(entries);
            }
        }
        return calls;
    }

    private WriteToLogRequest entry(String namespace, Random random, int key) {
        byte[] payload = new byte[payloadBytes];
        random.nextBytes(payload);
        WriteToLogRequest.Builder entry =
                WriteToLogRequest.newBuilder().setNamespace(namespace).setPayload(ByteString.copyFrom(payload));
        Target.Builder to = Target.newBuilder().setName(target);
        if (keys > 0) {
            to.setKey(ByteString.copyFromUtf8("key-" + key % keys));
        }
        if (!target.isEmpty() || keys > 0) {
            entry.setTarget(to);
        }
        if (!priority.isEmpty()) {
            entry.setPriority(Priority.valueOf("PRIORITY_" + priority));
        }
        return entry.build();
    }
}
