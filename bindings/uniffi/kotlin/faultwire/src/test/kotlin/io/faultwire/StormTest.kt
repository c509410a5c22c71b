package io.faultwire

import io.faultwire.internal.Chain
import io.faultwire.internal.Native
import io.faultwire.internal.Place
import io.faultwire.testing.ClientTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Test

/** Repeated captures of a place become a count. */
class StormTest : ClientTest() {
    private fun failing(text: String, cause: Throwable? = null) = IllegalStateException(text, cause)

    @Test
    fun `beyond the burst a place folds, whatever the messages say`() {
        start { stormBurst = 10 }
        val ids = (1..500).map { Faultwire.captureException(failing("order $it")) }
        assertEquals(10, received(10).size)
        assertEquals(490, Faultwire.stats().folded)
        assertEquals(500, Faultwire.stats().captured)
        assertEquals(11 - 1, ids.toSet().size, "each folded occurrence has the id of the last full event")
    }

    @Test
    fun `levels, causes and an explicit fingerprint tell places apart`() {
        start { stormBurst = 1 }
        repeat(5) {
            for (round in 0..3) {
                val error = failing("x", if (round == 1) RuntimeException("cause") else null)
                Faultwire.captureException(error) {
                    if (round == 2) level = Level.WARNING
                    if (round == 3) fingerprint = listOf("own")
                }
            }
        }
        // The own grouping does not fold.
        assertEquals(1 + 1 + 1 + 5, received(8).size)
        assertEquals(12, Faultwire.stats().folded)
    }

    @Test
    fun `a place is known without looking at the stack, and after somebody looked`() {
        fun place(error: Throwable) = Place.of(Chain.of(error))
        start()
        val errors = (1..3).map { failing("$it") }
        val elsewhere = failing("x")
        assertEquals(1, errors.map(::place).toSet().size)
        assertNotEquals(place(errors[0]), place(elsewhere))
        val elements = Native.elements(errors[0]) as Array<*>?
        assertEquals(0, elements?.size ?: 0, "the JVM was made to look at the stack: its own form is not known any more")
        errors.forEach { it.stackTrace }
        assertEquals(1, errors.map(::place).toSet().size)
        assertNotEquals(place(errors[0]), place(elsewhere.also { it.stackTrace }))
    }

    @Test
    fun `folding can be switched off`() {
        start {
            stormFolding = false
            stormBurst = 1
        }
        repeat(20) { Faultwire.captureException(failing("$it")) }
        assertEquals(20, received(20).size)
    }
}
