package io.faultwire

/** Looks at a finished, sanitized event before it is sent, on a thread of Faultwire's. */
public fun interface BeforeSend {
    /**
     * The event to send, by the protocol's names: the given one, changed or not, or another. Null, or a throw, drops it.
     * What it adds is sanitized, too. What is captured here is refused.
     */
    public fun edit(event: MutableMap<String, Any?>): Map<String, Any?>?
}

/** Looks at a breadcrumb as it is added, on the thread that adds it. */
public fun interface BeforeBreadcrumb {
    /**
     * The breadcrumb to keep, by the protocol's names. Null, or a throw, drops it. What is captured here is refused, and so
     * are breadcrumbs.
     */
    public fun edit(breadcrumb: MutableMap<String, Any?>): Map<String, Any?>?
}

/** Says the rate for a capture, on the thread that captures. */
public fun interface ErrorSampler {
    /** From 0 to 1; null, anything else, or a throw leaves it to the options. What is captured here is refused. */
    public fun rate(context: SamplingContext): Double?
}

/**
 * What an [ErrorSampler] can go by: what the event would say.
 *
 * @property exceptionType qualified name of the class; null for messages.
 * @property transaction the route or job that the call or the innermost scope names.
 */
public class SamplingContext internal constructor(
    public val exceptionType: String?,
    public val level: Level,
    public val logger: String?,
    public val transaction: String?,
)
