package bench;

import io.sentry.Sentry;

/** The peer, with its defaults. */
final class SentrySdk implements Sdk {
    SentrySdk(String dsn, Kind kind) {
        Sentry.init(options -> {
            options.setDsn(dsn);
            if (kind == Kind.SAMPLED_OUT) {
                options.setSampleRate(0.0);
            }
        });
    }

    @Override
    public String version() {
        return io.sentry.BuildConfig.VERSION_NAME;
    }

    @Override
    public void capture(Throwable error) {
        Sentry.captureException(error);
    }

    @Override
    public void flush(long milliseconds) {
        Sentry.flush(milliseconds);
    }
}
