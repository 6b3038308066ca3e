//! Bytes of any kind to a server. The first two are the configuration, the third says how the input is cut.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{server, Peer};

fuzz_target!(|data: &[u8]| {
    let [low, high, step, bytes @ ..] = data else { return };
    let choice = u16::from_le_bytes([*low, *high]);
    let mut peer = Peer::new(server(choice));
    for piece in bytes.chunks(usize::from(*step).max(1)) {
        peer.feed(piece);
    }
    peer.check();
    assert!(!peer.connected);
});
