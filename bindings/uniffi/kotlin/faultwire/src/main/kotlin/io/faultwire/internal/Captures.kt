package io.faultwire.internal

import io.faultwire.CaptureContext
import io.faultwire.Level
import java.lang.ref.Reference

/** How an error was captured. */
internal class How(
    /** `auto.<...>`; null is the engine's usual. */
    val mechanism: String? = null,
    /** False when nobody caught it. */
    val handled: Boolean = true,
    /** The thread it is of, if not the one that captures. */
    val thread: Thread? = null,
    /** The process is about to end: no other thread may be left to look at it. */
    val atOnce: Boolean = false,
) {
    companion object {
        val USUAL = How()
    }
}

/** What a call says of itself, as it crosses; written when it is asked for, and once. */
private class Call(level: Level?, context: CaptureContext?) {
    val logger: String? = context?.logger
    val layer: String? by lazy(LazyThreadSafetyMode.NONE) {
        if (context != null) context.layer(level) else level?.let { "{\"level\":\"${it.text}\"}" }
    }
}

/**
 * The capture calls. The order is that of the gate: cheapest test first, and no more looked at than it needs. None
 * throws, and none blocks.
 */
internal object Captures {
    /** Type id of what has no type. */
    private const val NO_TYPE = 0L

    /** The engine's answers where a rate would be: the names of the type are to be told. */
    private const val UNKNOWN_TYPE = -2.0

    /** The engine's answers where an address would be. */
    private const val REFUSED = 0L
    private const val FOLDED = 1L
    private const val FOLDED_INTO = 3L

    private const val ID_LENGTH = 32

    fun exception(thrown: Throwable, context: CaptureContext?, how: How): String? =
        captured("captureException") { exceptionOf(thrown, context, how) }

    /** `template`: the message before `params` were put in. */
    fun message(
        message: String,
        level: Level?,
        context: CaptureContext?,
        template: String? = null,
        params: List<Any?>? = null,
    ): String? = captured("captureMessage") {
        val json = params?.let { JsonWriter.write(it, Limits.SCOPE) }
        val said = Said(Text.cut(message, Text.MAX_MESSAGE), template?.let { Text.cut(it, Text.MAX_MESSAGE) }, json)
        messageOf(said, context?.level ?: level, context)
    }

    fun event(event: Map<String, Any?>): String? = captured("captureEvent") {
        val layers = Layers.here()
        val id = ByteArray(ID_LENGTH)
        val json = JsonWriter.write(event, Limits.WHOLE)
        val isCaptured = Native.captureEvent(json, isolation(layers), current(layers), id)
        Reference.reachabilityFence(layers)
        if (isCaptured) kept(id, layers) else null
    }

    /** A capture as Faultwire's own work; a mistake in it loses the event and nothing else. */
    private inline fun captured(where: String, capture: () -> String?): String? {
        if (!Client.isOn) {
            return null
        }
        val depth = Guard.depth()
        if (depth[0] > 0) {
            return quietly(where, null) {
                Native.refuse("reentrant")
                null
            }
        }
        depth[0]++
        return try {
            capture()
        } catch (thrown: Throwable) {
            Guard.note(where, thrown)
            null
        } finally {
            depth[0]--
        }
    }

    private fun exceptionOf(thrown: Throwable, context: CaptureContext?, how: How): String? {
        val seen = Seen.of(thrown)
        val before = Seen.before(seen)
        if (before != null) {
            Native.refuse("already_captured")
            return before.id
        }
        val type = KnownType.of(thrown)
        val layers = Layers.here()
        val call = Call(context?.level, context)
        val rate = sample(type, Level.ERROR, layers, call)
        if (rate < 0) {
            return null
        }
        val chain = Chain.of(thrown)
        val place = if (Client.folds) Place.of(chain) else 0L
        val id = ByteArray(ID_LENGTH)
        val at = admit(place, rate, layers, call, id)
        if (at == REFUSED || at == FOLDED) {
            return null
        }
        val text = text(id)
        seen.id = text
        if (at != FOLDED_INTO) {
            send(AdmittedError(at, chain, how, context?.level, context?.logger, how.thread ?: Thread.currentThread()), how.atOnce)
        }
        layers.isolation.lastEventId = text
        return text
    }

    private fun messageOf(message: Said, level: Level?, context: CaptureContext?): String? {
        val layers = Layers.here()
        val call = Call(level, context)
        val rate = sample(null, Level.INFO, layers, call)
        if (rate < 0) {
            return null
        }
        val id = ByteArray(ID_LENGTH)
        val at = admit(0L, rate, layers, call, id)
        if (at == REFUSED) {
            return null
        }
        val here = if (Client.attachesStacks) Throwable() else null
        val capture = AdmittedMessage(at, message, here, level, context?.logger, Thread.currentThread())
        // Without a stack there is nothing that costs.
        send(capture, atOnce = here == null)
        return kept(id, layers)
    }

    /** The rate that something was kept at; negative for no. Nobody but the application's sampler looks at more than the type. */
    private fun sample(type: KnownType?, usual: Level, layers: Layers, call: Call): Double {
        val rate = if (Client.hasSampler) asked(type, usual, layers, call) else quick(type?.id ?: NO_TYPE)
        if (rate != UNKNOWN_TYPE || type == null) {
            return rate
        }
        type.tellAgain()
        return if (Client.hasSampler) asked(type, usual, layers, call) else quick(type.id)
    }

    private fun quick(type: Long): Double = Native.sample(type, null, 0, null, 0L, 0L, null)

    private fun asked(type: KnownType?, usual: Level, layers: Layers, call: Call): Double {
        val id = type?.id ?: NO_TYPE
        val name = type?.names?.get(0)
        val rate = Jna.leavingNothing {
            Native.sample(id, name, usual.ordinal, call.logger, isolation(layers), current(layers), call.layer)
        }
        Reference.reachabilityFence(layers)
        return rate
    }

    private fun admit(place: Long, rate: Double, layers: Layers, call: Call, id: ByteArray): Long {
        val at = Native.admit(place, rate, isolation(layers), current(layers), call.layer, id)
        Reference.reachabilityFence(layers)
        return at
    }

    private fun send(capture: Admitted, atOnce: Boolean) {
        if (atOnce) {
            Extractor.extract(capture)
        } else if (!Extractor.offer(capture)) {
            capture.giveUp(overflow = true)
        }
    }

    private fun isolation(layers: Layers): Long = layers.isolation.cell.addressOrNone()

    private fun current(layers: Layers): Long = layers.current?.cell?.addressOrNone() ?: 0L

    private fun kept(id: ByteArray, layers: Layers): String = text(id).also { layers.isolation.lastEventId = it }

    private fun text(id: ByteArray) = String(id, Charsets.ISO_8859_1)
}
