package bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.URL;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import shop.Steps;

/**
 * One process, one SDK, one row: captures, and says on the last line of stdout what it took.
 *
 * <p>{@code Drive SDK URL FRAMES CAPTURES GAP_US WARM KIND}
 *
 * <p>The JIT compiles what runs thousands of times; {@code WARM} captures come first, most of them as fast as they can, the
 * last at the pace of the measured ones. What is measured is the state of a service that has run for a while.
 */
public final class Drive {
    /** Captures at the measured pace before the first that counts. */
    private static final int PACED = 300;

    /** Frames of the stack that are the harness's: {@code fail}, {@code run}, {@code main}. */
    private static final int OUTSIDE = 3;

    private static final Map<String, Object> USER = Map.of("id", 42, "name", "Ada", "email", "ada@example.org");

    private final Sdk sdk;
    private final Steps step;
    private long[] took = new long[0];

    private Drive(Sdk sdk, Steps step) {
        this.sdk = sdk;
        this.step = step;
    }

    private void fail(int n, int[] at) {
        try {
            step.run(n, USER);
        } catch (Exception error) {
            long before = System.nanoTime();
            sdk.capture(error);
            took[at[0]++] = System.nanoTime() - before;
        }
    }

    private void run(int captures, long gap) {
        took = new long[captures];
        int[] at = {0};
        for (int n = 0; n < captures; n++) {
            fail(n, at);
            if (gap > 0) {
                LockSupport.parkNanos(gap);
            }
        }
    }

    /** What the server has of warming up is not of the measurement. */
    private static void forget(String url) throws IOException {
        try (InputStream kept = new URL(url + "/take").openStream()) {
            kept.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** CPU seconds of this process, all threads. */
    private static double cpu() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1e9;
    }

    public static void main(String[] arguments) throws IOException {
        int frames = Integer.parseInt(arguments[2]);
        int captures = Integer.parseInt(arguments[3]);
        long gap = Long.parseLong(arguments[4]) * 1000;
        int warm = Integer.parseInt(arguments[5]);
        Sdk sdk = Sdk.start(arguments[0], arguments[1], Sdk.Kind.valueOf(arguments[6]));
        Drive drive = new Drive(sdk, Steps.leaving(frames - OUTSIDE));
        drive.run(warm, 0);
        sdk.flush(10_000);
        drive.run(PACED, Math.max(gap, 1000_000));
        sdk.flush(10_000);
        forget(arguments[1]);
        double before = cpu();
        drive.run(captures, gap);
        long[] times = drive.took;
        Arrays.sort(times);
        sdk.flush(60_000);
        System.out.printf(
                "{\"version\": \"%s\", \"p50\": %s, \"p99\": %s, \"cpu_before\": %s}%n",
                sdk.version(), times[times.length / 2] / 1e3, times[(int) (times.length * 0.99)] / 1e3, before);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
