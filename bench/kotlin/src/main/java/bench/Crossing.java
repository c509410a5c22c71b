package bench;

import io.faultwire.bridge.FaultwireKt;
import io.faultwire.internal.Library;
import io.faultwire.internal.Native;

/**
 * What a call into the engine costs by JNA, which UniFFI's generated code uses, and by JNI, which captures and scopes use:
 * nanoseconds, on the last line of stdout. There is no client, so that what is called does nothing.
 */
public final class Crossing {
    private static final int WARM = 20_000;
    private static final int CALLS = 20_000;
    private static final int ROUNDS = 5;
    private static final String TEXT = "already_captured";

    private Crossing() {}

    public static void main(String[] arguments) {
        if (!Library.INSTANCE.isLoaded()) {
            throw new IllegalStateException("the library did not load");
        }
        System.out.printf(
                "{\"JNA, empty\": %s, \"JNA, one text\": %s, \"JNI, empty\": %s, \"JNI, one text\": %s}%n",
                took(FaultwireKt::isEnabled),
                took(() -> FaultwireKt.refuse(TEXT)),
                took(() -> Native.abandon(0, false)),
                took(() -> Native.refuse(TEXT)));
    }

    /** Nanoseconds a call, of the least disturbed round. */
    private static double took(Runnable call) {
        round(call, WARM);
        double least = Double.MAX_VALUE;
        for (int n = 0; n < ROUNDS; n++) {
            least = Math.min(least, round(call, CALLS));
        }
        return least;
    }

    private static double round(Runnable call, int calls) {
        long before = System.nanoTime();
        for (int n = 0; n < calls; n++) {
            call.run();
        }
        return (double) (System.nanoTime() - before) / calls;
    }
}
