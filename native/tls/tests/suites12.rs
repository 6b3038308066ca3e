//! Every suite of TLS 1.0 to 1.2 through a whole life: a session made and resumed, with and without extended_master_secret,
//! and renegotiations from both sides.

mod common;
use common::world::{keep, Sessions, World12};
use common::*;
use std::sync::Arc;
use tls_core::config::Config;
use tls_core::connection::{ClientParams, Connection, VerifyName};
use tls_core::crypto::suites::{Authentication, SuiteRow, SUITES as ALL};
use tls_core::crypto::SystemRandom;
use tls_core::enums::*;
use tls_core::query::Event;
use tls_core::session::SavedSession;

fn connected(
    version: ProtocolVersion,
    row: &SuiteRow,
    extended_master_secret: bool,
    session: Option<SavedSession>,
    sessions: &Sessions,
) -> (Peer, Peer) {
    let identity = identity_for(row);
    let config = Config {
        cipher_suites: vec![row.id],
        extended_master_secret,
        ..client_config12(version, identity)
    };
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
        session,
    };
    let mut client = Connection::client(Arc::new(config), params, Box::new(SystemRandom));
    client.rx.set_now(NOW);
    let mut client = Peer::new(client).in_world(World12::default());
    let server = Config {
        client_renegotiation: true,
        ..server_config12(version, identity)
    };
    let mut server = Peer::server(server).in_world(World12::with(sessions));
    talk(&mut client, &mut server);
    check(row, &mut client, &mut server);
    keep(sessions, &server.events);
    let info = client.info();
    assert_eq!((info.version, info.cipher_suite), (version, row.id));
    assert_eq!(info.extended_master_secret, extended_master_secret);
    (client, server)
}

/// Both are connected, with the certificates and the master secret that belong to the suite.
fn check(row: &SuiteRow, client: &mut Peer, server: &mut Peer) {
    assert_eq!((client.error, server.error), (None, None), "{:?}", row.id);
    assert_connected(client, server);
    let master = |peer: &Peer| peer.connection.rx.master_secret().unwrap().clone();
    assert!(master(client) == master(server));
    let certified = row.auth != Authentication::None;
    assert_eq!(!client.info().peer_chain.is_empty(), certified);
    assert_eq!(client.info().resumed, server.info().resumed);
    assert_eq!(client.info().session_id, server.info().session_id);
    assert_eq!(client.info().group, server.info().group);
}

fn life(version: ProtocolVersion, row: &SuiteRow, extended_master_secret: bool) {
    let sessions = Sessions::default();
    let connected = |session| connected(version, row, extended_master_secret, session, &sessions);
    let (first, _) = connected(None);
    let session = first.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    let (mut client, mut server) = connected(Some(session.expect("a session")));
    assert!(client.info().resumed);
    assert_eq!(client.info().session_id, first.info().session_id);
    for by_client in [true, false] {
        let Connection { rx, tx } = match by_client {
            true => &mut client.connection,
            false => &mut server.connection,
        };
        rx.renegotiate(tx).unwrap();
        talk(&mut client, &mut server);
        check(row, &mut client, &mut server);
        assert!(!client.info().resumed);
    }
    for peer in [client, server] {
        let events = peer.events.iter();
        let done = events.filter(|event| matches!(event, Event::Renegotiated(_)));
        assert_eq!(done.count(), 2);
    }
}

fn lives(version: ProtocolVersion) -> usize {
    let rows = ALL.iter().filter(|row| row.speaks(version));
    rows.map(|row| {
        life(version, row, true);
        life(version, row, false);
    })
    .count()
}

#[test]
fn of_tls_1_2() {
    assert_eq!(lives(ProtocolVersion::TLS12), 126);
}

#[test]
fn of_tls_1_1() {
    assert_eq!(lives(ProtocolVersion::TLS11), 68);
}

#[test]
fn of_tls_1_0() {
    assert_eq!(lives(ProtocolVersion::TLS10), 68);
}
