//! The debug log's texts of any message or record: whatever a peer sends, there are lines of printable characters.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::enums::{CipherSuite, ProtocolVersion};
use tls_core::trace::Traced;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    // What key exchange messages contain depends on the suite: one of ECDHE_ECDSA, DHE_RSA, RSA, DHE_PSK, PSK, SRP.
    let suite = [0xc02b, 0x009e, 0x009c, 0x00aa, 0x00a8, 0xc01d].get(usize::from(choice >> 2 & 7));
    let traced = Traced {
        inbound: choice & 1 == 0,
        message: choice & 2 == 0,
        bytes: bytes.to_vec(),
        selected: suite.map(|id| (if choice & 32 == 0 { ProtocolVersion::TLS12 } else { ProtocolVersion::TLS11 }, CipherSuite(*id))),
    };
    let (title, text) = (traced.title(), traced.text());
    assert!(!title.is_empty() && !title.chars().any(char::is_control));
    assert!(text.lines().flat_map(str::chars).all(|c| c.is_ascii() && !c.is_ascii_control()));
    assert!(text.is_empty() || text.ends_with('\n'));
    // A bounded multiple of what came.
    assert!(text.len() <= 4096 + 256 * bytes.len());
});
