package io.faultwire.spring

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import io.faultwire.FaultwireOptions
import io.faultwire.testing.Sink
import java.beans.Introspector
import java.beans.PropertyDescriptor
import java.time.Duration
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.springframework.core.env.MapPropertySource
import org.springframework.core.env.StandardEnvironment

/** What editors complete is what is bound, by name, type and meaning. */
class MetadataTest {
    private val properties: List<JsonNode> =
        ObjectMapper().readTree(javaClass.getResource("/META-INF/spring-configuration-metadata.json"))["properties"].toList()

    private val options: List<PropertyDescriptor> = Introspector.getBeanInfo(FaultwireOptions::class.java).propertyDescriptors
        // Hooks are beans, and the context has the last word on its end.
        .filter { it.writeMethod != null && it.name != "closeAtShutdown" }
        .filterNot { it.propertyType.isInterface && it.propertyType.name.startsWith("io.faultwire.") }

    private fun kebab(name: String) = name.replace(Regex("[A-Z]")) { "-" + it.value.lowercase() }

    private fun typeOf(option: PropertyDescriptor): String {
        val type = option.writeMethod.genericParameterTypes[0].typeName.replace(" ", "")
        return if (type == "boolean") "java.lang.Boolean" else type
    }

    /** As a file of properties has it. */
    private val samples: Map<String, Pair<String, Any>> = mapOf(
        "java.lang.String" to ("text" to "text"),
        "java.lang.Double" to ("0.25" to 0.25),
        "java.lang.Integer" to ("7" to 7),
        "java.lang.Long" to ("7" to 7L),
        "java.lang.Boolean" to ("false" to false),
        "java.time.Duration" to ("5s" to Duration.ofSeconds(5)),
        "java.util.List<java.lang.String>" to ("a,b" to listOf("a", "b")),
        "io.faultwire.RequestBodySize" to ("small" to io.faultwire.RequestBodySize.SMALL),
        "io.faultwire.FingerprintMode" to ("override" to io.faultwire.FingerprintMode.OVERRIDE),
        "java.util.Map<java.lang.String,java.lang.Double>" to ("0.25" to mapOf("key" to 0.25)),
        "java.util.Map<java.lang.String,java.lang.String>" to ("text" to mapOf("key" to "text")),
    )

    private fun bound(vararg properties: Pair<String, Any?>): FaultwireOptions {
        val environment = StandardEnvironment()
        environment.propertySources.addFirst(MapPropertySource("test", mapOf(*properties)))
        return optionsOf(environment)
    }

    @Test
    fun `each option is there, with its type, and so is each switch`() {
        val expected = options.associate { "faultwire." + kebab(it.name) to typeOf(it) } +
            SWITCHES.associate { it.toString() to "java.lang.Boolean" }
        assertTrue(expected.size > 40, "$expected")
        assertEquals(expected.toSortedMap(), properties.associate { it["name"].asText() to it["type"].asText() }.toSortedMap())
        assertEquals(expected.size, properties.size, "each once")
    }

    @Test
    fun `each option is bound by the name and type that are said`() {
        val types = properties.associate { it["name"].asText() to it["type"].asText() }
        for (option in options) {
            val name = "faultwire." + kebab(option.name)
            val type = types.getValue(name)
            val (text, value) = samples.getValue(type)
            val key = if (type.startsWith("java.util.Map")) "$name.key" else name
            assertEquals(value, option.readMethod.invoke(bound(key to text)), name)
        }
    }

    @Test
    fun `a property that is null is the default`() {
        val nothing = bound(*options.map { "faultwire." + kebab(it.name) to null }.toTypedArray())
        for (option in options.filter { it.propertyType != Boolean::class.java }) {
            assertEquals(null, option.readMethod.invoke(nothing), option.name)
        }
    }

    @Test
    fun `what is said of an option is what its own documentation says`() {
        val source = Sink.repository.resolve("bindings/uniffi/kotlin/faultwire/src/main/kotlin/io/faultwire/FaultwireOptions.kt").readText()
        val said = Regex("""/\*\* (.*) \*/\n    public var (\w+):""").findAll(source).associate { it.groupValues[2] to it.groupValues[1] }
        val byName = properties.associateBy { it["name"].asText() }
        for (option in options) {
            val own = said.getValue(option.name).replace(Regex("""\[(\w+)]""")) { "`${kebab(it.groupValues[1])}`" }
            assertEquals(own, byName["faultwire." + kebab(option.name)]?.get("description")?.asText(), option.name)
        }
    }
}
