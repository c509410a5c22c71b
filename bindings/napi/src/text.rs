//! Texts that cross with every capture: read in one pass, into memory that the thread keeps.
//!
//! The usual way asks for a text's length, allocates, and reads. Here what is refused allocates nothing.

use std::cell::RefCell;
use std::ops::Range;

use napi::bindgen_prelude::{FromNapiValue, TypeName, ValidateNapiValue};
use napi::{ValueType, sys};

/// Bytes that the thread keeps for the next capture; room for a stack of hundreds of frames. V8 writes texts of a
/// third of what is free without looking where it is.
const KEPT: usize = 64 << 10;
/// A text that fits leaves at least so much: a character and the end mark.
const SLACK: usize = 5;

/// An argument that is a text, or nothing.
pub(crate) struct Text {
    env: sys::napi_env,
    value: sys::napi_value,
}

impl TypeName for Text {
    fn type_name() -> &'static str {
        "string | undefined"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ValidateNapiValue for Text {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> napi::Result<sys::napi_value> {
        // Reading it finds out.
        Ok(std::ptr::null_mut())
    }
}

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        Ok(Text { env, value })
    }
}

/// Where texts are read into.
#[derive(Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
}

/// A text in the scratch.
#[derive(Clone)]
pub(crate) struct Read(Range<usize>);

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Scratch {
    /// Runs `work` with the scratch of this thread, empty.
    pub fn with<R>(work: impl FnOnce(&mut Scratch) -> R) -> R {
        SCRATCH.with(|cell| match cell.try_borrow_mut() {
            Ok(mut scratch) => {
                scratch.bytes.clear();
                // Neither the first time nor after one long text, whose memory is not kept.
                if !(KEPT..=2 * KEPT).contains(&scratch.bytes.capacity()) {
                    scratch.bytes = Vec::with_capacity(KEPT);
                }
                work(&mut scratch)
            }
            Err(_) => work(&mut Scratch::default()),
        })
    }

    /// Reads a text; `None` where the argument is something else.
    pub fn read(&mut self, text: &Text) -> Option<Read> {
        let start = self.bytes.len();
        self.bytes.reserve(SLACK);
        let mut length = self.write(text)?;
        if self.bytes.capacity() - start < length + SLACK {
            let mut whole = 0;
            // SAFETY: without a buffer only the length is written.
            unsafe { sys::napi_get_value_string_utf8(text.env, text.value, std::ptr::null_mut(), 0, &raw mut whole) };
            self.bytes.reserve(whole + SLACK);
            length = self.write(text)?;
        }
        // SAFETY: V8 has written that many bytes.
        unsafe { self.bytes.set_len(start + length) };
        Some(Read(start..start + length))
    }

    /// Writes what fits behind what is there, without taking it in; gives its bytes.
    fn write(&mut self, text: &Text) -> Option<usize> {
        let free = self.bytes.spare_capacity_mut();
        let mut length = 0;
        // SAFETY: the environment and the value are those of the call at hand; the buffer is valid for its length.
        let status = unsafe {
            sys::napi_get_value_string_utf8(text.env, text.value, free.as_mut_ptr().cast(), free.len(), &raw mut length)
        };
        (status == sys::Status::napi_ok).then_some(length)
    }

    /// What was read; nothing for `None`.
    pub fn text(&self, read: Option<&Read>) -> Option<&str> {
        // V8 writes sound UTF-8: lone surrogates are replaced.
        self.bytes.get(read?.0.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}
