package bench;

/** An SDK under test. Each has a class of its own: a process loads the one it measures. */
interface Sdk {
    String version();

    void capture(Throwable error);

    void flush(long milliseconds);

    /** What is not measured but told to the SDK beside its DSN, the same in all. */
    enum Kind {
        CAPTURED,
        SAMPLED_OUT,
        FOLDED
    }

    static Sdk start(String name, String url, Kind kind) {
        String dsn = url.replace("://", "://0123456789abcdef0123456789abcdef@") + "/1";
        switch (name) {
            case "faultwire":
                return new FaultwireSdk(dsn, kind);
            case "io.sentry":
                return new SentrySdk(dsn, kind);
            default:
                return new Noop();
        }
    }

    /** No SDK: what the harness itself costs. */
    final class Noop implements Sdk {
        @Override
        public String version() {
            return "";
        }

        @Override
        public void capture(Throwable error) {}

        @Override
        public void flush(long milliseconds) {}
    }
}
