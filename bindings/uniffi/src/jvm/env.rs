//! What of JNI is used here, with names that say what it is for.
//!
//! Every call is given the environment of the thread it runs on, which JNI hands to each native method. None of
//! them runs code of the application.

use std::ptr;

use jni_sys::{JNIEnv, jarray, jbyteArray, jlong, jlongArray, jobject, jobjectArray, jsize, jstring};

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

    /// A field of an object by the class that declares it; null where there is none of that name and type.
    pub fn field(
        self,
        object: jobject,
        class: &'static std::ffi::CStr,
        name: &'static std::ffi::CStr,
        ty: &'static std::ffi::CStr,
    ) -> jobject {
        let class = jni!(self, FindClass, class.as_ptr());
        if class.is_null() || object.is_null() {
            jni!(self, ExceptionClear);
            return ptr::null_mut();
        }
        let field = jni!(self, GetFieldID, class, name.as_ptr(), ty.as_ptr());
        if field.is_null() {
            jni!(self, ExceptionClear);
            return ptr::null_mut();
        }
        jni!(self, GetObjectField, object, field)
    }
}
