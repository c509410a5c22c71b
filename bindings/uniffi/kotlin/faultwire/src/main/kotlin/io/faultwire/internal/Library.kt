package io.faultwire.internal

import io.faultwire.bridge.uniffiEnsureInitialized
import java.io.File
import java.io.InputStream
import java.nio.file.Files
import java.nio.file.Path

/**
 * The native library: it travels in the jar, is copied to a private file and loaded from there, once by JNI and once by
 * JNA, which find the same library.
 *
 * Where none fits or it does not load, one line on stderr says so, and all of Faultwire does nothing.
 */
internal object Library {
    /** Names a file to load instead of the one in the jar. */
    private const val OVERRIDE = "faultwire.library"

    /** UniFFI's generated code looks here for what to load. */
    private const val OF_UNIFFI = "uniffi.component.faultwire.libraryOverride"

    /** `linux-x86_64`, as folders in the jar are named. */
    val platform: String = os(System.getProperty("os.name", "")) + "-" + arch(System.getProperty("os.arch", ""))

    /** Loads it at the first question. */
    val isLoaded: Boolean by lazy(::load)

    private fun load(): Boolean {
        val reason = try {
            find()
        } catch (thrown: Throwable) {
            // Whatever goes wrong here, down to a class of JNA that is not there, must not be the application's worry.
            "${thrown.javaClass.name}: ${(thrown.message ?: "").lineSequence().first()}"
        }
        if (reason != null) {
            System.err.println("faultwire: nothing is captured, the native library did not load on $platform ($reason)")
        }
        return reason == null
    }

    /** Why it cannot be; null when it is loaded. */
    private fun find(): String? {
        System.getProperty(OVERRIDE)?.let { named ->
            open(File(named).absoluteFile.toPath())
            return null
        }
        val name = fileName()
        val place = "/io/faultwire/native/$platform/$name"
        val packed = Library::class.java.getResourceAsStream(place) ?: return "the jar has none for it"
        val file = packed.use(::unpack)
        try {
            open(file)
        } finally {
            // What is mapped needs no name any more. Windows holds on to it.
            if (!file.toFile().delete()) {
                file.toFile().deleteOnExit()
            }
        }
        return null
    }

    /** A file that only this user can read or change from the start. */
    private fun unpack(packed: InputStream): Path {
        val file = Files.createTempFile("faultwire-", "-" + fileName())
        Files.newOutputStream(file).use { packed.copyTo(it) }
        return file
    }

    private fun open(file: Path) {
        System.load(file.toString())
        val before = System.getProperty(OF_UNIFFI)
        System.setProperty(OF_UNIFFI, file.toString())
        try {
            uniffiEnsureInitialized()
            Jna.hold(file.toString())
            Callbacks.keepWorkerAttached()
        } finally {
            if (before == null) System.clearProperty(OF_UNIFFI) else System.setProperty(OF_UNIFFI, before)
        }
    }

    private fun fileName(): String = System.mapLibraryName("faultwire_uniffi")

    private fun os(name: String): String = when {
        name.startsWith("Linux") -> "linux"
        name.startsWith("Mac") -> "macos"
        name.startsWith("Windows") -> "windows"
        else -> name.lowercase().replace(' ', '_')
    }

    private fun arch(name: String): String = when (name) {
        "amd64", "x86_64" -> "x86_64"
        "arm64", "aarch64" -> "aarch64"
        else -> name
    }
}
