package io.forelog.queue.rocksdb;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.IdempotencyToken;
import io.forelog.model.Receipt;
import io.forelog.model.WalException;
import io.forelog.wire.EnvelopeCodec;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Appends; envelopes and hashes are made by the caller's thread, outcomes on the caller's context. */
final class AppendCommand extends Command {
    private static final long ENTRY_OVERHEAD = 200;

    private final List<Entry> entries;
    private final byte[][] envelopes;
    /** Of the entries with a token; empty = none has one. */
    private @Nullable Idempotence[] idempotent = new Idempotence[0];

    private final long[] sequences;
    private final Promise<List<AppendOutcome>> promise;
    private final String name;
    private final long bytes;
    /** In place of {@code appended}; empty = all were. */
    private @Nullable AppendOutcome[] others = new AppendOutcome[0];

    AppendCommand(ContextInternal context, int namespace, String name, List<Entry> entries) {
        super(context, namespace);
        this.entries = entries;
        this.name = name;
        this.promise = context.promise();
        this.envelopes = new byte[entries.size()][];
        this.sequences = new long[entries.size()];
        long sum = 0;
        for (int i = 0; i < envelopes.length; i++) {
            envelopes[i] = EnvelopeCodec.encode(entries.get(i));
            sum += envelopes[i].length + ENTRY_OVERHEAD;
            IdempotencyToken token = entries.get(i).token();
            if (token != null) {
                if (idempotent.length == 0) {
                    idempotent = new Idempotence[envelopes.length];
                }
                idempotent[i] = new Idempotence(tokenHash(token.token()), contentHash(entries.get(i), false));
            }
        }
        this.bytes = sum;
    }

    /** What a token and its write are known by. */
    private record Idempotence(byte[] token, byte[] content) {}

    Future<List<AppendOutcome>> future() {
        return promise.future();
    }

    @Override
    int entries() {
        return envelopes.length;
    }

    @Override
    long bytes() {
        return bytes;
    }

    @Override
    boolean apply(Committer committer) {
        Backlog backlog = committer.backlog(namespace);
        if (backlog == null) {
            failWith(committer.absent(name));
            return true;
        }
        WalException refusal = committer.refusesAppends(backlog, bytes);
        if (refusal != null) {
            failWith(refusal);
            return true;
        }
        Commit commit = committer.commit();
        commit.promise();
        commit.count(envelopes.length);
        for (int i = 0; i < envelopes.length; i++) {
            Entry entry = entries.get(i);
            Idempotence idempotence = idempotent.length == 0 ? null : idempotent[i];
            AppendOutcome known = idempotence == null ? null : seen(entry, idempotence, backlog, committer);
            if (known != null) {
                other(i, known);
            } else {
                sequences[i] = backlog.append(entry, envelopes[i], false, commit);
                if (idempotence != null) {
                    remember(entry, idempotence, sequences[i], backlog, committer);
                }
            }
        }
        return true;
    }

    private void other(int i, AppendOutcome outcome) {
        if (others.length == 0) {
            others = new AppendOutcome[envelopes.length];
        }
        others[i] = outcome;
    }

    /** What the same token was answered before. */
    private @Nullable AppendOutcome seen(Entry entry, Idempotence idempotence, Backlog backlog, Committer committer) {
        byte[] hash = idempotence.token();
        Backlog.Token token = backlog.freshToken(hash);
        if (token == null) {
            token = committer.tokens().find(namespace, hash, committer.commit().micros());
        }
        if (token == null) {
            return null;
        }
        return isSame(token, entry, idempotence)
                ? AppendOutcome.duplicateOf(token.id(), receipt(token.sequence()))
                : AppendOutcome.refused(
                        entry.id(),
                        ErrorCode.TOKEN_REUSED,
                        "idempotency token: seen with another payload or target (expected: the same write, as entry "
                                + token.id() + ")");
    }

    /**
     * The routes of one write are among those of the other: where it names no target, the default ones may have changed
     * between the two.
     */
    private static boolean isSame(Backlog.Token token, Entry entry, Idempotence idempotence) {
        if (token.routes().isEmpty()) {
            return Arrays.equals(token.contentHash(), contentHash(entry, true));
        }
        return Arrays.equals(token.contentHash(), idempotence.content())
                && (token.routes().containsAll(entry.routes()) || entry.routes().containsAll(token.routes()));
    }

    private void remember(Entry entry, Idempotence idempotence, long sequence, Backlog backlog, Committer committer) {
        byte[] hash = idempotence.token();
        Backlog.Token token = new Backlog.Token(entry.id(), sequence, idempotence.content(), entry.routes());
        Commit commit = committer.commit();
        backlog.addToken(
                hash, token, Keys.token(namespace, Tokens.day(commit.micros()), hash), Tokens.encode(token), commit);
    }

    static byte[] tokenHash(String token) {
        return Arrays.copyOf(Keys.sha256().digest(token.getBytes(StandardCharsets.UTF_8)), Tokens.HASH_BYTES);
    }

    /**
     * Of what makes two writes the same: payload, key, destination and operation, each with its length; {@code routes} too in
     * tokens of the version before.
     */
    static byte[] contentHash(Entry entry, boolean routes) {
        MessageDigest digest = Keys.sha256();
        add(digest, entry.payload().getBytes());
        add(digest, entry.key().getBytes());
        add(digest, entry.destination().getBytes(StandardCharsets.UTF_8));
        add(digest, entry.operation().name().getBytes(StandardCharsets.UTF_8));
        if (routes) {
            add(digest, entry.routes().toString().getBytes(StandardCharsets.UTF_8));
        }
        return Arrays.copyOf(digest.digest(), Tokens.HASH_BYTES);
    }

    private static void add(MessageDigest digest, byte[] part) {
        digest.update(ByteBuffer.allocate(4).putInt(part.length).flip());
        digest.update(part);
    }

    @Override
    void succeed() {
        List<AppendOutcome> outcomes = new ArrayList<>(sequences.length);
        for (int i = 0; i < sequences.length; i++) {
            AppendOutcome other = others.length == 0 ? null : others[i];
            outcomes.add(
                    other != null
                            ? other
                            : AppendOutcome.appended(entries.get(i).id(), receipt(sequences[i])));
        }
        promise.complete(outcomes);
    }

    private Receipt receipt(long sequence) {
        return new Receipt(name, 0, sequence);
    }

    @Override
    void fail(WalException why) {
        List<AppendOutcome> outcomes = new ArrayList<>(sequences.length);
        String text = why.getMessage() == null ? "" : why.getMessage();
        for (Entry entry : entries) {
            outcomes.add(
                    why.code() == ErrorCode.UNKNOWN_DURABILITY
                            ? AppendOutcome.unknown(entry.id(), text)
                            : AppendOutcome.refused(entry.id(), why.code(), text));
        }
        promise.complete(outcomes);
    }
}
