//! Whether an address is in the library that holds this code: in a bridge's, whose names are stripped. In a program that
//! this crate is linked into it says nothing, since the application is there as well.

#[cfg(unix)]
mod unix {
    use std::mem::MaybeUninit;
    use std::sync::OnceLock;

    /// Where the library begins; `None` in the program itself.
    pub fn start() -> Option<usize> {
        static START: OnceLock<Option<usize>> = OnceLock::new();
        *START.get_or_init(|| image(start as fn() -> Option<usize> as usize).filter(|start| !is_program(*start)))
    }

    /// Where the image begins that has an address.
    pub fn image(address: usize) -> Option<usize> {
        let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: the loader looks the address up in its tables, and fills the description if it says so.
        let info = unsafe {
            let found = libc::dladdr(std::ptr::without_provenance(address), info.as_mut_ptr()) != 0;
            found.then(|| info.assume_init())
        };
        info.map(|info| info.dli_fbase.addr())
    }

    /// The kernel says where the headers of the program are.
    #[cfg(target_os = "linux")]
    pub fn is_program(start: usize) -> bool {
        // SAFETY: asks only.
        let headers = unsafe { libc::getauxval(libc::AT_PHDR) };
        image(headers as usize).is_none_or(|program| program == start)
    }

    /// A program begins with a header of its own kind.
    #[cfg(target_os = "macos")]
    pub fn is_program(start: usize) -> bool {
        const MH_EXECUTE: u32 = 2;
        // SAFETY: the loader says that an image begins there: with a header, whose kind is its fourth word.
        unsafe { *std::ptr::with_exposed_provenance::<u32>(start).add(3) == MH_EXECUTE }
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    pub fn is_program(_: usize) -> bool {
        true
    }
}

/// Whether it is.
#[cfg(unix)]
pub(super) fn has(address: usize) -> bool {
    unix::start().is_some_and(|start| unix::image(address) == Some(start))
}

#[cfg(not(unix))]
pub(super) fn has(_: usize) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_no_library_of_ours() {
        let here = a_program_is_no_library_of_ours as fn() as usize;
        let program = unix::image(here).unwrap();
        assert!(unix::is_program(program) && !has(here), "this test is a program, and its frames are its own");
        let library = unix::image(libc::malloc as *const () as usize).unwrap();
        assert!(library != program && !unix::is_program(library));
        assert_eq!((unix::start(), unix::image(8)), (None, None));
    }
}
