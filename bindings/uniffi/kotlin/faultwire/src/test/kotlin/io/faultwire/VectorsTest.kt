package io.faultwire

import io.faultwire.bridge.BridgeException
import io.faultwire.bridge.vector
import io.faultwire.internal.JsonReader
import io.faultwire.internal.JsonWriter
import io.faultwire.internal.Library
import io.faultwire.internal.Limits
import io.faultwire.internal.Text
import io.faultwire.testing.Sink
import io.faultwire.testing.at
import io.faultwire.testing.listAt
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File

/** The shared vectors of `tests/vectors`, through the bridge: the same meaning in every language. */
class VectorsTest {
    private val topics: List<File> =
        Sink.repository.resolve("tests/vectors").listFiles { file -> file.isDirectory }.orEmpty().sortedBy { it.name }

    @TestFactory
    fun topics(): List<DynamicTest> {
        assertTrue(Library.isLoaded)
        val needed = setOf("cut", "dsn", "envelope", "fingerprint", "function-names", "message", "rate-limits", "sanitize", "stack")
        assertEquals(emptySet<String>(), needed - topics.map { it.name }.toSet(), "topics are missing")
        return topics.map { topic -> DynamicTest.dynamicTest(topic.name) { run(topic) } }
    }

    private fun run(topic: File) {
        val files = topic.listFiles { file -> file.extension == "json" }.orEmpty()
        val cases = files.flatMap { JsonReader.read(it.readText()).listAt("cases") }
        assertTrue(cases.isNotEmpty(), "${topic.name} has no cases")
        for (case in cases) {
            check(topic.name, case)
        }
        // Where `scripts/parity.py` finds how many cases were run.
        val ran = Sink.repository.resolve("target/parity/kotlin/vectors/${topic.name}")
        ran.parentFile.mkdirs()
        ran.writeText("${cases.size}\n")
    }

    private fun check(topic: String, case: Any?) {
        val place = "$topic/${case.at("name")}"
        val expected = case.at("expected")
        if (topic == "sanitize") {
            val input = mapOf("kind" to case.at("kind"), "input" to case.at("input"), "options" to case.at("options"))
            val found = answer(topic, input)
            agrees(expected, found, place)
            for (secret in case.listAt("absent")) {
                assertTrue(secret.toString() !in JsonWriter.write(found, Limits.WHOLE), "$place: $secret")
            }
        } else {
            val found = answer(topic, case.at("input"))
            assertEquals(plain(expected), plain(withoutUntold(expected, found)), place)
            if (topic == "cut") {
                assertEquals(expected, ownCut(case.at("input")), "$place, of this package itself")
            }
        }
    }

    private fun ownCut(input: Any?): String {
        fun number(name: String) = (input.at(name) as Number).toInt()
        return Text.cut(input.at("text") as String, number("limit"), number("look_ahead"))
    }

    private fun answer(topic: String, input: Any?): Any? = try {
        JsonReader.read(vector(topic, JsonWriter.write(input, EXACT)))
    } catch (error: BridgeException) {
        throw AssertionError("$topic: ${error.message}")
    }

    /** Objects: each listed member; anything else: equal. */
    private fun agrees(expected: Any?, found: Any?, path: String) {
        if (expected is Map<*, *> && found is Map<*, *>) {
            for ((key, value) in expected) {
                assertTrue(found.containsKey(key), "$path.$key is missing")
                agrees(value, found[key], "$path.$key")
            }
        } else {
            assertEquals(plain(expected), plain(found), path)
        }
    }

    /** A message that a case does not tell is not compared. */
    private fun withoutUntold(expected: Any?, found: Any?): Any? {
        val told = expected.at("error")
        if (told !is Map<*, *> || "message" in told || found !is Map<*, *>) {
            return found
        }
        return found + ("error" to (found["error"] as Map<*, *>) - "message")
    }

    /** 1 and 1.0 are one number in JSON. */
    private fun plain(value: Any?): Any? = when (value) {
        is Map<*, *> -> value.mapValues { plain(it.value) }
        is List<*> -> value.map(::plain)
        is Number -> value.toDouble()
        else -> value
    }

    private companion object {
        /** Vectors cross whole. */
        val EXACT = Limits(depth = 200, breadth = 1 shl 20, text = 1 shl 24, nodes = 1 shl 24, size = 1 shl 28)
    }
}
