//! Bytes of any kind to a client that has sent its hello.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{client, Peer};

fuzz_target!(|data: &[u8]| {
    let [low, high, step, bytes @ ..] = data else { return };
    let choice = u16::from_le_bytes([*low, *high]);
    let mut peer = Peer::new(client(choice));
    let hello = peer.run();
    // The session id cannot be guessed: give it away.
    let mut bytes = bytes.to_vec();
    if let (Some(echo), Some(sent)) = (bytes.get_mut(44..76), hello.get(44..76)) {
        echo.copy_from_slice(sent);
    }
    for piece in bytes.chunks(usize::from(*step).max(1)) {
        peer.feed(piece);
    }
    peer.check();
    assert!(!peer.connected);
});
