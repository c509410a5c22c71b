//! `faultwire-bindgen generate LIBRARY --language kotlin --out-dir FOLDER`: of the same version as the scaffolding
//! within the library, which is why it is built here and not installed from elsewhere.

fn main() {
    uniffi::uniffi_bindgen_main();
}
