//! After the handshake: protected records of any kind and content, data, and raw bytes, in any order.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{after_handshake, client, server, talk, Peer};

fuzz_target!(|data: &[u8]| {
    let [low, high, script @ ..] = data else { return };
    let choice = u16::from_le_bytes([*low, *high]);
    let (mut client, mut server) = (Peer::new(client(choice)), Peer::new(server(choice)));
    talk(&mut client, &mut server);
    assert!(client.connected && server.connected);
    let (sender, receiver) =
        if low & 128 == 0 { (&mut client, &mut server) } else { (&mut server, &mut client) };
    after_handshake(sender, receiver, script);
    receiver.check();
});
