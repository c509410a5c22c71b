package io.faultwire

import io.faultwire.spi.Integrations
import io.faultwire.testing.ClientTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File

/** Secrets are put wherever an application can put something; none is on the wire or on disk. */
class SecretsTest : ClientTest() {
    private val seeds = ArrayList<String>()

    /** A new secret: of a form of its own, or one that only its name tells. */
    private fun secret(): String = "hunter2-${seeds.size}-x9f".also(seeds::add)

    private fun token(): String = "ghp_" + "%036d".format(seeds.size * 7919 + 104_729).also { seeds.add("ghp_$it") }

    private fun card(): String = "4111 1111 1111 1111".also(seeds::add)

    private fun bearer(): String = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI${seeds.size}9999.c2lnbmF0dXJl${seeds.size}00".also { seeds.add(it.substring(7)) }

    private fun said() {
        Faultwire.isolationScope { scope ->
            scope.setTag("token", token())
            scope.setTag("password", secret())
            scope.setUser(User(id = "7", email = "who-${seeds.size}@secret.example".also(seeds::add), data = mapOf("api_key" to secret())))
            scope.setContext("payment", mapOf("card" to card(), "nested" to listOf(mapOf("secret" to secret()))))
            scope.setExtra("connection", "postgres://app:${secret()}@db/shop")
            scope.setExtra("auth", mapOf("Authorization" to bearer()))
            scope.addBreadcrumb(Breadcrumb("GET /?access_token=${secret()}", data = mapOf("password" to secret(), "url" to "https://u:${secret()}@h/")))
            Integrations.setRequest(
                scope,
                mapOf(
                    "url" to "https://shop.example/pay?token=${secret()}",
                    "method" to "POST",
                    "headers" to mapOf("Authorization" to bearer(), "X-Api-Key" to secret(), "Cookie" to "session=${secret()}"),
                    "cookies" to "session=${secret()}; id=${secret()}",
                    "query_string" to "password=${secret()}&x=1",
                    "data" to "{\"password\": \"${secret()}\", \"note\": \"${token()}\"}",
                ),
            )
            val error = IllegalStateException("token ${token()}", RuntimeException("password=${secret()}"))
            error.addSuppressed(Exception("card ${card()}"))
            Faultwire.captureException(error) {
                tags = mapOf("secret" to secret())
                extra = mapOf("client_secret" to secret())
            }
            Faultwire.captureMessage("Authorization: ${bearer()}")
            Faultwire.captureEvent(mapOf("extra" to mapOf("password" to secret()), "message" to "key ${token()}"))
        }
    }

    @Test
    fun `no secret is on the wire`() {
        start { beforeSend { event -> event.also { it["extra"] = mapOf("password" to secret(), "text" to token()) } } }
        said()
        received(3)
        assertTrue(seeds.size > 25)
        val raw = sink.raw()
        assertTrue("IllegalStateException" in raw, "the raw bytes are those")
        assertEquals(emptyList<String>(), seeds.filter { it in raw })
    }

    @Test
    fun `no secret is on disk while the server is down`(@TempDir folder: File) {
        start {
            spool = true
            spoolDir = folder.path
        }
        sink.mode("refuse")
        said()
        Faultwire.flush(1500)
        assertEquals(3, Faultwire.stats().spooled + Faultwire.stats().pending, "${Faultwire.stats()}")
        val written = folder.walk().filter { it.isFile }.map { it.readText(Charsets.ISO_8859_1) }.joinToString("")
        assertTrue("IllegalStateException" in written, "the files are those")
        assertEquals(emptyList<String>(), seeds.filter { it in written })
    }
}
