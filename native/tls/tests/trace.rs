//! The debug log: what is given out when it is asked for, and in which order.

mod common;
use common::*;
use tls_core::connection::Connection;
use tls_core::query::Event;
use tls_core::trace::Traced;

fn traced(peer: &mut Peer) -> Vec<Traced> {
    let mut items: Vec<Traced> = Vec::new();
    for event in peer.events.drain(..) {
        if let Event::Trace(item) = event {
            items.push(item);
        }
    }
    items
}

fn tracing_pair() -> (Peer, Peer) {
    let (mut client, mut server) = (
        Peer::client(client_config(p256())),
        Peer::server(server_config(p256())),
    );
    for Connection { rx, tx } in [&mut client.connection, &mut server.connection] {
        Connection::set_trace(rx, tx, true);
    }
    talk(&mut client, &mut server);
    (client, server)
}

#[test]
fn both_ends_tell_the_same_story() {
    let (mut client, mut server) = tracing_pair();
    let (client, server) = (traced(&mut client), traced(&mut server));
    for inbound in [false, true] {
        for message in [false, true] {
            let story = |items: &[Traced], inbound| -> Vec<Vec<u8>> {
                items
                    .iter()
                    .filter(|item| item.inbound == inbound && item.message == message)
                    .map(|item| item.bytes.clone())
                    .collect()
            };
            let told = story(&client, inbound);
            assert!(!told.is_empty());
            assert_eq!(told, story(&server, !inbound));
        }
    }
    let titles: Vec<String> = client
        .iter()
        .filter(|item| item.message)
        .map(|item| format!("{} {}", if item.inbound { "<" } else { ">" }, item.title()))
        .collect();
    assert_eq!(
        titles,
        [
            "> TLS 1.3 Handshake, ClientHello",
            "< TLS 1.3 Handshake, ServerHello",
            "< Handshake, EncryptedExtensions",
            "< Handshake, Certificate",
            "< Handshake, CertificateVerify",
            "< Handshake, Finished",
            "> Handshake, Finished",
        ]
    );
    // A message that goes out stands before its record, one that comes in after it.
    assert!(client[0].message && !client[1].message);
    assert!(client[0].text().contains("key_share"));
    assert!(!client[2].message && client[3].message);
}

#[test]
fn data_and_the_end_are_traced_too() {
    let (mut client, mut server) = tracing_pair();
    client.events.clear();
    let mut sealed = Vec::new();
    client.connection.tx.seal(&[b"hello"], &mut sealed).unwrap();
    let sent = client.connection.tx.take_trace();
    assert_eq!(sent[0].title(), "TLS 1.2 Record Protocol, application_data");
    assert_eq!(sent[0].bytes, sealed);
    let mut plain = Vec::new();
    server.connection.rx.open(&sealed, &mut plain);
    assert_eq!(server.connection.rx.take_trace()[0].bytes, sealed);
    client.connection.tx.close_notify();
    let mut closing = Vec::new();
    client.connection.tx.take_pending(&mut closing);
    server.events.clear();
    server.open(&closing);
    server.run();
    assert_eq!(traced(&mut server).last().unwrap().bytes, closing);
}

#[test]
fn nothing_is_gathered_unless_asked_for() {
    let (client, server) = pair(client_config(p256()), server_config(p256()));
    for mut peer in [client, server] {
        assert_eq!(traced(&mut peer), []);
        assert!(peer.connection.tx.take_trace().is_empty());
        assert!(peer.connection.rx.take_trace().is_empty());
    }
}
