//! What of JNI is used here, with names that say what it is for.
//!
//! Every call is given the environment of the thread it runs on, which JNI hands to each native method. None of
//! them runs code of the application.

use std::ffi::CStr;
use std::ptr;
use std::sync::OnceLock;

use jni_sys::{JNIEnv, jarray, jbyteArray, jfieldID, jlong, jlongArray, jobject, jobjectArray, jsize, jstring};

/// The JVM, as one native method sees it.
#[derive(Clone, Copy)]
pub(super) struct Env(pub *mut JNIEnv);

/// Calls a function of JNI's table.
macro_rules! jni {
    ($env:expr, $function:ident $(, $argument:expr)*) => {
        // SAFETY: the environment is this thread's, and the references are those that the method was given or made itself.
        unsafe { ((**$env.0).v1_6.$function)($env.0 $(, $argument)*) }
    };
}

impl Env {
    /// A text; `None` for null. Lone surrogates are replaced.
    pub fn text(self, text: jstring) -> Option<String> {
        if text.is_null() {
            return None;
        }
        let length = jni!(self, GetStringLength, text);
        let mut units = vec![0_u16; usize::try_from(length).unwrap_or(0)];
        jni!(self, GetStringRegion, text, 0, length, units.as_mut_ptr());
        Some(String::from_utf16_lossy(&units))
    }

    /// The texts of an array, null for null.
    pub fn texts(self, array: jobjectArray) -> Vec<Option<String>> {
        (0..self.length(array))
            .map(|at| {
                let text = jni!(self, GetObjectArrayElement, array, at);
                let read = self.text(text);
                // A method has room for few references; an array can have many elements.
                jni!(self, DeleteLocalRef, text);
                read
            })
            .collect()
    }

    /// The numbers of an array.
    pub fn numbers(self, array: jlongArray) -> Vec<jlong> {
        let length = self.length(array);
        let mut numbers = vec![0; usize::try_from(length).unwrap_or(0)];
        if !array.is_null() {
            jni!(self, GetLongArrayRegion, array, 0, length, numbers.as_mut_ptr());
        }
        numbers
    }

    fn length(self, array: jarray) -> jsize {
        if array.is_null() { 0 } else { jni!(self, GetArrayLength, array) }
    }

    /// Writes bytes to the start of an array that is long enough; else nothing.
    pub fn write(self, array: jbyteArray, bytes: &[u8]) {
        if let Ok(length) = jsize::try_from(bytes.len())
            && self.length(array) >= length
        {
            jni!(self, SetByteArrayRegion, array, 0, length, bytes.as_ptr().cast());
        }
    }

    /// Puts a text into an array's first place, if it has one.
    pub fn put(self, array: jobjectArray, text: &str) {
        let units: Vec<u16> = text.encode_utf16().collect();
        if let Ok(length) = jsize::try_from(units.len())
            && self.length(array) > 0
        {
            let text = jni!(self, NewString, units.as_ptr(), length);
            if !text.is_null() {
                jni!(self, SetObjectArrayElement, array, 0, text);
            }
        }
    }

    /// What a field of an object holds; null where its class has no such field.
    pub fn field(self, object: jobject, field: &Field) -> jobject {
        let id: jfieldID = ptr::with_exposed_provenance_mut(*field.id.get_or_init(|| self.look_for(field)));
        if id.is_null() || object.is_null() { ptr::null_mut() } else { jni!(self, GetObjectField, object, id) }
    }

    fn look_for(self, field: &Field) -> usize {
        let class = jni!(self, FindClass, field.class.as_ptr());
        let id = if class.is_null() {
            ptr::null_mut()
        } else {
            jni!(self, GetFieldID, class, field.name.as_ptr(), field.ty.as_ptr())
        };
        jni!(self, ExceptionClear);
        id.expose_provenance()
    }
}

/// A field of a class of the JVM's own, which never goes: it is looked for once.
pub(super) struct Field {
    class: &'static CStr,
    name: &'static CStr,
    ty: &'static CStr,
    /// An address, 0 for none.
    id: OnceLock<usize>,
}

impl Field {
    pub const fn new(class: &'static CStr, name: &'static CStr, ty: &'static CStr) -> Self {
        Field { class, name, ty, id: OnceLock::new() }
    }
}
