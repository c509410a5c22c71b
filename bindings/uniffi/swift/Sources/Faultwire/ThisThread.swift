import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The thread that captures, as the system knows it.
enum ThisThread {
    static var id: Int64? {
        #if canImport(Darwin)
            var id: UInt64 = 0
            return pthread_threadid_np(nil, &id) == 0 ? Int64(bitPattern: id) : nil
        #else
            return getId.map { Int64($0()) }
        #endif
    }

    static var name: String? {
        // The longest name that a system allows is macOS's, 63 bytes.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
            guard let start = name.baseAddress, getName?(pthread_self(), start, 64) == 0 else { return nil }
            let text = String(cString: start)
            return text.isEmpty ? nil : text
        }
    }

    private typealias GetName = @convention(c) (pthread_t, UnsafeMutablePointer<CChar>, Int) -> Int32

    #if canImport(Darwin)
        private static let getName: GetName? = pthread_getname_np
    #else
        private typealias GetId = @convention(c) () -> Int32

        // The C library has both, but Swift's view of it neither: they are extensions of GNU's.
        private static let getId = dlsym(nil, "gettid").map { unsafeBitCast($0, to: GetId.self) }
        private static let getName = dlsym(nil, "pthread_getname_np").map { unsafeBitCast($0, to: GetName.self) }
    #endif
}
