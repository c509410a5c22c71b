package io.faultwire.servlet

import io.faultwire.Faultwire
import io.faultwire.User
import jakarta.servlet.ServletException
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import org.apache.catalina.startup.Tomcat

/** Tomcat with a small application behind the filter. */
internal class Shop(installed: Int = 1) : AutoCloseable {
    private val folder = Files.createTempDirectory("faultwire-shop").toFile()
    private val http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    private val tomcat = Tomcat().apply {
        setBaseDir(folder.path)
        setPort(0)
        connector
        val context = addContext("", folder.path)
        context.addServletContainerInitializer({ _, servlets -> repeat(installed) { FaultwireFilter.install(servlets) } }, null)
        for ((path, servlet) in PAGES) {
            Tomcat.addServlet(context, path, servlet()).apply {
                addMapping(path)
                isAsyncSupported = true
            }
        }
        start()
    }

    fun ask(path: String, body: String? = null, vararg headers: String): HttpResponse<String> {
        val request = HttpRequest.newBuilder(URI("http://127.0.0.1:${tomcat.connector.localPort}$path"))
        if (headers.isNotEmpty()) request.headers(*headers)
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body))
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString())
    }

    override fun close() {
        tomcat.stop()
        tomcat.destroy()
        folder.deleteRecursively()
    }

    private companion object {
        fun page(handle: (HttpServletRequest, HttpServletResponse) -> Unit) = {
            object : HttpServlet() {
                override fun service(request: HttpServletRequest, response: HttpServletResponse) = handle(request, response)
            }
        }

        val PAGES = mapOf(
            "/" to page { _, response -> response.writer.print("ok") },
            "/orders/*" to page { request, _ ->
                Faultwire.setUser(User(id = request.getHeader("X-Customer")))
                Faultwire.setTag("order", request.pathInfo.drop(1))
                error("no price of ${request.pathInfo}")
            },
            "/checkout" to page { request, _ ->
                val order = request.inputStream.readAllBytes().decodeToString()
                throw ServletException("wrapped", IllegalArgumentException("cannot charge ${order.length} characters"))
            },
            "/text" to page { request, _ -> error("read ${request.reader.readText().length} characters") },
            "/login" to page { request, _ -> error("no way in for ${request.getParameter("name")}") },
            "/unread" to page { _, _ -> error("nothing was read") },
            "/reported" to page { request, response ->
                val length = request.inputStream.readAllBytes().size
                Faultwire.captureException(IllegalStateException("looked at $length bytes"))
                response.writer.print("ok")
            },
            "/resolved/*" to page { request, response ->
                FaultwireFilter.resolved(request, IllegalStateException("answered by a framework"))
                response.status = request.pathInfo.drop(1).toInt()
            },
            "/async" to page { request, _ ->
                val context = request.startAsync()
                Faultwire.setTag("seen", "by the request")
                // Nobody completes it.
                context.timeout = 200
                context.start { error("failed later") }
            },
            "/dispatched" to page { request, _ ->
                if (request.dispatcherType.name == "ASYNC") error("failed in the second dispatch")
                Faultwire.setTag("dispatch", "first")
                request.startAsync().dispatch()
            },
            "/evasive" to page { _, _ -> throw Evasive() },
            "/clean" to page { _, response ->
                Faultwire.captureMessage("clean")
                response.writer.print("ok")
            },
        )
    }
}

/** Fails whoever asks for its cause, the first time. */
internal class Evasive : RuntimeException("as the application threw it") {
    @Volatile private var asked = false

    override val cause: Throwable?
        get() {
            if (asked) return null
            asked = true
            throw UnsupportedOperationException("nobody asks me")
        }
}
