package io.faultwire.testing

import java.io.File
import java.util.concurrent.TimeUnit

/** A JVM of its own, with the classes of the tests. */
class Program(main: String, arguments: List<String> = emptyList(), options: List<String> = emptyList(), log: File) {
    val exitCode: Int
    val stdout: String
    val stderr: String
    val milliseconds: Long

    init {
        val out = File(log, "stdout")
        val err = File(log, "stderr")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val classes = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
        val begin = System.nanoTime()
        val process = ProcessBuilder(listOf(java, "-cp", classes, "-Xshare:auto") + options + main + arguments)
            .redirectOutput(out).redirectError(err).start()
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor()
            error("$main did not end: ${out.readText()} ${err.readText()}")
        }
        milliseconds = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)
        exitCode = process.exitValue()
        stdout = out.readText()
        stderr = err.readText()
    }
}
