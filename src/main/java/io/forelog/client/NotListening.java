package io.forelog.client;

/** Nobody listens at the address: nothing was sent. The text says what to do. */
public final class NotListening extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NotListening(String address) {
        super("no Forelog at " + address + " (expected: ./forelog start in another terminal)", null, false, false);
    }
}
