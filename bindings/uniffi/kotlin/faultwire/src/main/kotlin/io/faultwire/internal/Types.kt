package io.faultwire.internal

/** What is known of a class of errors. */
internal class KnownType(type: Class<*>) {
    /** `Outer$Inner`, without its package. */
    val name: String

    /** Null for the unnamed package. */
    val module: String?

    /** Its own names first, then those of what it inherits from. */
    val names: Array<String>

    /** Whether its stack is what the application's own code says it is. */
    val hasOwnStack: Boolean

    /** The engine's number for it. */
    val id: Long

    init {
        val qualified = type.name
        val dot = qualified.lastIndexOf('.')
        name = qualified.substring(dot + 1)
        module = if (dot > 0) qualified.substring(0, dot) else null
        names = generateSequence<Class<*>>(type) { it.superclass }
            .takeWhile { it != Any::class.java }
            .flatMap(::namesOf)
            .toList()
            .toTypedArray()
        hasOwnStack = try {
            type.getMethod("getStackTrace").declaringClass != Throwable::class.java
        } catch (_: Throwable) {
            // A class that its methods name is missing.
            true
        }
        id = Native.internType(names)
    }

    /** The engine forgets when it starts anew. */
    fun tellAgain() {
        Native.internType(names)
    }

    companion object {
        /** `a.Outer$Inner`, `a.Outer.Inner`, `Outer$Inner`, `Inner`: as people write it in options. */
        private fun namesOf(type: Class<*>): Set<String> {
            val bare = type.name.substringAfterLast('.')
            return setOf(type.name, type.name.replace('$', '.'), bare, bare.substringAfterLast('$'))
        }

        /** By class, and gone with it. */
        private val KNOWN = object : ClassValue<KnownType>() {
            override fun computeValue(type: Class<*>) = KnownType(type)
        }

        fun of(thrown: Throwable): KnownType = KNOWN.get(thrown.javaClass)
    }
}
