package io.faultwire.spi

import io.faultwire.CaptureContext
import io.faultwire.Faultwire
import io.faultwire.Scope
import io.faultwire.User
import io.faultwire.internal.Captures
import io.faultwire.internal.Client
import io.faultwire.internal.How
import io.faultwire.internal.Seen
import io.faultwire.internal.quietly
import java.util.function.Supplier

/** What integrations need beyond [Faultwire]. Nothing here throws. */
public object Integrations {
    /**
     * Captures an error that an integration met.
     *
     * @param mechanism who met it: `auto.logback`, `auto.servlet`.
     * @param handled false when the application did not catch it.
     * @param thread the thread it is of, if not this one.
     */
    @JvmStatic
    @JvmOverloads
    public fun captureException(
        thrown: Throwable,
        mechanism: String,
        handled: Boolean,
        context: CaptureContext? = null,
        thread: Thread? = null,
    ): String? = Captures.exception(thrown, context, How(mechanism, handled, thread))

    /**
     * Says that an error is a part of what was captured as [id]: a capture of it, by a log line, say, is one more of that.
     */
    @JvmStatic
    public fun markCaptured(thrown: Throwable, id: String?): Unit = quietly("markCaptured", Unit) {
        if (Client.isOn) Seen.mark(thrown, id)
    }

    /**
     * Captures what was logged without an error.
     *
     * @param template the message before its values were put in, to group by.
     */
    @JvmStatic
    @JvmOverloads
    public fun captureMessage(
        message: String,
        template: String? = null,
        params: List<Any?>? = null,
        context: CaptureContext? = null,
    ): String? = Captures.message(message, null, context, template, params)

    /**
     * The HTTP request at hand, by the protocol's names: `url`, `method`, `headers`, `query_string`, `cookies`, `data`,
     * `env`; null forgets. It is sanitized as everything is.
     */
    @JvmStatic
    public fun setRequest(scope: Scope, request: Map<String, Any?>?): Unit = quietly("setRequest", Unit) {
        scope.setRequest(request)
    }

    /**
     * The name that somebody logged in by, null where nobody is. It is asked for only with `sendDefaultPii`, since to find it
     * out can mean to load a session; and it counts only where the application does not say itself who it is.
     */
    @JvmStatic
    public fun offerUsername(scope: Scope, name: Supplier<String?>): Unit = quietly("offerUsername", Unit) {
        if (Client.sendsPii) name.get()?.let { scope.offerUser(User(username = it)) }
    }

    /** Names an integration that is switched on, before the client is made or after. */
    @JvmStatic
    public fun addIntegration(name: String): Unit = Client.addIntegration(name)

    /** Bytes of a request's body that are looked at; 0 for none. */
    @JvmStatic
    public fun maxRequestBodyBytes(): Int = Client.maxRequestBodyBytes
}
