package io.faultwire.servlet

import jakarta.servlet.http.HttpServletRequest

/** The request in the form of the protocol; nothing is filtered yet. */
internal fun describe(request: HttpServletRequest): Map<String, Any?> = tried(emptyMap()) {
    val headers = LinkedHashMap<String, String>()
    for (name in request.headerNames) {
        headers[shown(name)] = request.getHeaders(name).asSequence().joinToString(", ")
    }
    val said = LinkedHashMap<String, Any?>()
    said["url"] = request.requestURL.toString()
    said["method"] = request.method
    request.queryString?.let { said["query_string"] = it }
    headers.remove("Cookie")?.let { said["cookies"] = it }
    said["headers"] = headers
    said["env"] = mapOf("REMOTE_ADDR" to request.remoteAddr)
    said
}

/** `content-type` as `Content-Type`: containers give names as they came, or in lower case. */
private fun shown(name: String): String =
    name.split('-').joinToString("-") { part -> part.lowercase().replaceFirstChar(Char::uppercaseChar) }

/** The pattern that the servlet is mapped to, where it says more than that it gets everything. */
internal fun routeOf(request: HttpServletRequest): String? =
    request.httpServletMapping.pattern?.takeIf { it.isNotEmpty() && it != "/" && it != "/*" }
