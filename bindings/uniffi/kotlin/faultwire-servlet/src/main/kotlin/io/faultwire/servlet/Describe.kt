package io.faultwire.servlet

import jakarta.servlet.http.HttpServletRequest
import java.util.Enumeration

/** The request in the form of the protocol; nothing is filtered yet. What the container does not say, or fails to, is not said. */
internal fun describe(request: HttpServletRequest): Map<String, Any?> {
    val headers = tried(mutableMapOf()) { headersOf(request) }
    val said = LinkedHashMap<String, Any?>()
    tried(null) { request.requestURL?.toString() ?: request.requestURI }?.let { said["url"] = it }
    tried(null) { request.method }?.let { said["method"] = it }
    tried(null) { request.queryString }?.let { said["query_string"] = it }
    headers.remove("Cookie")?.let { said["cookies"] = it }
    said["headers"] = headers
    tried(null) { request.remoteAddr }?.let { said["env"] = mapOf("REMOTE_ADDR" to it) }
    return said
}

/** Names are null where the container lets nobody see them. */
private fun headersOf(request: HttpServletRequest): MutableMap<String, String> {
    val headers = LinkedHashMap<String, String>()
    for (name: String? in request.headerNames ?: return headers) {
        val values: Enumeration<String?>? = name?.let(request::getHeaders)
        if (values != null) {
            headers[shown(name)] = values.asSequence().filterNotNull().joinToString(", ")
        }
    }
    return headers
}

/** `content-type` as `Content-Type`: containers give names as they came, or in lower case. */
private fun shown(name: String): String =
    name.split('-').joinToString("-") { part -> part.lowercase().replaceFirstChar(Char::uppercaseChar) }

/** The pattern that the servlet is mapped to, where it says more than that it gets everything. */
internal fun routeOf(request: HttpServletRequest): String? =
    request.httpServletMapping?.pattern?.takeIf { it.isNotEmpty() && it != "/" && it != "/*" }
