package io.forelog.wire;

import io.forelog.model.ErrorCode;
import io.forelog.model.Failure;
import io.forelog.wire.v1.StoredFailure;
import org.jspecify.annotations.Nullable;

/** Between {@link Failure} and its stored form. Stateless, any thread. */
public final class ObligationCodec {
    private ObligationCodec() {}

    public static StoredFailure store(Failure failure) {
        return StoredFailure.newBuilder()
                .setAtMicros(failure.atMicros())
                .setCode(failure.code().name())
                .setText(failure.text())
                .build();
    }

    /** Null where {@code present} is false. A code that a later version added reads as INTERNAL. */
    public static @Nullable Failure load(boolean present, StoredFailure stored) {
        return present ? new Failure(stored.getAtMicros(), code(stored.getCode()), stored.getText()) : null;
    }

    public static ErrorCode code(String name) {
        try {
            return ErrorCode.valueOf(name);
        } catch (IllegalArgumentException e) {
            return ErrorCode.INTERNAL;
        }
    }
}
