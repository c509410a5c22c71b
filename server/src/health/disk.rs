//! Room on the disk that a folder is on.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// In bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Room {
    /// That this process may still write.
    pub free: u64,
    /// Of the whole disk.
    pub total: u64,
}

/// The room on the disk of `folder`.
///
/// # Errors
/// When there is no such folder.
pub fn room(folder: &Path) -> io::Result<Room> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: statvfs is plain data for which zeroes are valid; the call fills it from a path that ends in zero.
    let about = unsafe {
        let mut about: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &raw mut about) == 0).then_some(about)
    };
    let about = about.ok_or_else(io::Error::last_os_error)?;
    let bytes = |blocks: u64| blocks.saturating_mul(about.f_frsize);
    Ok(Room { free: bytes(about.f_bavail), total: bytes(about.f_blocks) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room() {
        let found = room(Path::new("/")).unwrap();
        assert!(found.total > 0 && found.free <= found.total);
        assert!(room(Path::new("/no/such/folder")).is_err());
    }
}
