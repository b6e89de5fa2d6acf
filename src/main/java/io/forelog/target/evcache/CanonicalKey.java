package io.forelog.target.evcache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/**
 * An item's key as an EVCache client makes it: the cache's prefix, a colon and the key, text without white space, 200 characters at most.
 *
 * @param prefix empty = none, and no colon
 */
record CanonicalKey(String prefix, KeyTemplate template, String destination) {
    /** {@code evcache.max.key.length}, unless it is set. */
    private static final int CHARS_MAX = 200;

    private static final int BYTES_MAX = 250;

    /** @throws WalException TARGET_REJECTED where the entry gives no key */
    byte[] of(Entry entry) {
        byte[] name = template.of(entry, entry.destination().isEmpty() ? destination : entry.destination());
        if (name.length == 0) {
            throw invalid("empty");
        }
        boolean ascii = true;
        for (byte octet : name) {
            if (octet >= 0 && octet <= ' ' || octet == 0x7F) {
                throw invalid("a space or a control character in it");
            }
            ascii &= octet >= 0;
        }
        int head = prefix.isEmpty() ? 0 : prefix.length() + 1;
        int chars = head + (ascii ? name.length : chars(name));
        if (chars > CHARS_MAX) {
            throw invalid(chars + " characters");
        }
        if (head + name.length > BYTES_MAX) {
            throw invalid(head + name.length + " bytes");
        }
        if (head == 0) {
            return name;
        }
        byte[] key = new byte[head + name.length];
        for (int i = 0; i < prefix.length(); i++) {
            key[i] = (byte) prefix.charAt(i);
        }
        key[head - 1] = ':';
        System.arraycopy(name, 0, key, head, name.length);
        return key;
    }

    private static int chars(byte[] name) {
        try {
            CharSequence text = UTF_8.newDecoder().decode(ByteBuffer.wrap(name));
            if (text.chars().anyMatch(Character::isWhitespace)) {
                throw invalid("white space in it");
            }
            return text.length();
        } catch (CharacterCodingException e) {
            throw invalid("no UTF-8");
        }
    }

    private static WalException invalid(String problem) {
        return new WalException(
                ErrorCode.TARGET_REJECTED,
                "key: " + problem + " (expected: with its prefix 1 to " + CHARS_MAX + " characters and " + BYTES_MAX
                        + " bytes of text without white space, as EVCache's clients take them)");
    }
}
