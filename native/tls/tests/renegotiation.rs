//! One handshake more on a connection of TLS 1.0 to 1.2: data and questions in its midst, and its limits. What it agrees on
//! is tested in `handshake12`.

mod common;
use common::world::{keep, Sessions, World12};
use common::*;
use std::sync::Arc;
use tls_core::config::{Config, NativeVerify};
use tls_core::crypto::suites::{Authentication, KeyExchange, SuiteRow, SUITES as ALL};
use tls_core::enums::*;
use tls_core::error::{Error, LocalFailure, Offence};
use tls_core::query::{Answer, Event, Output, Query};
use tls_core::record::Opened;
use tls_core::x509::TrustStore;

const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

fn client_config() -> Config {
    client_config12(TLS12, p256())
}

/// A server that lets its clients renegotiate.
fn server_config() -> Config {
    Config {
        client_renegotiation: true,
        ..server_config12(TLS12, p256())
    }
}

fn connected(client: Config, server: Config) -> (Peer, Peer) {
    let mut client = Peer::client(client).in_world(World12::default());
    let mut server = Peer::server(server).in_world(World12::default());
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    client.events.clear();
    server.events.clear();
    (client, server)
}

fn renegotiate(peer: &mut Peer) -> Vec<u8> {
    let connection = &mut peer.connection;
    connection.rx.renegotiate(&mut connection.tx).unwrap();
    peer.run()
}

fn renegotiations(peer: &Peer) -> usize {
    let events = peer.events.iter();
    events
        .filter(|event| matches!(event, Event::Renegotiated(_)))
        .count()
}

/// Delivers what both say, by way of the data path, until nobody says anything.
fn settle(client: &mut Peer, server: &mut Peer, mut to_server: Vec<u8>, mut to_client: Vec<u8>) {
    for _ in 0..20 {
        if to_server.is_empty() && to_client.is_empty() {
            return;
        }
        let from_client = std::mem::take(&mut to_server);
        let from_server = std::mem::take(&mut to_client);
        to_client.extend(drained(server, &from_client));
        to_server.extend(drained(client, &from_server));
    }
    panic!("they never stop");
}

/// `open` until it has no more control records.
fn drained(peer: &mut Peer, input: &[u8]) -> Vec<u8> {
    let mut said = Vec::new();
    let mut input = input;
    loop {
        let mut data = Vec::new();
        let opened = peer.connection.rx.open(input, &mut data);
        peer.data.extend(data);
        input = &[];
        match opened {
            Opened::Data => return said,
            Opened::Control => said.extend(peer.run()),
        }
        if peer.error.is_some() {
            return said;
        }
    }
}

#[test]
fn data_flows_meanwhile() {
    let (mut client, mut server) = connected(client_config(), server_config());
    let mut to_server = renegotiate(&mut client);
    // Behind the ClientHello, still under the old keys.
    to_server.extend(client.seal(b"question"));
    let mut to_client = server.seal(b"before the hello came");
    to_client.extend(drained(&mut server, &to_server));
    assert_eq!(server.data, b"question");
    // Behind the ServerHelloDone.
    to_client.extend(server.seal(b"answer"));
    let mut to_server = drained(&mut client, &to_client);
    // Behind our Finished, under the new keys.
    to_server.extend(client.seal(b"and more"));
    assert_eq!(client.data, b"before the hello cameanswer");
    settle(&mut client, &mut server, to_server, Vec::new());
    assert_eq!(server.data, b"questionand more");
    assert_eq!((renegotiations(&client), renegotiations(&server)), (1, 1));
    client.data.clear();
    server.data.clear();
    assert_connected(&mut client, &mut server);
}

#[test]
fn byte_by_byte_with_data() {
    let (mut client, mut server) = connected(client_config(), server_config());
    let mut to_server = renegotiate(&mut client);
    to_server.extend(client.seal(b"one"));
    let mut to_client = Vec::new();
    for _ in 0..6 {
        for byte in std::mem::take(&mut to_server) {
            to_client.extend(drained(&mut server, &[byte]));
        }
        for byte in std::mem::take(&mut to_client) {
            to_server.extend(drained(&mut client, &[byte]));
        }
    }
    assert_eq!((renegotiations(&client), renegotiations(&server)), (1, 1));
    assert_eq!(server.data, b"one");
    server.data.clear();
    assert_connected(&mut client, &mut server);
}

