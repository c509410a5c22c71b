package io.faultwire.internal

import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Path

/** How much of a value is looked at. */
internal class Limits(
    val depth: Int,
    /** Members of one object or list. */
    val breadth: Int,
    /** Characters of one text. */
    val text: Int,
    /** Values in all. */
    val nodes: Int,
    /** Characters of JSON in all, approximately. */
    val size: Int,
) {
    companion object {
        /** For what an application says in a scope or with a capture. */
        val SCOPE = Limits(depth = 6, breadth = 128, text = Text.MAX_MESSAGE, nodes = 4096, size = 512 shl 10)

        /** For what a capture says of itself: one level more than a scope. */
        val CALL = Limits(depth = 7, breadth = 128, text = Text.MAX_MESSAGE, nodes = 4096, size = 512 shl 10)

        /** For what is known of a request: its body is one text, of 100 KiB at most. */
        val REQUEST = Limits(depth = 6, breadth = 512, text = (100 shl 10) + Text.LOOK_AHEAD, nodes = 4096, size = 1 shl 20)

        /** For structures whose form matters, as events and options: nothing sensible is cut. */
        val WHOLE = Limits(depth = 24, breadth = 10_000, text = 1 shl 20, nodes = 200_000, size = 16 shl 20)
    }
}

/** Values of the application as JSON, bounded in depth, breadth, length and size. What was cut says so. Never throws. */
internal class JsonWriter private constructor(private val limits: Limits) {
    private val out = StringBuilder()
    private var nodes = limits.nodes

    /** The objects that the present one hangs on. */
    private val path = ArrayList<Any>()

    private fun value(value: Any?) {
        if (value == null) {
            out.append("null")
            return
        }
        if (nodes-- <= 0 || out.length >= limits.size) {
            out.append(MORE)
            return
        }
        when (value) {
            is String -> text(value)
            is Boolean -> out.append(value)
            is Int, is Long, is Short, is Byte -> out.append(value)
            is Double -> number(value)
            is Float -> number(value.toDouble())
            is Map<*, *> -> within(value) { members(value.entries) }
            // Of which each is one of its own parts.
            is Path -> shown(value)
            is Iterable<*> -> within(value) { elements(value.iterator()) }
            is Array<*> -> within(value) { elements(value.iterator()) }
            else -> simple(value)
        }
    }

    private fun simple(value: Any) {
        when (value) {
            is BigInteger -> shown(value)
            is BigDecimal -> if (value.precision() > MAX_DIGITS) shown(value) else number(value.toDouble())
            is IntArray -> within(value) { elements(value.iterator()) }
            is LongArray -> within(value) { elements(value.iterator()) }
            is DoubleArray -> within(value) { elements(value.iterator()) }
            is FloatArray -> within(value) { elements(value.iterator()) }
            is ShortArray -> within(value) { elements(value.iterator()) }
            is BooleanArray -> within(value) { elements(value.iterator()) }
            is CharArray -> text(String(value, 0, minOf(value.size, limits.text + 1)))
            is ByteArray -> text("(${value.size} bytes)")
            else -> shown(value)
        }
    }

    private fun number(value: Double) {
        if (value.isFinite()) out.append(value) else text(value.toString())
    }

    /** As the application itself would print it. */
    private fun shown(value: Any) {
        val shown = try {
            value.toString()
        } catch (_: Throwable) {
            null
        }
        text(shown ?: "<${value.javaClass.name}>")
    }

    private inline fun within(value: Any, write: () -> Unit) {
        if (path.size >= limits.depth || path.any { it === value }) {
            out.append(MORE)
            return
        }
        path.add(value)
        try {
            write()
        } finally {
            path.removeAt(path.size - 1)
        }
    }

    private fun members(entries: Iterable<Map.Entry<*, *>>) {
        out.append('{')
        var count = 0
        all(entries.iterator()) { entry ->
            if (count > 0) out.append(',')
            if (count++ >= limits.breadth) {
                out.append(MORE).append(':').append(MORE)
                return@all false
            }
            val start = out.length
            try {
                key(entry.key)
                out.append(':')
                value(entry.value)
                true
            } catch (thrown: Throwable) {
                out.setLength(start)
                out.append(MORE).append(':').append(MORE)
                false
            }
        }
        out.append('}')
    }

    private fun key(key: Any?) = if (key is String) text(key) else shown(key ?: "null")

    private fun elements(values: Iterator<Any?>) {
        out.append('[')
        var count = 0
        all(values) { element ->
            if (count > 0) out.append(',')
            if (count++ >= limits.breadth) {
                out.append(MORE)
                return@all false
            }
            value(element)
            true
        }
        out.append(']')
    }

    /** The application's own collection can throw at any step, and another thread can be changing it. */
    private inline fun <T> all(values: Iterator<T>, write: (T) -> Boolean) {
        while (true) {
            val next = try {
                if (values.hasNext()) values.next() else return
            } catch (_: Throwable) {
                return
            }
            if (!write(next)) {
                return
            }
        }
    }

    private fun text(text: String) = quote(out, Text.cut(text, limits.text))

    companion object {
        /** Marks what was left out. */
        private const val MORE = "\"…\""

        /** Digits of a decimal number beyond which it is written as a text. */
        private const val MAX_DIGITS = 17

        /** A value as JSON. */
        fun write(value: Any?, limits: Limits): String {
            val writer = JsonWriter(limits)
            val depth = Guard.depth()
            // What the application's own `toString` captures is refused.
            depth[0]++
            try {
                writer.value(value)
            } catch (thrown: Throwable) {
                Guard.note("json", thrown)
                return "null"
            } finally {
                depth[0]--
            }
            return writer.out.toString()
        }

        /** A text in JSON, without lone surrogates: they are no text in UTF-8. */
        fun quote(out: StringBuilder, text: String) {
            out.append('"')
            var at = 0
            while (at < text.length) {
                val character = text[at++]
                when {
                    character == '"' || character == '\\' -> out.append('\\').append(character)
                    character < ' ' -> control(out, character)
                    character.isHighSurrogate() && at < text.length && text[at].isLowSurrogate() ->
                        out.append(character).append(text[at++])
                    character.isSurrogate() -> out.append('\uFFFD')
                    else -> out.append(character)
                }
            }
            out.append('"')
        }

        private fun control(out: StringBuilder, character: Char) {
            when (character) {
                '\n' -> out.append("\\n")
                '\r' -> out.append("\\r")
                '\t' -> out.append("\\t")
                else -> out.append("\\u00").append(HEX[character.code shr 4]).append(HEX[character.code and 15])
            }
        }

        private const val HEX = "0123456789abcdef"
    }
}
