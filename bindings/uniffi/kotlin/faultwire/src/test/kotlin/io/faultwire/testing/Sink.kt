package io.faultwire.testing

import io.faultwire.internal.JsonReader
import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Limits
import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.time.Duration

/** An event, by the protocol's names. */
typealias Event = Map<String, Any?>

/** The test sink, a real server: see `tests/conformance/sink`. It ends with [close], and when this process dies. */
class Sink : AutoCloseable {
    private val process = ProcessBuilder(binary(), "--until-stdin-closes", "--port", "0", "--quiet")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    private val http = HttpClient.newHttpClient()

    val url: String
    val dsn: String
    private val control: String

    init {
        val lines = process.inputStream.bufferedReader()
        fun line(name: String): String {
            val line = checkNotNull(lines.readLine()) { "the sink did not start" }
            check(line.startsWith("$name ")) { "expected `$name ...`, found `$line`" }
            return line.substring(name.length + 1).trim()
        }
        url = line("listening")
        dsn = line("dsn")
        control = line("control")
    }

    /** The accepted events, once there are at least so many. */
    fun wait(events: Int = 1, seconds: Int = 10): List<Event> {
        val answer = call("GET", "/_sink/wait?events=$events&timeout_s=$seconds")
        check(answer.statusCode() == 200) { "waited $seconds s for $events events: ${answer.body()}" }
        return events()
    }

    /** The accepted events. */
    @Suppress("UNCHECKED_CAST")
    fun events(): List<Event> = JsonReader.read(call("GET", "/_sink/events?all=0").body()) as List<Event>

    /** Heads and bodies of every request, as sent and decompressed. */
    fun raw(): String = call("GET", "/_sink/raw").body()

    /** Forgets what was received. */
    fun reset() {
        call("POST", "/_sink/reset")
    }

    /** How the next requests are treated: `ok`, `stall`, `refuse`, `reset`. */
    fun mode(mode: String) {
        val answer = call("POST", "/_sink/mode", mapOf("mode" to mode))
        check(answer.statusCode() == 200) { answer.body() }
    }

    private fun call(method: String, path: String, body: Map<String, Any?> = emptyMap()): HttpResponse<String> {
        val publisher = if (method == "GET") {
            HttpRequest.BodyPublishers.noBody()
        } else {
            HttpRequest.BodyPublishers.ofString(JsonWriter.write(body, Limits.WHOLE))
        }
        val request = HttpRequest.newBuilder(URI(control + path)).timeout(Duration.ofSeconds(60)).method(method, publisher)
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString())
    }

    override fun close() {
        process.outputStream.close()
        process.destroy()
        process.waitFor()
    }

    companion object {
        /** The root of the repository. */
        val repository = File(System.getProperty("faultwire.repository") ?: "../../../..").canonicalFile

        private fun binary(): String {
            val named = System.getProperty("faultwire.sink") ?: System.getenv("FAULTWIRE_SINK")
            val file = named?.let(::File) ?: repository.resolve("target/release/faultwire-sink")
            check(file.isFile) { "no $file: build it with `make sink`" }
            return file.path
        }
    }
}
