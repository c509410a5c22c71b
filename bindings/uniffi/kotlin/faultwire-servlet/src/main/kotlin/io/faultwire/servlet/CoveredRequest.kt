package io.faultwire.servlet

import io.faultwire.spi.Integrations
import jakarta.servlet.AsyncContext
import jakarta.servlet.AsyncEvent
import jakarta.servlet.AsyncListener
import jakarta.servlet.ReadListener
import jakarta.servlet.ServletInputStream
import jakarta.servlet.ServletRequest
import jakarta.servlet.ServletResponse
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import jakarta.servlet.http.Part
import java.io.BufferedReader
import java.io.Reader
import java.net.URLDecoder

/** The request as the application sees it. It behaves as the container's; what is read from it is recorded. */
internal class CoveredRequest(
    request: HttpServletRequest,
    private val covered: Covered,
    private val body: BodyRecorder?,
) : HttpServletRequestWrapper(request) {
    private var stream: ServletInputStream? = null
    private var reader: BufferedReader? = null

    /** The container has read a form, because the application asked for its fields. */
    @Volatile private var isFormRead = false

    // Null from the container is its own affair, and is given on.

    override fun getInputStream(): ServletInputStream? {
        val recorder = body ?: return super.getInputStream()
        val given = super.getInputStream() ?: return null
        return stream ?: RecordingStream(given, recorder, covered).also { stream = it }
    }

    override fun getReader(): BufferedReader? {
        val recorder = body ?: return super.getReader()
        val given = super.getReader() ?: return null
        return reader ?: BufferedReader(RecordingReader(given, recorder, covered)).also { reader = it }
    }

    override fun getParameter(name: String?): String? = super.getParameter(name).also { formIsRead() }

    override fun getParameterValues(name: String?): Array<String>? = super.getParameterValues(name).also { formIsRead() }

    override fun getParameterNames(): java.util.Enumeration<String>? = super.getParameterNames().also { formIsRead() }

    override fun getParameterMap(): MutableMap<String, Array<String>>? = super.getParameterMap().also { formIsRead() }

    override fun getParts(): MutableCollection<Part>? = super.getParts().also { formIsRead() }

    override fun getPart(name: String?): Part? = super.getPart(name).also { formIsRead() }

    private fun formIsRead() {
        if (!isFormRead && method != "GET" && stream == null && reader == null) {
            isFormRead = true
            covered.tellRequest()
        }
    }

    /** The fields of a form that the container has read, without those of the query; null where it has not. */
    fun formRead(): Map<String, Any?>? {
        if (!isFormRead || Integrations.maxRequestBodyBytes() == 0) {
            return null
        }
        val asked = HashMap<String, Int>()
        for (pair in queryString.orEmpty().split('&')) {
            val name = pair.substringBefore('=')
            asked.merge(tried(name) { URLDecoder.decode(name, Charsets.UTF_8) }, 1, Int::plus)
        }
        var room = Integrations.maxRequestBodyBytes()
        val fields = LinkedHashMap<String, Any?>()
        val given: Map<String?, Array<String?>?> = super.getParameterMap().orEmpty()
        for ((name, values) in given) {
            // Those of the query come first.
            val own = values?.filterNotNull().orEmpty().drop(asked[name] ?: 0)
            if (name == null) continue
            room -= name.length + own.sumOf(String::length)
            if (room < 0) {
                // Whole or not at all: no filter knows a part of a secret.
                fields[name] = "…"
                break
            }
            if (own.isNotEmpty()) {
                fields[name] = own.singleOrNull() ?: own
            }
        }
        return fields.ifEmpty { null }
    }

    override fun startAsync(): AsyncContext? = follow(super.startAsync())

    override fun startAsync(request: ServletRequest?, response: ServletResponse?): AsyncContext? =
        follow(super.startAsync(request, response))

    private fun follow(context: AsyncContext?): AsyncContext? {
        if (context == null) return null
        covered.isAsync = true
        context.addListener(Follower(covered))
        return ScopedAsync(context, covered)
    }
}

/** Is told how an asynchronous request went. */
private class Follower(private val covered: Covered) : AsyncListener {
    override fun onComplete(event: AsyncEvent) = covered.answered()

    override fun onError(event: AsyncEvent) {
        // Containers tell what followed from the failure, too.
        if (!covered.hasFailed) {
            event.throwable?.let(covered::escaped)
        }
    }

    override fun onTimeout(event: AsyncEvent) = Unit

    /** A second cycle begins: listeners of the first are forgotten. */
    override fun onStartAsync(event: AsyncEvent) {
        event.asyncContext?.addListener(this)
    }
}

/** What the container runs for the request runs in its scopes. */
private class ScopedAsync(private val context: AsyncContext, private val covered: Covered) : AsyncContext by context {
    override fun start(work: Runnable) = context.start {
        covered.scopes.enter().use {
            try {
                work.run()
            } catch (thrown: Throwable) {
                covered.escaped(thrown)
                throw thrown
            }
        }
    }
}

private class RecordingStream(
    private val stream: ServletInputStream,
    private val recorder: BodyRecorder,
    private val covered: Covered,
) : ServletInputStream() {
    private val one = ByteArray(1)

    override fun read(): Int {
        val byte = stream.read()
        if (byte >= 0) {
            one[0] = byte.toByte()
            recorder.add(one, 0, 1)
        } else {
            covered.bodyIsRead()
        }
        return byte
    }

    override fun read(into: ByteArray, from: Int, length: Int): Int {
        val read = stream.read(into, from, length)
        if (read > 0) {
            recorder.add(into, from, read)
        }
        // All was read: from now on it is part of what the application captures by itself.
        if (read < 0 || stream.isFinished) {
            covered.bodyIsRead()
        }
        return read
    }

    override fun available(): Int = stream.available()

    override fun isFinished(): Boolean = stream.isFinished

    override fun isReady(): Boolean = stream.isReady

    override fun setReadListener(listener: ReadListener?) = stream.setReadListener(listener)

    override fun close() = stream.close()
}

private class RecordingReader(
    private val reader: Reader,
    private val recorder: BodyRecorder,
    private val covered: Covered,
) : Reader() {
    override fun read(into: CharArray, from: Int, length: Int): Int {
        val read = reader.read(into, from, length)
        if (read > 0) recorder.add(into, from, read) else covered.bodyIsRead()
        return read
    }

    override fun ready(): Boolean = reader.ready()

    override fun close() = reader.close()
}
