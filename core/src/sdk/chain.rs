//! An error and its sources.

use std::error::Error;

use super::backtrace::mix;
use super::names::{self, TypeName};
use super::text;
use crate::capture::{MAX_EXCEPTIONS, MAX_MESSAGE_LENGTH, NativeStack, RawException, RawStack};
use crate::cut::LOOK_AHEAD;
use crate::protocol::Mechanism;

/// What stands for the text of an error whose `Display` panics.
const UNPRINTABLE: &str = "<its Display panicked>";

/// The sources of an error, nearest first: bounded, and ended where an error is met again.
struct Sources<'a> {
    next: Option<&'a (dyn Error + 'static)>,
    /// Data and type of those that were met.
    met: [(usize, usize); MAX_EXCEPTIONS],
    count: usize,
}

fn sources<E: Error + ?Sized>(error: &E) -> Sources<'_> {
    Sources { next: error.source(), met: [(0, 0); MAX_EXCEPTIONS], count: 0 }
}

impl<'a> Iterator for Sources<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.next?;
        let identity = (std::ptr::from_ref(error).cast::<()>() as usize, type_identity(error));
        // The error itself is one of the chain, too.
        if self.count + 1 >= MAX_EXCEPTIONS || self.met[..self.count].contains(&identity) {
            self.next = None;
            return None;
        }
        self.met[self.count] = identity;
        self.count += 1;
        self.next = error.source();
        Some(error)
    }
}

/// A number that stands for the error's type, without asking the error for anything: of a trait object
/// the address of its methods, of another type that of its name.
fn type_identity<E: Error + ?Sized>(error: &E) -> usize {
    const WORD: usize = size_of::<usize>();
    if size_of::<&E>() == 2 * WORD {
        // SAFETY: a reference to a trait object is as large as two words, which is what is read. Which of
        // them is the table of methods is not promised by the language, but is so in every version of it;
        // were it the other one, captures of the same place would be told apart, and fold less.
        let [_data, methods] = unsafe { std::mem::transmute_copy::<&E, [usize; 2]>(&error) };
        methods
    } else {
        std::any::type_name::<E>().as_ptr() as usize
    }
}

/// A hash of the types of the chain.
pub(crate) fn type_hash<E: Error + ?Sized>(error: &E) -> u64 {
    let own = mix(0x0fa0_17ed, type_identity(error) as u64);
    sources(error).fold(own, |hash, source| mix(hash, type_identity(source) as u64))
}

/// The name of the error itself.
pub(crate) fn name<E: Error + ?Sized>(error: &E) -> TypeName {
    match names::path::<E>() {
        Some(path) => TypeName::of_path(path),
        None => TypeName::of_debug(&text::of(256, format_args!("{error:?}")).unwrap_or_default()),
    }
}

/// The chain in wire order: the oldest cause first, the error itself, with the stack, last.
pub(crate) fn extract<E: Error + ?Sized>(error: &E, stack: Option<NativeStack>) -> Vec<RawException> {
    let value = |arguments: std::fmt::Arguments<'_>| {
        let text = text::of(MAX_MESSAGE_LENGTH + LOOK_AHEAD, arguments);
        Some(text.unwrap_or_else(|| UNPRINTABLE.to_owned()))
    };
    let link = |number: u32, name: TypeName, value, mechanism: Mechanism, stack| RawException {
        ty: name.ty.into(),
        module: name.module.map(Into::into),
        value,
        mechanism: Mechanism { exception_id: Some(number), ..mechanism },
        stack,
    };
    // Handled or not is the whole chain's: said once, as in every language.
    let root = Mechanism { ty: "generic".to_owned(), handled: Some(true), ..Mechanism::default() };
    let mut chain = vec![link(0, name(error), value(format_args!("{error}")), root, stack.map(RawStack::Native))];
    for (number, source) in (1..).zip(sources(error)) {
        let mechanism = Mechanism {
            ty: "chained".to_owned(),
            source: Some("source".to_owned()),
            parent_id: Some(number - 1),
            ..Mechanism::default()
        };
        chain.push(link(number, TypeName::of_source(source), value(format_args!("{source}")), mechanism, None));
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    /// An error whose source is itself, through another one.
    #[derive(Debug)]
    struct Loop(Option<&'static Loop>);
    impl fmt::Display for Loop {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round and round")
        }
    }
    impl Error for Loop {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            static HERE: Loop = Loop(Some(&THERE));
            static THERE: Loop = Loop(Some(&HERE));
            Some(self.0.unwrap_or(&HERE))
        }
    }

    /// A chain without an end and without a repetition.
    #[derive(Debug)]
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("and on")
        }
    }
    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(Box::leak(Box::new(Next(1))))
        }
    }
    #[derive(Debug)]
    struct Next(u8);
    impl fmt::Display for Next {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "and on {}", self.0)
        }
    }
    impl Error for Next {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(Box::leak(Box::new(Next(self.0.wrapping_add(1)))))
        }
    }

    #[test]
    fn a_chain_ends_where_it_repeats_and_at_the_bound() {
        assert_eq!(extract(&Loop(None), None).len(), 3);
        assert_eq!(extract(&Endless, None).len(), MAX_EXCEPTIONS);
    }

    #[test]
    fn an_error_and_its_first_field_are_two() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        #[derive(Debug)]
        struct Outermost(Outer);
        impl fmt::Display for Outermost {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outermost")
            }
        }
        impl Error for Outermost {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Outermost(Outer("x".parse::<u8>().unwrap_err()));
        let chain = extract(&error, None);
        let types: Vec<&str> = chain.iter().map(|e| &*e.ty).collect();
        assert_eq!(types, ["ParseIntError", "Outer", "Outermost"]);
        let numbers: Vec<_> = chain.iter().map(|e| (e.mechanism.exception_id, e.mechanism.parent_id)).collect();
        assert_eq!(numbers, [(Some(2), Some(1)), (Some(1), Some(0)), (Some(0), None)]);
        assert_eq!(type_hash(&error), type_hash(&Outermost(Outer("y".parse::<u8>().unwrap_err()))));
        assert_ne!(type_hash(&error), type_hash(&error.0));
    }
}
