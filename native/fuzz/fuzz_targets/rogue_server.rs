//! A server whose messages are changed by script, before protection, against a client.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{client, rogue, server, talk, Peer};

fuzz_target!(|data: &[u8]| {
    let [low, high, script @ ..] = data else { return };
    let choice = u16::from_le_bytes([*low, *high]);
    let (mut client, mut server) = (Peer::new(client(choice)), Peer::new(server(choice)));
    let honest = rogue(&mut server, script);
    talk(&mut client, &mut server);
    client.check();
    assert!(client.handshakes <= honest.handshakes(), "a changed transcript");
});
