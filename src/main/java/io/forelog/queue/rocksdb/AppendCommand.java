package io.forelog.queue.rocksdb;

import io.forelog.model.AppendOutcome;
import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
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
    private static final int HASH_BYTES = 16;
    private static final long ENTRY_OVERHEAD = 200;

    private final List<Entry> entries;
    private final byte[][] envelopes;
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
        }
        this.bytes = sum;
    }

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
            AppendOutcome known = entry.token() == null ? null : seen(entry, backlog, committer);
            if (known != null) {
                other(i, known);
            } else {
                sequences[i] = backlog.append(entry, envelopes[i], false, commit);
                if (entry.token() != null) {
                    remember(entry, sequences[i], backlog, committer);
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
    private @Nullable AppendOutcome seen(Entry entry, Backlog backlog, Committer committer) {
        byte[] hash = tokenHash(tokenOf(entry));
        Backlog.Token token = backlog.freshToken(hash);
        if (token == null) {
            token = committer.tokens().find(namespace, hash, committer.commit().micros());
        }
        if (token == null) {
            return null;
        }
        return Arrays.equals(token.payloadHash(), payloadHash(entry))
                ? AppendOutcome.duplicateOf(token.id(), receipt(token.sequence()))
                : AppendOutcome.refused(
                        entry.id(),
                        ErrorCode.TOKEN_REUSED,
                        "idempotency token: seen with another payload or target (expected: the same write, as entry "
                                + token.id() + ")");
    }

    private void remember(Entry entry, long sequence, Backlog backlog, Committer committer) {
        byte[] hash = tokenHash(tokenOf(entry));
        Backlog.Token token = new Backlog.Token(entry.id(), sequence, payloadHash(entry));
        Commit commit = committer.commit();
        backlog.addToken(
                hash, token, Keys.token(namespace, Tokens.day(commit.micros()), hash), Tokens.encode(token), commit);
    }

    private static String tokenOf(Entry entry) {
        return entry.token() == null ? "" : entry.token().token();
    }

    static byte[] tokenHash(String token) {
        return Arrays.copyOf(Keys.sha256().digest(token.getBytes(StandardCharsets.UTF_8)), HASH_BYTES);
    }

    /** Of what makes two writes the same: payload, key, destination, operation and routes, each with its length. */
    private static byte[] payloadHash(Entry entry) {
        MessageDigest digest = Keys.sha256();
        for (byte[] part : List.of(
                entry.payload().getBytes(),
                entry.key().getBytes(),
                entry.destination().getBytes(StandardCharsets.UTF_8),
                entry.operation().name().getBytes(StandardCharsets.UTF_8),
                entry.routes().toString().getBytes(StandardCharsets.UTF_8))) {
            digest.update(ByteBuffer.allocate(4).putInt(part.length).flip());
            digest.update(part);
        }
        return Arrays.copyOf(digest.digest(), HASH_BYTES);
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
