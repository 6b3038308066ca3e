//! Marks the library as never to be unloaded: its threads (`bigstack`) and thread-local values run code in it for as long
//! as the process lives, also when the module that loaded it is purged.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
