//! An extension block, in the message chosen by the first byte.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::wire::extension::{Extensions, Place};

fuzz_target!(|data: &[u8]| {
    let Some((choice, block)) = data.split_first() else { return };
    let place = [
        Place::ClientHello,
        Place::ServerHello,
        Place::HelloRetryRequest,
        Place::EncryptedExtensions,
        Place::Certificate,
        Place::CertificateRequest,
        Place::NewSessionTicket,
        Place::ServerHello12,
    ][usize::from(choice % 8)];
    if let Ok(extensions) = Extensions::parse(place, block, None) {
        let mut out = Vec::new();
        extensions.emit(&mut out).unwrap();
        assert_eq!(Extensions::parse(place, &out[2..], None), Ok(extensions));
    }
});
