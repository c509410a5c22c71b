/// How much of what the application says crosses to the engine. It sanitizes first and cuts after, so all this lies above
/// its own limits: what it cuts has a look-ahead in which a secret ends.
enum Limit {
    /// Bytes of a message or of what an error says, of which the engine keeps so many characters.
    static let message = bytes(8192)
    /// Bytes of a text within a detail: `maxValueLength` unless the application says otherwise.
    static let text = bytes(1024)
    /// The same where it does.
    static let longText = Locked(text)
    /// Bytes of the name of a type or a domain.
    static let name = bytes(256)
    /// Bytes of a text of a request: its body is one.
    static let body = bytes(100 << 10)

    /// Levels, and members a level, of a detail: as in the engine.
    static let depth = 8
    static let breadth = 100
    /// Values of a detail in all, and the bytes of its texts, which bounds the time that looking at it takes.
    static let values = 2000
    static let detail = 512 << 10
    /// Errors of one event: the one that was raised, and what it came from.
    static let errors = 64
    /// Levels of JSON: the engine reads 128, and refuses what is deeper.
    static let levels = 200

    /// Bytes of JSON in all, and of a text within it: of an event that the application makes itself. The wire takes 1 MiB.
    static let json = 16 << 20
    static let jsonText = 1 << 20

    /// Characters beyond each limit, longer than any secret that the engine knows.
    static let lookAhead = 4096

    static func learn(_ options: Options) {
        longText.with { $0 = max(text, bytes(options.maxValueLength ?? 0)) }
    }

    /// A character has four bytes at most.
    private static func bytes(_ characters: Int) -> Int {
        4 * (characters + lookAhead)
    }
}

/// At most so many bytes of a text; by default, of one within a detail. Where it was cut, the piece of a word that the cut
/// left goes, too: filtering shortens what stands before it, and no rule knows the beginning of a token.
func cut(_ text: String, _ limit: Int? = nil, lookAhead: Int = Limit.lookAhead) -> String {
    guard text.utf8.count > limit ?? Limit.text else { return text }
    let limit = limit ?? Limit.longText.with { $0 }
    guard text.utf8.count > limit else { return text }
    return wholeWords(String(decoding: text.utf8.prefix(limit), as: UTF8.self), lookAhead)
}

/// Of a word that is longer than the look-ahead not all goes.
private func wholeWords(_ text: String, _ lookAhead: Int) -> String {
    let characters = text.unicodeScalars
    let longest = characters.index(characters.endIndex, offsetBy: -lookAhead, limitedBy: characters.startIndex)
        ?? characters.startIndex
    var whole = characters[...]
    func drop(_ isTorn: (Unicode.Scalar) -> Bool) {
        while whole.endIndex >= longest, let last = whole.last, isTorn(last) { whole.removeLast() }
    }
    drop { !$0.properties.isWhitespace }
    // Groups of digits are one number: of a card, say.
    drop(isPartOfNumber)
    if whole.endIndex >= longest { return String(whole) }
    // No word is that long: of JSON without blanks, say, only the last value goes.
    let separator = characters[longest...].lastIndex(where: standsBetweenValues)
    return String(characters[..<(separator.map(characters.index(after:)) ?? longest)])
}

private func standsBetweenValues(_ character: Unicode.Scalar) -> Bool {
    switch character {
    case "\"", "'", "`", ",", ";", "&", "|", "<", ">", "(", ")", "[", "]", "{", "}": true
    default: false
    }
}

private func isPartOfNumber(_ character: Unicode.Scalar) -> Bool {
    ("0"..."9").contains(character) || character == "-" || character.properties.isWhitespace
}
