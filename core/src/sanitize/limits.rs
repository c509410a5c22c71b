//! Every length the sanitizer enforces, and where the number comes from. Lengths are characters
//! unless the name says bytes.

/// Default of `max_value_length`: a local, a header, an extra text. Long enough for a stack of
/// nested reprs, short enough that fifty frames of them fit the 1 MiB event.
pub const VALUE_CHARS: usize = 1024;
/// Messages, exception values, breadcrumb messages: the wire's limit.
pub const MESSAGE_CHARS: usize = 8192;
/// A request body that could not be parsed.
pub const BODY_CHARS: usize = 8192;
/// Containers below a top-level value: the wire keeps seven levels of `extra`.
pub const DEPTH: usize = 7;
/// Members of one list or object, the mark that stands for the rest included.
pub const BREADTH: usize = 100;
/// Keys of free maps. The wire says nothing; a longer key is a mistake or a payload.
pub const KEY_CHARS: usize = 200;
/// `tags`: keys.
pub const TAG_KEY_CHARS: usize = 200;
/// Keys of tags are of letters, digits and these.
pub const TAG_SIGNS: &str = "_.:-";
/// `tags`: values.
pub const TAG_VALUE_CHARS: usize = 200;
/// `transaction`.
pub const TRANSACTION_CHARS: usize = 200;
/// `server_name`.
pub const SERVER_NAME_CHARS: usize = 256;
/// `release`.
pub const RELEASE_CHARS: usize = 200;
/// `dist`.
pub const DIST_CHARS: usize = 64;
/// `environment`.
pub const ENVIRONMENT_CHARS: usize = 64;
/// `logger`.
pub const LOGGER_CHARS: usize = 64;
/// `dist` is an identifier: of letters, digits and these, or servers refuse it.
pub const DIST_SIGNS: &str = "_.-";
/// `category` of a breadcrumb: Relay cuts what is longer.
pub const CATEGORY_CHARS: usize = 128;
/// `exception.type`.
pub const TYPE_CHARS: usize = 256;
/// Function names, modules, paths, addresses: what fingerprints are made of is cut only when absurd.
pub const NAME_CHARS: usize = 1024;
/// Bytes of JSON in one value of `extra`.
pub const EXTRA_VALUE_BYTES: usize = 16 * 1024;
/// Bytes of JSON in all of `extra`.
pub const EXTRA_BYTES: usize = 256 * 1024;
/// Bytes of JSON in one context.
pub const CONTEXT_BYTES: usize = 8 * 1024;
/// Bytes of JSON in the data of one breadcrumb.
pub const BREADCRUMB_DATA_BYTES: usize = 2 * 1024;
/// `contexts.faultwire` is written by Faultwire itself (the record of a fingerprint lists frames).
pub const OWN_CONTEXT_BREADTH: usize = 2000;
/// Remarks in one event's `_meta`; the filtering itself does not depend on them.
pub const REMARKS: usize = 1000;
/// Bytes looked at on either side of an operator for the name of what is assigned.
pub const KEY_WINDOW: usize = 64;