/// Whoever has a question to answer gets the data afterwards.
#[test]
fn what_comes_while_a_question_stands_open_is_kept() {
    // Each certificate is a question.
    let config = Config {
        native_verify: None,
        ..client_config()
    };
    let (mut asking, mut other) = connected(config, server_config());
    let to_server = renegotiate(&mut asking);
    let mut to_client = drained(&mut other, &to_server);
    to_client.extend(other.seal(b"data"));
    // By hand: stop at the question.
    let rx = &mut asking.connection.rx;
    let mut out = Vec::new();
    assert_eq!(rx.open(&to_client, &mut out), Opened::Control);
    loop {
        match rx.next_heavy(&mut asking.connection.tx) {
            Output::Ask(Query::PeerCertificate { .. }) => break,
            Output::Idle => panic!("no question"),
            _ => {}
        }
    }
    let late = other.seal(b" later");
    assert_eq!(rx.open(&late, &mut out), Opened::Data);
    assert!(out.is_empty());
    rx.answer(&mut asking.connection.tx, Answer::Continue);
    let to_server = asking.run();
    assert_eq!(asking.data, b"data later");
    settle(&mut asking, &mut other, to_server, Vec::new());
    asking.data.clear();
    assert_connected(&mut asking, &mut other);
}

#[test]
fn a_server_may_want_a_certificate_now() {
    let config = Config {
        credentials: vec![p256().credential()],
        ..client_config()
    };
    let server = Config {
        verify_peer: true,
        native_verify: client_config().native_verify,
        fail_if_no_peer_cert: true,
        ..server_config()
    };
    let (mut client, mut server) = connected(config, server);
    let said = renegotiate(&mut server);
    settle(&mut client, &mut server, Vec::new(), said);
    assert_connected(&mut client, &mut server);
    assert_eq!(server.info().peer_chain[..], p256().chain[..]);
    assert_eq!(renegotiations(&server), 1);
}

/// Suites of this authentication.
fn suites_of(auth: Authentication) -> Vec<CipherSuite> {
    let kx = [KeyExchange::Ecdhe, KeyExchange::EcdhAnon];
    let ephemeral = |row: &&SuiteRow| kx.contains(&row.kx) && row.speaks(TLS12);
    let rows = ALL.iter().filter(ephemeral);
    rows.filter(|row| row.auth == auth)
        .map(|row| row.id)
        .collect()
}

/// A connection that is renegotiated: the client offers suites of one authentication, and then of another, whose certificate the
/// server shows.
fn changed(extended: bool, before: Authentication, after: Authentication) -> (Peer, Peer) {
    let identities = [p256(), &identities()[4]];
    let (store, _) = TrustStore::from_ders(identities.map(|identity| &identity.ca));
    let store = Arc::new(store);
    let config = |auth| Config {
        ask_hello: true,
        cipher_suites: suites_of(auth),
        native_verify: Some(NativeVerify {
            store: store.clone(),
            depth: 10,
        }),
        extended_master_secret: extended,
        ..client_config()
    };
    let second = Arc::new(config(after));
    let mut client = Peer::client(config(before)).answering(move |query| match query {
        Query::ServerHello(_) => Answer::UseConfig(second.clone()),
        _ => Answer::Continue,
    });
    let mut server = Peer::server(Config {
        credentials: identities.map(Identity::credential).to_vec(),
        ..server_config()
    })
    .in_world(World12::default());
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.info().extended_master_secret, extended);
    let said = renegotiate(&mut client);
    settle(&mut client, &mut server, said, Vec::new());
    (client, server)
}

/// The triple handshake: what renegotiation_info proves without extended_master_secret is not enough.
#[test]
fn without_extended_master_secret_the_server_shows_the_same_certificate() {
    use Authentication::{Ecdsa, None as Anonymous, Rsa};
    let cause = Error::from(Offence::ServerCertificateChanged);
    assert_eq!(cause.alert(), AlertDescription::ILLEGAL_PARAMETER);
    for (before, after) in [(Ecdsa, Rsa), (Ecdsa, Anonymous), (Anonymous, Ecdsa)] {
        let (client, server) = changed(false, before, after);
        assert_fails(&client, &server, cause);
        assert_eq!((renegotiations(&client), renegotiations(&server)), (0, 0));
    }
    for stays in [Ecdsa, Rsa, Anonymous] {
        let (mut client, mut server) = changed(false, stays, stays);
        assert_connected(&mut client, &mut server);
        assert_eq!((renegotiations(&client), renegotiations(&server)), (1, 1));
    }
}

