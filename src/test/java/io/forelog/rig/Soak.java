package io.forelog.rig;

/** Whether the full figures are asked for, and what a test tells besides passing. Stateless. */
public final class Soak {
    private Soak() {}

    public static boolean isOn() {
        return Boolean.getBoolean("forelog.soak");
    }

    public static int choose(int shortForm, int full) {
        return isOn() ? full : shortForm;
    }

    /** A figure for people; nothing depends on it. */
    public static void tell(String format, Object... arguments) {
        System.out.println("MEASURED: " + String.format(java.util.Locale.ROOT, format, arguments));
    }

    /** What can't be run here, so that nobody takes it for passed. */
    public static void skipping(String what, String why) {
        System.out.println("SKIPPED: " + what + ": " + why);
    }
}
