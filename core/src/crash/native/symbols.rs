//! Names of addresses in another process: where this one runs the same build of the same module, it knows them.

use super::modules::{self, Module};
use crate::protocol::Frame;

/// What this process has loaded.
pub(super) struct Symbols {
    here: Vec<Module>,
}

impl Symbols {
    pub fn new() -> Symbols {
        Symbols { here: modules::loaded() }
    }

    /// The frames at an `address` in `module` of the other process, callee first: more than one where functions were
    /// inlined. The bare address where nothing is known.
    pub fn frames(&self, address: u64, module: Option<&Module>, is_return: bool) -> Vec<Frame> {
        let bare = Frame {
            instruction_addr: Some(format!("{address:#x}")),
            image_addr: module.map(|m| format!("{:#x}", m.start)),
            package: module.map(|m| m.path.clone()),
            ..Frame::default()
        };
        let mut found = Vec::new();
        if let Some(there) = module
            && let Some(here) = self.here.iter().find(|here| !here.id.is_empty() && here.id == there.id)
        {
            let moved = (address - there.start).wrapping_add(here.start) as usize;
            // A return address stands after the call; the look-up wants one, and the fault itself is none.
            found = named(if is_return { moved } else { moved.wrapping_add(1) });
        }
        if found.is_empty() {
            return vec![bare];
        }
        found.iter_mut().for_each(|frame| {
            frame.instruction_addr.clone_from(&bare.instruction_addr);
            frame.image_addr.clone_from(&bare.image_addr);
            frame.package.clone_from(&bare.package);
        });
        found
    }
}

/// By the debug information.
#[cfg(feature = "backtrace")]
fn named(after: usize) -> Vec<Frame> {
    crate::symbols::frames(after)
}

/// By the names that a module exports.
#[cfg(not(feature = "backtrace"))]
fn named(after: usize) -> Vec<Frame> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the loader looks the address up in its tables and fills the description, whose name, if there is one,
    // is the module's own and ends in zero.
    let name = unsafe {
        if libc::dladdr((after.wrapping_sub(1)) as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return Vec::new();
        }
        let info = info.assume_init();
        if info.dli_sname.is_null() {
            return Vec::new();
        }
        std::ffi::CStr::from_ptr(info.dli_sname).to_string_lossy().into_owned()
    };
    vec![Frame { function: Some(name), ..Frame::default() }]
}