#[test]
fn with_extended_master_secret_any_good_certificate_will_do() {
    use Authentication::{Ecdsa, Rsa};
    let (mut client, mut server) = changed(true, Ecdsa, Rsa);
    assert_connected(&mut client, &mut server);
    assert_eq!((renegotiations(&client), renegotiations(&server)), (1, 1));
    assert_eq!(client.info().peer_chain[..], identities()[4].chain[..]);
}

#[test]
fn refusals_have_an_end() {
    let server = Config {
        client_renegotiation: false,
        ..server_config()
    };
    let (mut client, mut server) = connected(client_config(), server);
    for _ in 0..32 {
        let said = renegotiate(&mut client);
        let to_client = drained(&mut server, &said);
        // More warnings in a row than clients like.
        let data = server.seal(b"x");
        drained(&mut client, &[to_client, data].concat());
    }
    assert_eq!(server.error, None);
    let said = renegotiate(&mut client);
    drained(&mut server, &said);
    assert_eq!(server.error, Some(Offence::TooManyRenegotiations.into()));
}

#[test]
fn a_second_wish_while_one_is_under_way_changes_nothing() {
    let (mut client, mut server) = connected(client_config(), server_config());
    let mut to_server = renegotiate(&mut client);
    to_server.extend(renegotiate(&mut client));
    // They cross: the client ignores the HelloRequest.
    let to_client = renegotiate(&mut server);
    settle(&mut client, &mut server, to_server, to_client);
    assert_eq!((renegotiations(&client), renegotiations(&server)), (1, 1));
    assert_connected(&mut client, &mut server);
}

#[test]
fn tls_1_3_has_none() {
    let (mut client, mut server) =
        pair(common::client_config(p256()), common::server_config(p256()));
    for peer in [&mut client, &mut server] {
        let connection = &mut peer.connection;
        assert_eq!(
            connection.rx.renegotiate(&mut connection.tx),
            Err(Error::Local(LocalFailure::NoRenegotiation))
        );
    }
    assert_connected(&mut client, &mut server);
    let mut fresh = Peer::client(client_config());
    let connection = &mut fresh.connection;
    assert_eq!(
        connection.rx.renegotiate(&mut connection.tx),
        Err(Error::Local(LocalFailure::NotConnected))
    );
}

#[test]
fn no_key_update_before_tls_1_3() {
    let (mut client, mut server) = connected(
        Config {
            key_update_at: 100,
            ..client_config()
        },
        server_config(),
    );
    assert_eq!(
        client.connection.tx.update_keys(true),
        Err(Error::Local(LocalFailure::NoKeyUpdate))
    );
    // Not by itself either.
    assert_connected(&mut client, &mut server);
}

#[test]
fn a_session_resumed_may_be_renegotiated() {
    let sessions = Sessions::default();
    let world = || World12::with(&sessions);
    let mut first = Peer::client(client_config()).in_world(World12::default());
    let mut server = Peer::server(server_config()).in_world(world());
    talk(&mut first, &mut server);
    assert_connected(&mut first, &mut server);
    keep(&sessions, &server.events);
    let session = first.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    let params = tls_core::connection::ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        session,
        ..Default::default()
    };
    let connection = tls_core::connection::Connection::client(
        Arc::new(client_config()),
        params,
        Box::new(tls_core::crypto::SystemRandom),
    );
    let mut client = Peer::new(connection);
    client.connection.rx.set_now(NOW);
    let mut server = Peer::server(server_config()).in_world(world());
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert!(client.info().resumed && server.info().resumed);
    let said = renegotiate(&mut client);
    settle(&mut client, &mut server, said, Vec::new());
    assert!(!client.info().resumed && !server.info().resumed);
    assert_connected(&mut client, &mut server);
}

/// `Config::renegotiate_at`: a key is good for so many records, those of the renegotiation not counted.
#[test]
fn a_key_wears_out() {
    let (mut client, mut server) = connected(
        Config {
            renegotiate_at: 3,
            ..client_config()
        },
        server_config(),
    );
    // Its Finished was the first; `connected` has sent more.
    assert!(client.connection.tx.renegotiation_due());
    assert!(!server.connection.tx.renegotiation_due());
    let said = renegotiate(&mut client);
    settle(&mut client, &mut server, said, Vec::new());
    for due in [false, false, true] {
        let sealed = client.seal(b"x");
        drained(&mut server, &sealed);
        assert_eq!(client.connection.tx.renegotiation_due(), due);
    }
    let (new, _) = pair(
        Config {
            renegotiate_at: 1,
            ..common::client_config(p256())
        },
        common::server_config(p256()),
    );
    assert!(!new.connection.tx.renegotiation_due());
}
