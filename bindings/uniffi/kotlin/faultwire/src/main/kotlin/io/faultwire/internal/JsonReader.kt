package io.faultwire.internal

import java.math.BigInteger

/**
 * JSON as Kotlin's own values: mutable maps and lists, texts, `Long` or, where that is too narrow, `BigInteger`, `Double`,
 * `Boolean`, null. For what the engine wrote; anything else is an [IllegalArgumentException].
 */
internal class JsonReader private constructor(private val text: String) {
    private var at = 0

    private fun value(depth: Int): Any? {
        require(depth < MAX_DEPTH) { "too deep" }
        return when (val first = peek()) {
            '{' -> members(depth)
            '[' -> elements(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> if (first == '-' || first in '0'..'9') number() else fail()
        }
    }

    private fun members(depth: Int): MutableMap<String, Any?> {
        val members = LinkedHashMap<String, Any?>()
        at++
        if (peek() == '}') {
            at++
            return members
        }
        do {
            if (peek() != '"') fail()
            val key = string()
            expect(':')
            members[key] = value(depth + 1)
        } while (more('}'))
        return members
    }

    private fun elements(depth: Int): MutableList<Any?> {
        val elements = ArrayList<Any?>()
        at++
        if (peek() == ']') {
            at++
            return elements
        }
        do {
            elements.add(value(depth + 1))
        } while (more(']'))
        return elements
    }

    /** After an element: true where another follows. */
    private fun more(end: Char): Boolean {
        val next = peek()
        at++
        if (next != ',' && next != end) fail()
        return next == ','
    }

    private fun string(): String {
        val start = ++at
        while (at < text.length && text[at] != '"' && text[at] != '\\') at++
        if (at < text.length && text[at] == '"') {
            return text.substring(start, at++)
        }
        val out = StringBuilder(text.substring(start, at))
        while (true) {
            when (val character = take()) {
                '"' -> return out.toString()
                '\\' -> out.append(escaped())
                else -> out.append(character)
            }
        }
    }

    private fun escaped(): Char = when (val character = take()) {
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'b' -> '\b'
        'f' -> '\u000C'
        '"', '\\', '/' -> character
        'u' -> {
            require(at + HEX_DIGITS <= text.length) { "ends too early" }
            at += HEX_DIGITS
            text.substring(at - HEX_DIGITS, at).toInt(16).toChar()
        }
        else -> fail()
    }

    private fun number(): Number {
        val start = at
        var isWhole = true
        while (at < text.length && text[at] in NUMBER) {
            isWhole = isWhole && text[at] !in FRACTION
            at++
        }
        val number = text.substring(start, at)
        return if (isWhole) number.toLongOrNull() ?: BigInteger(number) else number.toDouble()
    }

    private fun word(word: String, value: Any?): Any? {
        if (!text.startsWith(word, at)) fail()
        at += word.length
        return value
    }

    private fun expect(character: Char) {
        if (peek() != character) fail()
        at++
    }

    /** The next character that is no space. */
    private fun peek(): Char {
        while (at < text.length && text[at] in SPACE) at++
        require(at < text.length) { "ends too early" }
        return text[at]
    }

    private fun take(): Char {
        require(at < text.length) { "ends too early" }
        return text[at++]
    }

    private fun fail(): Nothing = throw IllegalArgumentException("no JSON at $at")

    companion object {
        private const val MAX_DEPTH = 200
        private const val HEX_DIGITS = 4
        private const val SPACE = " \t\r\n"
        private const val NUMBER = "0123456789+-.eE"
        private const val FRACTION = ".eE"

        fun read(text: String): Any? {
            val reader = JsonReader(text)
            val value = reader.value(0)
            require(reader.text.drop(reader.at).isBlank()) { "something follows" }
            return value
        }

        /** What must be an object. */
        @Suppress("UNCHECKED_CAST")
        fun readObject(text: String): MutableMap<String, Any?> =
            read(text) as? MutableMap<String, Any?> ?: throw IllegalArgumentException("no object")
    }
}
