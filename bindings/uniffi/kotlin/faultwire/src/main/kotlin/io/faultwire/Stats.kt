package io.faultwire

import io.faultwire.internal.JsonReader

/**
 * What became of all that this process captured: `captured = delivered + spooled + pending + folded + all of dropped`.
 *
 * @property dropped by reason.
 * @property recovered what became of the events that earlier processes left on disk.
 * @property outbox where events wait: `disk`, or `memory` with the reason.
 */
public class Stats internal constructor(
    public val captured: Long,
    public val delivered: Long,
    public val spooled: Long,
    public val pending: Long,
    public val folded: Long,
    public val dropped: Map<String, Long>,
    public val recovered: Recovered,
    public val outbox: String,
) {
    /** See [Stats.recovered]. */
    public class Recovered internal constructor(
        public val found: Long,
        public val delivered: Long,
        public val dropped: Map<String, Long>,
    )

    override fun toString(): String =
        "captured $captured, delivered $delivered, spooled $spooled, pending $pending, folded $folded, dropped $dropped"

    internal companion object {
        fun of(json: String): Stats {
            val stats = JsonReader.readObject(json)
            val recovered = stats["recovered"] as? Map<*, *> ?: emptyMap<Any, Any>()
            return Stats(
                captured = count(stats["captured"]),
                delivered = count(stats["delivered"]),
                spooled = count(stats["spooled"]),
                pending = count(stats["pending"]),
                folded = count(stats["folded"]),
                dropped = counts(stats["dropped"]),
                recovered = Recovered(count(recovered["found"]), count(recovered["delivered"]), counts(recovered["dropped"])),
                outbox = stats["outbox"] as? String ?: "",
            )
        }

        private fun count(value: Any?): Long = (value as? Number)?.toLong() ?: 0

        private fun counts(value: Any?): Map<String, Long> =
            (value as? Map<*, *>).orEmpty().entries.associate { (reason, count) -> reason.toString() to count(count) }
    }
}
