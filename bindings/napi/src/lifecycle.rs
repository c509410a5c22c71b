//! Environments come and go with worker threads; the addon, its client and its threads stay.
//!
//! Node unloads the addons of a worker thread when it ends. Ours has threads of its own, which would run
//! on in memory that is gone, so it is linked to stay (`-z nodelete`, by `napi-build`) or pins itself.

use std::cell::RefCell;

use faultwire::capture::ThreadInfo;
use napi_derive::{module_init, napi};

use crate::guard::{guard, silence_panics};

#[module_init]
fn loaded() {
    silence_panics();
    pin();
}

/// Keeps this library in memory for the life of the process.
#[cfg(unix)]
fn pin() {
    static HERE: u8 = 0;
    // SAFETY: both calls are given valid pointers; the handle is leaked on purpose.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr((&raw const HERE).cast(), &raw mut info) != 0 && !info.dli_fname.is_null() {
            libc::dlopen(info.dli_fname, libc::RTLD_NOW | libc::RTLD_NOLOAD | libc::RTLD_NODELETE);
        }
    }
}

/// Keeps this library in memory for the life of the process.
#[cfg(windows)]
fn pin() {
    const FROM_ADDRESS_AND_PIN: u32 = 4 | 1;
    static HERE: u8 = 0;
    unsafe extern "system" {
        fn GetModuleHandleExW(flags: u32, address: *const u16, module: *mut *mut std::ffi::c_void) -> i32;
    }
    let mut module = std::ptr::null_mut();
    // SAFETY: the address lies in this library, and the out pointer is valid.
    unsafe { GetModuleHandleExW(FROM_ADDRESS_AND_PIN, (&raw const HERE).cast(), &raw mut module) };
}

thread_local! {
    static THREAD: RefCell<Option<ThreadInfo>> = const { RefCell::new(None) };
}

/// Says which thread this environment runs on, once per environment.
#[napi]
pub fn set_thread(id: u32, name: String) {
    guard("setThread", (), || THREAD.set(Some(ThreadInfo { id: id.into(), name: Some(name.into()) })));
}

/// The calling thread, if its environment said which it is.
pub(crate) fn thread() -> Option<ThreadInfo> {
    THREAD.with_borrow(Clone::clone)
}
