package conformance

import com.fasterxml.jackson.databind.ObjectMapper
import io.faultwire.Breadcrumb
import io.faultwire.Faultwire
import io.faultwire.FaultwireException
import io.faultwire.FaultwireOptions
import io.faultwire.InvalidDsnException
import io.faultwire.InvalidOptionException
import io.faultwire.InvalidPayloadException
import io.faultwire.Level
import io.faultwire.Scope
import io.faultwire.Stats
import io.faultwire.User
import java.io.File
import java.time.Duration

private typealias Json = Map<String, Any?>

private typealias Chain = List<List<String>>

class OrderFailed(message: String, cause: Throwable?) : Exception(message, cause)

class StockMissing(message: String, cause: Throwable?) : Exception(message, cause)

class DatabaseDown(message: String, cause: Throwable?) : Exception(message, cause)

class Expected(message: String, cause: Throwable?) : Exception(message, cause)

private val json = ObjectMapper()

/** Waited for counters at most. */
private val LIMIT = Duration.ofSeconds(20)

private val TIMES = setOf("shutdown_timeout", "storm_window", "spool_max_age")

/** Runs one scenario in Kotlin: `Driver SCENARIO.json LIFE`. The form: `tests/conformance/scenarios/README.md`. */
fun main(arguments: Array<String>) {
    val (path, life) = arguments
    val scenario = json.readValue(File(path), Map::class.java)
    val lives = scenario["lives"].objects()
    Player().play(lives[life.toInt()]["steps"].objects())
}

private class Player {
    private val scopes = ArrayDeque<Scope>()
    private var turn = 0

    fun play(steps: List<Json>) {
        for (step in steps) {
            val op = step["op"] as String
            when (op) {
                "with_scope" -> Faultwire.newScope().use {
                    scopes.addLast(it.scope)
                    play(step["steps"].objects())
                    scopes.removeLast()
                }
                "isolation" -> Faultwire.isolationScope().use { play(step["steps"].objects()) }
                "repeat" -> {
                    val times = step["times"] as Int
                    turn = 0
                    while (turn < times) {
                        turn++
                        play(step["steps"].objects())
                    }
                }
                // Another mode of the server: the other side sets it, then goes on with this one.
                "sink" -> {
                    print(op, null)
                    readln()
                }
                else -> if (!say(op, step)) print(op, call(op, step))
            }
        }
    }

    /** Tells a scope something; false where that is no such step. */
    private fun say(op: String, step: Json): Boolean {
        val key = step["key"] as? String ?: ""
        val value = step["value"]
        val scope = when (step["on"]) {
            "global" -> Faultwire.globalScope()
            "scope" -> scopes.last()
            else -> null
        }
        when (op) {
            "set_tag" -> scope?.setTag(key, value as String) ?: Faultwire.setTag(key, value as String)
            "remove_tag" -> scope?.removeTag(key) ?: Faultwire.removeTag(key)
            "set_user" -> user(step["user"]).let { scope?.setUser(it) ?: Faultwire.setUser(it) }
            "set_session" -> (step["id"] as? String).let { scope?.setSession(it) ?: Faultwire.setSession(it) }
            "set_context" -> value?.members().let { scope?.setContext(key, it) ?: Faultwire.setContext(key, it) }
            "set_extra" -> scope?.setExtra(key, value) ?: Faultwire.setExtra(key, value)
            "set_level" -> level(step["level"]).let { scope?.setLevel(it) ?: Faultwire.setLevel(it) }
            "set_transaction" ->
                (step["name"] as? String).let { scope?.setTransaction(it) ?: Faultwire.setTransaction(it) }
            "set_fingerprint" ->
                step["parts"].texts().let { scope?.setFingerprint(it) ?: Faultwire.setFingerprint(it) }
            "add_breadcrumb" -> breadcrumb(step["breadcrumb"].members())
                .let { scope?.addBreadcrumb(it) ?: Faultwire.addBreadcrumb(it) }
            "clear_breadcrumbs" -> scope?.clearBreadcrumbs() ?: Faultwire.clearBreadcrumbs()
            else -> return false
        }
        return true
    }

    private fun call(op: String, step: Json): Any? = when (op) {
        "init" -> init(step)
        "capture_exception" -> captureSame(chain(step), 1).first()
        "capture_same" -> captureSame(chain(step), step["times"] as Int)
        "capture_message" -> Faultwire.captureMessage(step["message"] as String, level(step["level"]))
        "capture_event" -> Faultwire.captureEvent(step["event"].members())
        "continue_trace" -> Faultwire.continueTrace(step["header"] as String)
        "last_event_id" -> Faultwire.lastEventId()
        "is_enabled" -> Faultwire.isEnabled()
        "flush" -> Faultwire.flush(seconds(step["timeout"]))
        "close" -> Faultwire.close(seconds(step["timeout"]))
        "stats" -> stats(step["until"]?.members().orEmpty())
        "throw" -> throw made(chain(step))
        else -> error("no such step: $op")
    }

