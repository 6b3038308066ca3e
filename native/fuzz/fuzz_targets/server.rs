//! Bytes of any kind to a server. The first byte is the configuration, the second says how the input is cut.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{server, Peer};

fuzz_target!(|data: &[u8]| {
    let [choice, step, bytes @ ..] = data else { return };
    let mut peer = Peer::new(server(*choice));
    for piece in bytes.chunks(usize::from(*step).max(1)) {
        peer.feed(piece);
    }
    peer.check();
    assert!(!peer.connected);
});
