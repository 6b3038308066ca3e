//! The encoding of saved sessions: what is read is written as it was.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core::session::SavedSession;

fuzz_target!(|data: &[u8]| {
    let Ok(session) = SavedSession::from_bytes(data) else { return };
    assert!(session.to_bytes().unwrap().as_ref() == data);
});
