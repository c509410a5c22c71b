package io.faultwire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.faultwire.spi.Integrations;
import io.faultwire.testing.Sink;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The same from Java, in its own way. */
class FromJavaTest {
    private final Sink sink = new Sink();

    @AfterEach
    void end() {
        Faultwire.close(0);
        sink.close();
    }

    @Test
    void everything() {
        Faultwire.init(options -> {
            options.setDsn(sink.getDsn());
            options.setRelease("shop@1.4.2");
            options.setSpool(false);
            options.setShutdownTimeout(Duration.ofSeconds(1));
            options.setIgnoreErrors(List.of("InterruptedException"));
            options.beforeSend(event -> {
                event.put("dist", "edited");
                return event;
            });
            options.setErrorSampler(context -> context.getLevel() == Level.DEBUG ? 0.0 : null);
        });
        assertTrue(Faultwire.isEnabled());
        try (OpenScope open = Faultwire.isolationScope()) {
            Faultwire.setTag("shop", "north");
            Faultwire.setUser(new User("7"));
            Faultwire.addBreadcrumb("opened the cart", "ui");
            Faultwire.withScope(scope -> {
                scope.setExtra("items", List.of(1, 2));
                Faultwire.captureException(new IOException("disk", new RuntimeException("cause")), Level.FATAL);
            });
            CaptureContext context = new CaptureContext();
            context.setTags(Map.of("step", "import"));
            context.setFingerprint(List.of("import"));
            assertNotNull(Faultwire.captureException(new IllegalStateException("x"), context));
            assertNotNull(open.getScope());
        }
        assertNotNull(Faultwire.captureMessage("hello"));
        assertNotNull(Faultwire.withIsolationScope(() -> Faultwire.captureEvent(Map.of("message", "by hand"))));
        Faultwire.captureException(new InterruptedException());
        Faultwire.captureMessage("quiet", Level.DEBUG);

        assertTrue(Faultwire.flush(Duration.ofSeconds(10)));
        List<Map<String, Object>> events = sink.wait(4, 10);
        assertEquals(4, events.size());
        Map<String, Object> first = events.stream()
            .filter(event -> "fatal".equals(event.get("level")))
            .findFirst().orElseThrow();
        assertEquals("edited", first.get("dist"));
        assertEquals(Map.of("shop", "north"), first.get("tags"));
        assertEquals(List.of(1L, 2L), ((Map<?, ?>) first.get("extra")).get("items"));
        Stats stats = Faultwire.stats();
        assertEquals(Map.of("ignored", 1L, "sample_rate", 1L), stats.getDropped());
        assertEquals(4, stats.getDelivered());
    }

    @Test
    void nullsAreNoExceptions() {
        Faultwire.init(options -> {
            options.setDsn(sink.getDsn());
            options.setSpool(false);
            options.setRelease(null);
        });
        assertNull(Faultwire.captureException(null));
        assertNull(Faultwire.captureException(null, Level.FATAL));
        assertNull(Faultwire.captureMessage(null));
        assertNull(Faultwire.captureEvent(null));
        try (OpenScope open = Faultwire.isolationScope()) {
            Faultwire.setTag(null, null);
            Faultwire.setTags(null);
            Faultwire.removeTag(null);
            Faultwire.setUser(null);
            Faultwire.setUser(new User(null, null, null, null, null));
            Faultwire.setSession(null);
            Faultwire.setContext(null, null);
            Faultwire.setExtra(null, null);
            Faultwire.setLevel(null);
            Faultwire.setTransaction(null);
            Faultwire.setFingerprint(null);
            Faultwire.addBreadcrumb((Breadcrumb) null);
            Faultwire.addBreadcrumb((String) null);
            Faultwire.continueTrace(null);
            assertNotNull(Faultwire.captureException(new RuntimeException("goes on"), (CaptureContext) null));
        }
        assertTrue(Faultwire.flush(10_000L));
        assertEquals(1, sink.wait(1, 10).size());
    }

    @Test
    void nullsAmongOthersAreAbsent() {
        Faultwire.init(options -> {
            options.setDsn(sink.getDsn());
            options.setSpool(false);
            options.set(null, 7);
            options.set("release", null);
        });
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("absent", null);
        tags.put(null, "absent");
        tags.put("shop", "north");
        try (OpenScope open = Faultwire.isolationScope()) {
            Faultwire.setTags(tags);
            assertNotNull(Faultwire.captureMessage("scoped"));
        }
        CaptureContext context = new CaptureContext();
        context.setTags(tags);
        context.setFingerprint(Arrays.asList("import", null));
        context.setContexts(Collections.singletonMap("order", null));
        context.setTransaction("GET /orders");
        assertNotNull(Faultwire.captureMessage("called", Level.ERROR, context));
        assertTrue(Faultwire.flush(10_000L));
        for (Map<String, Object> event : sink.wait(2, 10)) {
            assertEquals(Map.of("shop", "north"), event.get("tags"), event.toString());
        }
        Map<String, Object> called = sink.events().get(1);
        assertEquals("GET /orders", called.get("transaction"));
        assertEquals(List.of("import"), called.get("fingerprint"));
    }

    @Test
    void nullsOfIntegrationsAreNoExceptions() {
        Faultwire.init(options -> {
            options.setDsn(sink.getDsn());
            options.setSpool(false);
        });
        assertNull(Integrations.captureException(null, null, true));
        assertNull(Integrations.captureMessage(null, null, null, null));
        Integrations.markCaptured(null, null);
        Integrations.setRequest(null, null);
        Integrations.setRequest(Faultwire.currentIsolationScope(), null);
        Integrations.addIntegration(null);
        Faultwire.withScope((Consumer<Scope>) null);
        Faultwire.withIsolationScope((Consumer<Scope>) null);
        assertNull(Faultwire.withIsolationScope((Supplier<String>) null));
        assertNotNull(Integrations.captureException(new RuntimeException("goes on"), null, true));
        assertTrue(Faultwire.flush(10_000L));
        assertEquals(1, sink.wait(1, 10).size());
    }

    @Test
    void nothingToldIsTheDefaults() {
        Faultwire.init((FaultwireOptions) null);
        Faultwire.init((Consumer<FaultwireOptions>) null);
        assertFalse(Faultwire.isEnabled());
    }

    @Test
    void wrongOptionsNameThemselves() {
        InvalidOptionException error = assertThrows(
            InvalidOptionException.class,
            () -> Faultwire.init(options -> options.setSampleRate(7.0)));
        assertEquals("sampleRate", error.getField());
    }
}
