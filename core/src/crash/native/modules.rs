//! Which programs and libraries are loaded where, and by which build: addresses mean nothing without.
//!
//! Found out while all is well, for the loader's lock may be held in a crash.

use serde::{Deserialize, Serialize};

/// A loaded program or library.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Module {
    /// Its file.
    pub path: String,
    /// Names the build, in hex: the build id, or, where the linker left none, a digest of the code's first page.
    pub id: String,
    /// Where it starts.
    pub start: u64,
    pub size: u64,
    /// Where its code is.
    #[serde(skip)]
    pub code: Vec<(usize, usize)>,
    /// Where its unwind tables are, 0 if it has none.
    #[serde(skip)]
    pub unwind: usize,
}

impl Module {
    pub fn has(&self, address: u64) -> bool {
        (self.start..self.start.saturating_add(self.size)).contains(&address)
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{count, loaded};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{CStr, c_int, c_void};
    use std::fmt::Write;

    use super::Module;

    /// `NT_GNU_BUILD_ID`.
    const BUILD_ID: u32 = 3;
    /// Of code that is digested.
    const PAGE: usize = 4096;

    type Info = libc::dl_phdr_info;
    #[cfg(target_pointer_width = "64")]
    type Header = libc::Elf64_Phdr;
    #[cfg(target_pointer_width = "32")]
    type Header = libc::Elf32_Phdr;

    /// Changes whenever something is loaded or unloaded.
    pub fn count() -> u64 {
        extern "C" fn first(info: *mut Info, _: usize, out: *mut c_void) -> c_int {
            // SAFETY: the loader gives a live description, and `out` is the number below.
            unsafe { *out.cast::<u64>() = (*info).dlpi_adds.wrapping_add((*info).dlpi_subs) };
            1
        }
        let mut changes = 0u64;
        // SAFETY: the callback takes what it is given.
        unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut changes).cast()) };
        changes
    }

    /// All that is loaded now.
    pub fn loaded() -> Vec<Module> {
        extern "C" fn each(info: *mut Info, _: usize, out: *mut c_void) -> c_int {
            // SAFETY: the loader gives a live description, and `out` is the list below. A panic cannot come about:
            // nothing in it indexes.
            unsafe { (*out.cast::<Vec<Module>>()).extend(describe(&*info)) };
            0
        }
        let mut all: Vec<Module> = Vec::new();
        // SAFETY: the callback takes what it is given.
        unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut all).cast()) };
        let program = || std::env::current_exe().ok()?.into_os_string().into_string().ok();
        if let Some(nameless) = all.iter_mut().find(|module| module.path.is_empty()) {
            nameless.path = program().unwrap_or_default();
        }
        all
    }

    /// # Safety
    /// The module is loaded while this runs.
    unsafe fn describe(info: &Info) -> Option<Module> {
        if info.dlpi_phdr.is_null() {
            return None;
        }
        let base = info.dlpi_addr as usize;
        // SAFETY: the loader's own table, as long as it says; the name is null or ends in zero.
        let (headers, path) = unsafe {
            let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into());
            let name = (!info.dlpi_name.is_null()).then(|| CStr::from_ptr(info.dlpi_name));
            (headers, name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default())
        };
        let of = |kind: u32| headers.iter().filter(move |header| header.p_type == kind);
        let range = |header: &Header| {
            let start = base.wrapping_add(header.p_vaddr as usize);
            (start, start.wrapping_add(header.p_memsz as usize))
        };
        let loads: Vec<(usize, usize)> = of(libc::PT_LOAD).map(range).collect();
        let start = loads.iter().map(|(start, _)| start & !(PAGE - 1)).min()?;
        let end = loads.iter().map(|(_, end)| *end).max()?;
        let code: Vec<_> = of(libc::PT_LOAD).filter(|h| h.p_flags & libc::PF_X != 0).map(range).collect();
        let is_loaded = |(from, to): (usize, usize)| loads.iter().any(|(start, end)| *start <= from && to <= *end);
        let notes = of(libc::PT_NOTE).map(range).filter(|note| is_loaded(*note));
        // SAFETY: within what is loaded and readable: notes by the check, code by its flags.
        let id = unsafe {
            let bytes = |(from, to): (usize, usize)| std::slice::from_raw_parts(from as *const u8, to - from);
            let build_id = notes.map(bytes).find_map(build_id).map(<[u8]>::to_vec);
            let first = of(libc::PT_LOAD).find(|h| h.p_flags & (libc::PF_X | libc::PF_R) == libc::PF_X | libc::PF_R);
            build_id.or_else(|| first.map(|h| digest(bytes(range(h)))))
        };
        let id = id.unwrap_or_default().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let unwind = of(libc::PT_GNU_EH_FRAME).map(range).find(|tables| is_loaded(*tables)).map_or(0, |(at, _)| at);
        Some(Module { path, id, start: start as u64, size: (end - start) as u64, code, unwind })
    }

    /// The build id among notes: each is three lengths, a name and a description, padded to four bytes.
    fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
        let padded = |length: usize| length.checked_add(3).map(|l| l & !3);
        while let Some((header, rest)) = notes.split_first_chunk::<12>() {
            let [name, text, kind] = [0, 4, 8]
                .map(|at| header.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes));
            let (name, rest) = rest.split_at_checked(padded(name as usize)?)?;
            let id = rest.get(..text as usize)?;
            if kind == BUILD_ID && name.starts_with(b"GNU\0") {
                return Some(id);
            }
            notes = rest.get(padded(text as usize)?..).unwrap_or_default();
        }
        None
    }

    /// As long as the shortest build id.
    fn digest(code: &[u8]) -> Vec<u8> {
        let mut folded = vec![0; 16];
        for piece in code.get(..PAGE.min(code.len())).unwrap_or_default().chunks(16) {
            folded.iter_mut().zip(piece).for_each(|(sum, byte)| *sum ^= byte);
        }
        folded
    }
}

