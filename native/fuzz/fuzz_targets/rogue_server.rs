//! A server whose messages are changed by script, before protection, against a client.
#![no_main]
use libfuzzer_sys::fuzz_target;
use tls_core_fuzz::{client, rogue, server, talk, Peer};

fuzz_target!(|data: &[u8]| {
    let [choice, script @ ..] = data else { return };
    let (mut client, mut server) = (Peer::new(client(*choice)), Peer::new(server(*choice)));
    let changed = rogue(&mut server, script);
    talk(&mut client, &mut server);
    client.check();
    assert!(!(changed.get() && client.connected), "connected with a changed transcript");
});
