package io.faultwire.servlet

import io.faultwire.spi.Integrations
import jakarta.servlet.http.HttpServletRequest
import java.io.ByteArrayOutputStream
import java.nio.charset.Charset
import java.nio.charset.StandardCharsets

/**
 * Keeps the beginning of a request's body while the application reads it. Never reads anything itself: what the
 * application did not read was not part of the failure either.
 */
internal class BodyRecorder private constructor(limit: Int, private val charset: Charset) {
    // Beyond the limit, so that no secret is cut into something that no filter knows.
    private var room = limit + LOOK_AHEAD
    private val bytes = ByteArrayOutputStream()
    private val text = StringBuilder()

    /** Takes what the application just got. */
    @Synchronized
    fun add(chunk: ByteArray, from: Int, length: Int) {
        val kept = minOf(length, room)
        if (kept > 0) {
            bytes.write(chunk, from, kept)
            room -= kept
        }
    }

    /** The same where it reads characters. */
    @Synchronized
    fun add(chunk: CharArray, from: Int, length: Int) {
        val kept = minOf(length, room)
        if (kept > 0) {
            text.append(chunk, from, kept)
            room -= kept
        }
    }

    /** The body so far; null when nothing was read. */
    @Synchronized
    fun data(): String? = when {
        bytes.size() > 0 -> bytes.toString(charset)
        text.isNotEmpty() -> text.toString()
        else -> null
    }

    companion object {
        /** Bytes. */
        private const val LOOK_AHEAD = 4096

        /** Bodies that are text, by the start of their media type. Of others there is nothing to read in a report. */
        private val TEXT = listOf(
            "application/json",
            "application/x-www-form-urlencoded",
            "application/xml",
            "application/graphql",
            "text/",
        )

        /** Null where there is no body, or none that a report can show. */
        fun of(request: HttpServletRequest): BodyRecorder? = tried(null) {
            val limit = Integrations.maxRequestBodyBytes()
            if (limit <= 0 || request.contentLengthLong == 0L || request.getHeader("Content-Encoding") != null) {
                return@tried null
            }
            val type = request.contentType?.trim()?.lowercase() ?: return@tried null
            if (TEXT.none(type::startsWith) && "+json" !in type && "+xml" !in type) {
                return@tried null
            }
            // JSON says none, and is UTF-8.
            val charset = tried(StandardCharsets.UTF_8) { charset(request.characterEncoding ?: "UTF-8") }
            BodyRecorder(limit, charset)
        }
    }
}
