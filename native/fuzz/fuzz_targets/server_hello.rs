//! ServerHello and HelloRetryRequest.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::wire::hello::{extension_block, ServerHello};

fuzz_target!(|body: &[u8]| {
    if let Ok(hello) = ServerHello::parse(body) {
        let mut out = Vec::new();
        hello.emit(&mut out).unwrap();
        assert_eq!(ServerHello::parse(&out[4..]).as_ref(), Ok(&hello));
        let _ = (hello.version(), hello.raw_extensions(), hello.shows_downgrade());
        if let Ok(extensions) = hello.extensions(&tls_core_fuzz::everything()) {
            let block = extension_block(&extensions).unwrap();
            let again = ServerHello { extension_block: block, ..hello };
            assert_eq!(again.extensions(&tls_core_fuzz::everything()), Ok(extensions));
        }
    }
});
