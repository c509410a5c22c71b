package io.faultwire.spring

import io.faultwire.FaultwireOptions
import org.springframework.boot.context.properties.bind.AbstractBindHandler
import org.springframework.boot.context.properties.bind.BindContext
import org.springframework.boot.context.properties.bind.BindHandler
import org.springframework.boot.context.properties.bind.Bindable
import org.springframework.boot.context.properties.bind.Binder
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler
import org.springframework.boot.context.properties.source.ConfigurationPropertyName
import org.springframework.core.env.Environment

private const val PREFIX = "faultwire"

/**
 * What there is under the prefix beside the options: whether there is any of this, and the parts. Editors know all of it
 * from `META-INF/spring-configuration-metadata.json`.
 */
internal val SWITCHES = listOf("enabled", "web", "logback").map { ConfigurationPropertyName.of("$PREFIX.$it") }

/**
 * The options by their names, in any spelling that Spring knows: `faultwire.sample-rate`, `FAULTWIRE_SAMPLERATE`.
 *
 * @throws UnboundConfigurationPropertiesException naming a property that is no option, and where it was found.
 */
internal fun optionsOf(environment: Environment): FaultwireOptions {
    val options = FaultwireOptions()
    Binder.get(environment).bind(PREFIX, Bindable.ofInstance(options), Strict())
    return options
}

/** What is left over is a mistake, unless it is one of [SWITCHES]. What is empty, as Spring gives a null, says nothing. */
private class Strict : AbstractBindHandler(NoUnboundElementsBindHandler(BindHandler.DEFAULT, UnboundElementsSourceFilter())) {
    override fun onSuccess(name: ConfigurationPropertyName, target: Bindable<*>, context: BindContext, result: Any?): Any? =
        super.onSuccess(name, target, context, result).takeUnless { it == "" || it is Collection<*> && it.isEmpty() }

    override fun onFinish(name: ConfigurationPropertyName, target: Bindable<*>, context: BindContext, result: Any?) {
        try {
            super.onFinish(name, target, context, result)
        } catch (error: UnboundConfigurationPropertiesException) {
            val unknown = error.unboundProperties.filterNot { it.name in SWITCHES }
            if (unknown.isNotEmpty()) {
                throw UnboundConfigurationPropertiesException(unknown.toSortedSet())
            }
        }
    }
}
