package io.faultwire.internal

/**
 * What an application does all the time, by JNI: cells and captures. Their meaning is said where they are defined, in
 * `bindings/uniffi/src/jvm.rs`. A cell and an admitted capture are addresses, 0 for none.
 *
 * Only for use after [Library.isLoaded].
 */
internal object Native {
    @JvmStatic external fun newCell(parent: Long, current: Boolean): Long

    @JvmStatic external fun globalCell(): Long

    @JvmStatic external fun freeCell(at: Long)

    @JvmStatic external fun setTag(at: Long, key: String, value: String?)

    @JvmStatic external fun setContext(at: Long, key: String, value: String?)

    @JvmStatic external fun setExtra(at: Long, key: String, value: String)

    @JvmStatic external fun setPart(at: Long, part: Int, value: String?)

    @JvmStatic external fun continueTrace(at: Long, header: String): Boolean

    @JvmStatic external fun addBreadcrumb(
        at: Long,
        message: String?,
        category: String?,
        level: String?,
        kind: String?,
        data: String?,
        seconds: Double,
    )

    @JvmStatic external fun clear(at: Long, breadcrumbsOnly: Boolean)

    @JvmStatic external fun internType(names: Array<String>): Long

    @JvmStatic external fun refuse(reason: String)

    @JvmStatic external fun sample(
        typeId: Long,
        typeName: String?,
        level: Int,
        logger: String?,
        isolation: Long,
        current: Long,
        call: String?,
    ): Double

    @JvmStatic external fun admit(
        place: Long,
        rate: Double,
        isolation: Long,
        current: Long,
        call: String?,
        id: ByteArray,
    ): Long

    @JvmStatic external fun abandon(at: Long, overflow: Boolean)

    @JvmStatic external fun internCode(type: String, method: String, file: String?): Long

    @JvmStatic external fun forgetCode()

    @JvmStatic external fun submitException(
        at: Long,
        texts: Array<String?>,
        numbers: LongArray,
        mechanism: String?,
        handled: Boolean,
        level: String?,
        logger: String?,
        threadId: Long,
        threadName: String?,
    ): Boolean

    @JvmStatic external fun submitMessage(
        at: Long,
        message: String,
        template: String?,
        params: String?,
        numbers: LongArray,
        level: String?,
        logger: String?,
        threadId: Long,
        threadName: String?,
    ): Boolean

    @JvmStatic external fun explain(texts: Array<String?>, numbers: LongArray, into: Array<String?>)

    @JvmStatic external fun captureEvent(event: String, isolation: Long, current: Long, id: ByteArray): Boolean

    @JvmStatic external fun backtrace(throwable: Throwable): Any?

    @JvmStatic external fun elements(throwable: Throwable): Any?
}

/** Parts of a scope, in the order of the bridge's `Part`. */
internal object Part {
    const val LEVEL = 0
    const val TRANSACTION = 1
    const val SESSION = 2
    const val USER = 3
    const val FINGERPRINT = 4
    const val REQUEST = 5
}
