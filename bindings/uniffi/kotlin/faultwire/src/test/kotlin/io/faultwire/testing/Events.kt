package io.faultwire.testing

/** What is at a path within JSON; an index is a number: `event.at("exception", "values", 0, "type")`. */
fun Any?.at(vararg path: Any): Any? = path.fold(this) { value, step ->
    when (step) {
        is Int -> (value as? List<*>)?.let { it.getOrNull(if (step < 0) it.size + step else step) }
        else -> (value as? Map<*, *>)?.get(step)
    }
}

/** The list at a path. */
fun Any?.listAt(vararg path: Any): List<*> = at(*path) as? List<*> ?: emptyList<Any>()
