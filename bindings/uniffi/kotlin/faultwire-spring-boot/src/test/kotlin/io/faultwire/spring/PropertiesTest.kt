package io.faultwire.spring

import io.faultwire.Faultwire
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** A mistake in the properties ends the start of the application, and says where it is. */
class PropertiesTest {
    @Test
    fun `a property that is no option, or does not fit, is named`() {
        for ((property, named) in listOf(
            "faultwire.dns=http://a@b/1" to "faultwire.dns",
            "faultwire.sample-rate=many" to "faultwire.sample-rate",
            "faultwire.sample-rate=1.5" to "sampleRate",
            "faultwire.dsn=nowhere" to "dsn",
        )) {
            val error = assertThrows(Exception::class.java) { Shop.start(property) }
            val said = generateSequence<Throwable>(error) { it.cause }.joinToString { "$it" }
            assertTrue(named in said, said)
            assertFalse(Faultwire.isEnabled(), property)
        }
    }
}
