package io.faultwire.internal

/** Texts of the application, bounded. */
internal object Text {
    /** Characters kept beyond every limit, so that no secret is cut into something that no rule knows. */
    const val LOOK_AHEAD = 4096

    /** Characters kept of a message: the wire's limit and the look-ahead. */
    const val MAX_MESSAGE = 8192 + LOOK_AHEAD

    /** Characters kept of a name. */
    const val MAX_NAME = 256 + LOOK_AHEAD

    private const val BETWEEN_VALUES = "\"'`,;&|<>()[]{}"

    /**
     * At most [limit] characters. Where it was cut, the piece of a word that the cut left goes, too: filtering shortens
     * what stands before it, and no rule knows the beginning of a token.
     */
    fun cut(text: String, limit: Int, lookAhead: Int = LOOK_AHEAD): String {
        if (text.length <= limit) {
            return text
        }
        var end = limit
        while (end > 0 && !isBlank(text[end - 1])) {
            end--
        }
        // Groups of digits are one number: of a card, say.
        while (end > 0 && isPartOfNumber(text[end - 1])) {
            end--
        }
        val longest = maxOf(limit - lookAhead, 0)
        return text.substring(0, if (end >= longest) end else lastValue(text, longest, limit))
    }

    /** No word is that long: of JSON without spaces, say, only the last value goes. */
    private fun lastValue(text: String, longest: Int, limit: Int): Int {
        var end = limit
        while (end > longest && text[end - 1] !in BETWEEN_VALUES) {
            end--
        }
        return end
    }

    private fun isPartOfNumber(character: Char) = character in '0'..'9' || character == '-' || isBlank(character)

    /** White space as Unicode has it. */
    private fun isBlank(character: Char) =
        character in '\t'..'\r' || character == '\u0085' || Character.isSpaceChar(character)

    /** What [make] gives, as the application's code that can throw; null where it does. */
    inline fun of(limit: Int, make: () -> String?): String? = try {
        make()?.let { cut(it, limit) }
    } catch (_: Throwable) {
        null
    }
}
