#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| faultwire_properties::check("framing", input));
