//! Symbols of Swift by Swift's own runtime, where it is in the process: its names change with every version, and what
//! runs the program knows them.

use std::ffi::{CStr, c_char, c_void};
use std::sync::OnceLock;

/// Names longer than this are of generic code that nobody reads; the runtime takes a stack frame a level.
const LONGEST: usize = 8192;

/// `swift_demangle`: name, its length, room and its size (none: it allocates), and flags, which must be 0.
type Demangle = unsafe extern "C" fn(*const c_char, usize, *mut c_char, *mut usize, u32) -> *mut c_char;

/// The demangled name; `None` where there is no Swift, or it does not know the name.
pub(super) fn swift(symbol: &str) -> Option<String> {
    static RUNTIME: OnceLock<Option<Demangle>> = OnceLock::new();
    let demangle = (*RUNTIME.get_or_init(runtime))?;
    if symbol.len() > LONGEST {
        return None;
    }
    // SAFETY: the name lives and is as long as is said; without room the runtime allocates.
    let text = unsafe { demangle(symbol.as_ptr().cast(), symbol.len(), std::ptr::null_mut(), std::ptr::null_mut(), 0) };
    if text.is_null() {
        return None;
    }
    // SAFETY: a text that ends in zero, by malloc, ours to free.
    let demangled = unsafe {
        let demangled = CStr::from_ptr(text).to_string_lossy().into_owned();
        libc::free(text.cast::<c_void>());
        demangled
    };
    Some(demangled)
}

#[cfg(unix)]
fn runtime() -> Option<Demangle> {
    // SAFETY: asks only.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"swift_demangle".as_ptr()) };
    // SAFETY: that is what the runtime declares it as, since Swift 4.
    (!found.is_null()).then(|| unsafe { std::mem::transmute::<*mut c_void, Demangle>(found) })
}

#[cfg(not(unix))]
fn runtime() -> Option<Demangle> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests of the Swift package see it demangle.
    #[test]
    fn without_swift_a_name_stays() {
        assert_eq!(swift("$s4Shop4CartC4loadyyF"), None);
    }
}
