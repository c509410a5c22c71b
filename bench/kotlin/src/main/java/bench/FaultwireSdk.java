package bench;

import io.faultwire.Faultwire;
import java.time.Duration;

/** Ours, with its defaults but folding: it would make all but the first captures cost nothing. */
final class FaultwireSdk implements Sdk {
    FaultwireSdk(String dsn, Kind kind) {
        Faultwire.init(options -> {
            options.setDsn(dsn);
            options.setStormFolding(kind == Kind.FOLDED);
            if (kind == Kind.FOLDED) {
                options.setStormBurst(1);
            }
            if (kind == Kind.SAMPLED_OUT) {
                options.setSampleRate(0.0);
            }
        });
    }

    @Override
    public String version() {
        return "";
    }

    @Override
    public void capture(Throwable error) {
        Faultwire.captureException(error);
    }

    @Override
    public void flush(long milliseconds) {
        Faultwire.flush(Duration.ofMillis(milliseconds));
    }
}
