package io.forelog.target.memcached;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.forelog.model.Entry;
import io.forelog.model.ErrorCode;
import io.forelog.model.WalException;
import io.forelog.target.KeyTemplate;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * An item's key: 1 to 250 bytes without white space and control characters, which would end the command.
 *
 * @param hashed a name that is no such key becomes its SHA-256; else it is refused
 */
record ItemKey(KeyTemplate template, String destination, boolean hashed) {
    private static final int BYTES_MAX = 250;

    /** @throws WalException TARGET_REJECTED where the entry gives no key */
    byte[] of(Entry entry) {
        byte[] name = template.of(entry, entry.destination().isEmpty() ? destination : entry.destination());
        if (name.length == 0) {
            throw new WalException(ErrorCode.TARGET_REJECTED, "key: empty (expected: 1 to " + BYTES_MAX + " bytes)");
        }
        boolean plain = true;
        for (int i = 0; i < name.length && plain; i++) {
            plain = (name[i] & 0xFF) > ' ' && name[i] != 0x7F;
        }
        if (plain && name.length <= BYTES_MAX) {
            return name;
        }
        if (hashed) {
            return ("sha256-" + HexFormat.of().formatHex(sha256(name))).getBytes(US_ASCII);
        }
        throw new WalException(
                ErrorCode.TARGET_REJECTED,
                "key: " + (plain ? name.length + " bytes" : "a space or a control character in it")
                        + " (expected: 1 to " + BYTES_MAX + " bytes without; or long_keys: hash)");
    }

    private static byte[] sha256(byte[] name) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