    private fun init(step: Json): Json? {
        try {
            Faultwire.init {
                for ((name, value) in step["options"].members()) {
                    set(name, if (name in TIMES) seconds(value) else value)
                }
                step["before_send"]?.members()?.let { order -> beforeSend { edited(it, order) } }
                step["before_breadcrumb"]?.members()?.let { order -> beforeBreadcrumb { edited(it, order) } }
                (step["sampler_drops"] as List<*>?)?.let { drops ->
                    errorSampler { if ("${it.level.name.lowercase()} ${it.transaction}" in drops) 0.0 else 1.0 }
                }
            }
        } catch (error: FaultwireException) {
            return mapOf("kind" to kind(error), "field" to snakeCase(error.field))
        }
        return null
    }

    private fun captureSame(chain: Chain, times: Int): List<String?> {
        val error = made(chain.map { (type, message) -> listOf(type, message.replace("{n}", turn.toString())) })
        return List(times) { Faultwire.captureException(error) }
    }
}

/** The first of the chain, caused by the next. */
private fun made(chain: Chain): Throwable {
    val (type, message) = chain.first()
    val cause = if (chain.size > 1) made(chain.drop(1)) else null
    return when (type) {
        "OrderFailed" -> OrderFailed(message, cause)
        "StockMissing" -> StockMissing(message, cause)
        "DatabaseDown" -> DatabaseDown(message, cause)
        "Expected" -> Expected(message, cause)
        else -> error("no error is called $type")
    }
}

/** What a hook gives: `{"merge": {...}}`, `{"drop": true}` or `{"throw": true}`. */
private fun edited(told: MutableMap<String, Any?>, order: Json): Json? {
    if ("throw" in order) {
        throw DatabaseDown("within a hook", null)
    }
    if ("drop" in order) {
        return null
    }
    for ((key, value) in order["merge"].members()) {
        val before = told[key]
        told[key] = if (before is Map<*, *> && value is Map<*, *>) before + value else value
    }
    return told
}

/** The counters, once they are what is waited for, or the time is over. */
private fun stats(until: Json): Json {
    val end = System.nanoTime() + LIMIT.toNanos()
    while (true) {
        val stats = members(Faultwire.stats())
        if (System.nanoTime() > end || until.all { (name, value) -> stats[name] == (value as Number).toLong() }) {
            return stats
        }
        Thread.sleep(20)
    }
}

private fun members(stats: Stats): Json = mapOf(
    "captured" to stats.captured,
    "delivered" to stats.delivered,
    "spooled" to stats.spooled,
    "pending" to stats.pending,
    "folded" to stats.folded,
    "dropped" to stats.dropped,
    "recovered" to stats.recovered.run { mapOf("found" to found, "delivered" to delivered, "dropped" to dropped) },
    "outbox" to stats.outbox,
)

private fun kind(error: FaultwireException): String = when (error) {
    is InvalidOptionException -> "invalid_option"
    is InvalidDsnException -> "invalid_dsn"
    is InvalidPayloadException -> "invalid_payload"
    else -> "internal"
}

private fun user(value: Any?): User? = value?.members()?.let {
    val known = setOf("id", "email", "username", "ip_address")
    fun text(name: String) = it[name] as? String
    User(text("id"), text("email"), text("username"), text("ip_address"), it - known)
}

private fun breadcrumb(it: Json) = Breadcrumb(
    it["message"] as? String,
    it["category"] as? String,
    level(it["level"]),
    it["type"] as? String,
    it["data"]?.members(),
)

private fun level(value: Any?): Level? = (value as? String)?.let { Level.valueOf(it.uppercase()) }

private fun seconds(value: Any?): Duration = Duration.ofMillis(((value as Number).toDouble() * 1000).toLong())

private fun snakeCase(name: String) = name.replace(Regex("[A-Z]")) { "_" + it.value.lowercase() }

private fun chain(step: Json): Chain = (step["chain"] as List<*>).map { it.texts() }

@Suppress("UNCHECKED_CAST")
private fun Any?.members(): Json = this as Json

@Suppress("UNCHECKED_CAST")
private fun Any?.objects(): List<Json> = this as List<Json>

private fun Any?.texts(): List<String> = (this as List<*>).map { it as String }

private fun print(op: String, result: Any?) {
    println(json.writeValueAsString(mapOf("op" to op, "result" to result)))
}