#[cfg(target_os = "macos")]
pub(super) use macos::{count, loaded};

#[cfg(target_os = "macos")]
#[allow(deprecated, reason = "not worth another crate")]
mod macos {
    use std::ffi::CStr;
    use std::fmt::Write;

    use super::Module;

    const LC_SEGMENT_64: u32 = 0x19;
    const LC_UUID: u32 = 0x1b;
    const EXECUTE: i32 = 4;

    /// Changes whenever something is loaded or unloaded, most of the time.
    pub fn count() -> u64 {
        // SAFETY: takes nothing.
        u64::from(unsafe { libc::_dyld_image_count() })
    }

    /// All that is loaded now.
    pub fn loaded() -> Vec<Module> {
        // SAFETY: the loader answers with null beyond its end; headers and names of what is loaded stay where they are.
        (0..count() as u32).filter_map(|n| unsafe { describe(n) }).collect()
    }

    unsafe fn describe(number: u32) -> Option<Module> {
        // SAFETY: see the caller; a header is followed by its commands, each of the size it says.
        unsafe {
            let header = libc::_dyld_get_image_header(number).cast::<libc::mach_header_64>();
            let name = libc::_dyld_get_image_name(number);
            let slide = libc::_dyld_get_image_vmaddr_slide(number) as usize;
            if header.is_null() || name.is_null() {
                return None;
            }
            let mut module = Module {
                path: CStr::from_ptr(name).to_string_lossy().into_owned(),
                start: header as u64,
                ..Module::default()
            };
            let mut command = header.add(1).cast::<u8>();
            for _ in 0..(*header).ncmds {
                let [kind, size] = command.cast::<[u32; 2]>().read_unaligned();
                match kind {
                    LC_SEGMENT_64 => {
                        let segment = command.cast::<libc::segment_command_64>().read_unaligned();
                        let start = slide.wrapping_add(segment.vmaddr as usize);
                        if start as u64 == module.start {
                            module.size = segment.vmsize;
                        }
                        if segment.initprot & EXECUTE != 0 {
                            module.code.push((start, start.wrapping_add(segment.vmsize as usize)));
                        }
                    }
                    LC_UUID => {
                        for byte in command.add(8).cast::<[u8; 16]>().read_unaligned() {
                            let _ = write!(module.id, "{byte:02x}");
                        }
                    }
                    _ => {}
                }
                command = command.add(size as usize);
            }
            Some(module)
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_program_and_its_libraries_are_known() {
        let all = loaded();
        let here = this_program_and_its_libraries_are_known as fn() as usize;
        let own = all.iter().find(|module| module.has(here as u64)).unwrap();
        assert_eq!(std::path::Path::new(&own.path), std::env::current_exe().unwrap());
        assert!(own.code.iter().any(|(start, end)| (*start..*end).contains(&here)));
        assert!(own.id.len() >= 32 && own.id.bytes().any(|digit| digit != b'0'), "{own:?}");
        let libc = all.iter().find(|module| module.has(libc::abort as *const () as u64)).unwrap();
        assert_ne!(libc.id, own.id);
        assert_eq!(count(), count());
    }
}
