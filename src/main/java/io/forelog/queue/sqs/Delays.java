package io.forelog.queue.sqs;

/**
 * How long a message is kept away until it is due, with what SQS has: whole seconds, rounded down, so that it comes a moment
 * early, into our hands, and goes on exactly when it is due. Immutable.
 *
 * @param hopSeconds longest DelaySeconds
 * @param hideSeconds longest visibility timeout
 * @param nearMicros what is left and is waited for in memory
 */
record Delays(int hopSeconds, int hideSeconds, long nearMicros) {
    private static final long SECOND = 1_000_000L;
    private static final long NEAR = 5 * SECOND;

    static Delays of(SqsSettings settings) {
        return new Delays(
                (int) settings.hop().toSeconds(), (int) settings.hide().toSeconds(), NEAR);
    }

    /** For a message that is sent now. */
    int delaySeconds(long dueMicros, long nowMicros) {
        return seconds(dueMicros, nowMicros, hopSeconds);
    }

    /** For a message that was received before it is due. */
    int hideSeconds(long dueMicros, long nowMicros) {
        return Math.max(1, seconds(dueMicros, nowMicros, hideSeconds));
    }

    boolean near(long dueMicros, long nowMicros) {
        return dueMicros - nowMicros <= nearMicros;
    }

    private static int seconds(long dueMicros, long nowMicros, int most) {
        long left = Math.max(0, dueMicros - nowMicros);
        return (int) Math.min(most, left / SECOND);
    }
}
