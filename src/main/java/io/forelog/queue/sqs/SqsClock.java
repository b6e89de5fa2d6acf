package io.forelog.queue.sqs;

import io.forelog.model.Ticker;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;

/**
 * How far the clock of the node that sent a message and this node's are apart, by way of SQS's own (ADR 25): the message says when it was
 * sent by both the sender's and SQS's clock, and what is received says what SQS's clock was just now. Both are taken the way that makes
 * an entry late by what the messages took on their way, and never early. Owned by the home.
 */
final class SqsClock {
    /** How far this node's may be behind without being taken into account: late by that. */
    private static final long GUARD_MICROS = 250_000L;
    /** A clock may drift: what was seen is forgotten after one to two of these. */
    private static final long SPAN_MICROS = 60_000_000L;

    /** As long as any {@link #now}. */
    static final String LATER = "0".repeat(84);

    private static final int NODE_MOST = 64;
    private static final long MILLI = 1_000L;
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final Ticker ticker;
    private final String by;
    /** This node's time less SQS's, at most: in this span, and in the one before. */
    private long most = UNKNOWN;

    private long mostBefore = UNKNOWN;
    private long spanEndsMicros;

    /** {@code node}: whose clock {@code ticker} is. */
    SqsClock(Ticker ticker, String node) {
        this.ticker = ticker;
        this.by = node.length() <= NODE_MOST ? ' ' + node : ' ' + node.substring(0, NODE_MOST);
    }

    /** For {@link ParcelCodec#SENT}: now, and whose. */
    String now() {
        return ticker.micros() + by;
    }

    /** As soon as it is here. */
    void answered(ReceiveMessageResponse answer) {
        long now = ticker.micros();
        if (now >= spanEndsMicros) {
            mostBefore = most;
            most = UNKNOWN;
            spanEndsMicros = now + SPAN_MICROS;
        }
        if (answer.sdkHttpResponse() != null) {
            answer.sdkHttpResponse().firstMatchingHeader("Date").ifPresent(date -> sawDate(date, now));
        }
        for (Message message : answer.messages()) {
            // An earlier receive says nothing of now; the bound would hold, and mean nothing.
            if ("1".equals(message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT))) {
                MessageSystemAttributeName received = MessageSystemAttributeName.APPROXIMATE_FIRST_RECEIVE_TIMESTAMP;
                saw(number(message.attributes().get(received)), now);
            }
        }
    }

    private void sawDate(String date, long now) {
        try {
            saw(Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)).toEpochMilli(), now);
        } catch (DateTimeException e) {
            // Says nothing.
        }
    }

    private void saw(long millis, long now) {
        if (millis > 0) {
            most = Math.min(most, now - millis * MILLI);
        }
    }

    /** By how much this node's clock is ahead of the one whose times the message has; 0 = they agree, or nobody can tell. */
    long aheadMicros(Message message) {
        String stamp = ParcelCodec.attribute(message, ParcelCodec.SENT);
        if (stamp.isEmpty() || stamp.endsWith(by)) {
            return 0;
        }
        long sent = number(stamp.substring(0, Math.max(0, stamp.indexOf(' '))));
        long taken = number(message.attributes().get(MessageSystemAttributeName.SENT_TIMESTAMP));
        long mine = Math.min(most, mostBefore);
        if (sent <= 0 || taken <= 0 || mine == UNKNOWN) {
            return 0;
        }
        long its = sent - (taken + 1) * MILLI; // at least: a millisecond is rounded down
        long apart = mine - its;
        return apart < 0 && apart >= -GUARD_MICROS ? 0 : apart;
    }

    /** 0 where it is none. */
    private static long number(@Nullable String text) {
        try {
            return text == null || text.isEmpty() ? 0 : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
