package io.faultwire

/** How bad it is. */
public enum class Level {
    DEBUG,
    INFO,
    WARNING,
    ERROR,
    FATAL,
    ;

    /** As the protocol has it. */
    internal val text: String = name.lowercase()
}
