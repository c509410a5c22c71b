use serde::{Deserialize, Serialize};

use super::{Map, lenient};

/// The frames of one stack, caller to callee: the crash is last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stacktrace {
    /// The frames.
    #[serde(deserialize_with = "lenient::or_default")]
    pub frames: Vec<Frame>,
}

/// One call. The wire needs at least one of `function`, `filename`, `instruction_addr`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Name as the language prints it, qualified where the language can.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Module or namespace.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Path as people name it, relative to the project or package root.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Path on the machine.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub abs_path: Option<String>,
    /// 1-based line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lineno: Option<u32>,
    /// 1-based column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colno: Option<u32>,
    /// Source lines above.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub pre_context: Vec<String>,
    /// The source line.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub context_line: Option<String>,
    /// Source lines below.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub post_context: Vec<String>,
    /// The application's own code, as opposed to libraries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_app: Option<bool>,
    /// Local variables.
    #[serde(deserialize_with = "lenient::or_default", skip_serializing_if = "Map::is_empty")]
    pub vars: Map,
    /// Library or crate the code belongs to.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Language of this frame when it differs from the event's.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Address of the instruction, `0x` and hex.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub instruction_addr: Option<String>,
    /// Address of the function's first instruction, `0x` and hex.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub symbol_addr: Option<String>,
    /// Base address of the loaded image, `0x` and hex.
    #[serde(deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub image_addr: Option<String>,
    /// Position of the locals on the capture's tape until the worker reads them into `vars`; never on the wire.
    #[doc(hidden)]
    #[serde(skip)]
    pub tape_position: Option<u32>,
    /// What the sanitizer need not look at again; never on the wire.
    #[doc(hidden)]
    #[serde(skip)]
    pub untouched: Untouched,
}

/// Parts of a frame that are as the sanitizer has seen them before and left them. Only it knows, and the worker,
/// of places that it meets again and again; outside of this crate nothing can be declared so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Untouched {
    /// All texts but the source lines and `vars`.
    pub(crate) names: bool,
    /// Source lines, a bit each from the first of `pre_context` on.
    pub(crate) lines: u16,
}
