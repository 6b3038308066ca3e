//! The debug log's texts of any message or record: whatever a peer sends, there are lines of printable characters.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::trace::Traced;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let traced = Traced { inbound: choice & 1 == 0, message: choice & 2 == 0, bytes: bytes.to_vec() };
    let (title, text) = (traced.title(), traced.text());
    assert!(!title.is_empty() && !title.chars().any(char::is_control));
    assert!(text.lines().flat_map(str::chars).all(|c| c.is_ascii() && !c.is_ascii_control()));
    assert!(text.is_empty() || text.ends_with('\n'));
    // A bounded multiple of what came.
    assert!(text.len() <= 4096 + 256 * bytes.len());
});
