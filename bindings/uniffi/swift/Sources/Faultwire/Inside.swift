import Foundation

/// Whether this thread is in code of the application that Faultwire runs: what says what an error is, a hook. Such code may
/// come by again; what it captures or remembers then is refused, or there would be no end.
///
/// Of the thread and not of the task: what such code starts is not within it.
enum Inside {
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    static var isHere: Bool {
        key.map { pthread_getspecific($0) != nil } ?? false
    }

    static func run<Result>(_ work: () throws -> Result) rethrows -> Result {
        guard let key, !isHere else { return try work() }
        // Any address but none.
        pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1))
        defer { pthread_setspecific(key, nil) }
        return try work()
    }
}
