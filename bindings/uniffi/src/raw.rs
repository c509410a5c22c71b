//! What the packages extract of an error and its causes, as core's raw captures.

use faultwire::capture::{RawException, RawStack};
use faultwire::interned::Interned;
use faultwire::protocol::{Map, Mechanism, Value};

/// One error of a chain or tree. The first of a list is the one that was raised.
#[derive(Debug, Default, uniffi::Record)]
pub struct Raised {
    /// Class name.
    pub type_name: String,
    /// Module or package of the class.
    pub module: Option<String>,
    /// Its text.
    pub value: Option<String>,
    /// Where in the list that stands which holds it; nothing for the first.
    pub parent: Option<i32>,
    /// The attribute of the parent that holds it: `cause`, `suppressed[0]`, `underlyingErrors[0]`.
    pub source: Option<String>,
    /// Free detail, a JSON object.
    pub data: Option<String>,
}

/// How the outermost error was captured.
#[derive(Debug, Default, uniffi::Record)]
pub struct How {
    /// `auto.<...>`; empty is the engine's usual.
    pub mechanism: String,
    /// False when nobody caught it.
    pub handled: bool,
}

/// The chain in wire order, the oldest cause first; each with its stack.
pub(crate) fn exceptions(raised: Vec<(Raised, Option<RawStack>)>, how: How) -> Vec<RawException> {
    let mut chain: Vec<RawException> =
        raised.into_iter().enumerate().map(|(at, (raised, stack))| exception(at, raised, stack, &how)).collect();
    chain.reverse();
    chain
}

fn exception(at: usize, raised: Raised, stack: Option<RawStack>, how: &How) -> RawException {
    let mut mechanism = Mechanism { exception_id: u32::try_from(at).ok(), ..Mechanism::default() };
    if at == 0 {
        how.mechanism.clone_into(&mut mechanism.ty);
        mechanism.handled = Some(how.handled);
    } else {
        "chained".clone_into(&mut mechanism.ty);
        mechanism.parent_id = raised.parent.and_then(|n| u32::try_from(n).ok());
        mechanism.source = raised.source;
    }
    if let Some(Value::Object(data)) = raised.data.and_then(|d| serde_json::from_str(&d).ok()) {
        mechanism.data = data;
    }
    RawException {
        ty: raised.type_name.into(),
        module: raised.module.map(Interned::from),
        value: raised.value,
        mechanism,
        stack,
    }
}

/// A JSON object; nothing where it is none.
pub(crate) fn map(text: &str) -> Option<Map> {
    serde_json::from_str(text).ok()
}
