//! A ClientHello that parses is emitted as it came.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::wire::hello::ClientHello;

fuzz_target!(|body: &[u8]| {
    if let Ok(hello) = ClientHello::parse(body) {
        let mut out = Vec::new();
        hello.emit(&mut out).unwrap();
        let again = ClientHello::parse(&out[4..]).unwrap();
        assert_eq!(again, hello);
    }
});
