//! Our client against our server in TLS 1.0 to 1.2.

mod common;
use common::world::{keep, Sessions, World12, PSK_IDENTITY, SRP_USER};
use common::*;
use std::sync::Arc;
use tls_core::config::{Config, Npn};
use tls_core::connection::{ClientParams, Connection, VerifyName};
use tls_core::crypto::sign::{CertifiedKey, KeyKind, PrivateKey};
use tls_core::crypto::suites::{suite, Authentication, KeyExchange, SUITES as ALL};
use tls_core::crypto::SystemRandom;
use tls_core::enums::*;
use tls_core::error::{Error, Offence};
use tls_core::query::{Answer, Event, Query};
use tls_core::session::SavedSession;

const TLS10: ProtocolVersion = ProtocolVersion::TLS10;
const TLS11: ProtocolVersion = ProtocolVersion::TLS11;
const TLS12: ProtocolVersion = ProtocolVersion::TLS12;
const TLS13: ProtocolVersion = ProtocolVersion::TLS13;
const OLD: [ProtocolVersion; 3] = [TLS10, TLS11, TLS12];

fn connect(client: Config, server: Config) -> (Peer, Peer) {
    let mut client = Peer::client(client).in_world(World12::default());
    let mut server = Peer::server(server).in_world(World12::default());
    talk(&mut client, &mut server);
    (client, server)
}

/// Connected; the two agree on what was negotiated.
fn connected(client: Config, server: Config) -> (Peer, Peer) {
    let (mut client, mut server) = connect(client, server);
    assert_connected(&mut client, &mut server);
    let master = |peer: &Peer| peer.connection.rx.master_secret().unwrap().clone();
    assert!(master(&client) == master(&server));
    let (ours, theirs) = (client.info(), server.info());
    assert_eq!(ours.version, theirs.version);
    assert_eq!(ours.cipher_suite, theirs.cipher_suite);
    assert_eq!(ours.group, theirs.group);
    assert_eq!(ours.alpn, theirs.alpn);
    assert_eq!(ours.session_id, theirs.session_id);
    assert_eq!(ours.extended_master_secret, theirs.extended_master_secret);
    assert_eq!(ours.max_fragment_length, theirs.max_fragment_length);
    assert_eq!(ours.srp_username, theirs.srp_username);
    (client, server)
}

#[test]
fn every_suite_in_every_version_that_it_speaks() {
    let mut count = 0;
    for version in OLD {
        for row in ALL.iter().filter(|row| row.speaks(version)) {
            let identity = identity_for(row);
            let client = Config {
                cipher_suites: vec![row.id],
                ..client_config12(version, identity)
            };
            let (client, _) = connected(client, server_config12(version, identity));
            let info = client.info();
            assert_eq!((info.version, info.cipher_suite), (version, row.id));
            let certified = row.auth != Authentication::None;
            assert_eq!(!info.peer_chain.is_empty(), certified, "{:?}", row.id);
            let srp = row.kx == KeyExchange::Srp;
            assert_eq!(info.srp_username.as_deref(), srp.then_some(SRP_USER));
            count += 1;
        }
    }
    assert_eq!(count, 262);
}

#[test]
fn every_curve_and_signature() {
    for version in OLD {
        for identity in identities() {
            for curve in &GROUPS[1..] {
                let rsa = identity.scheme == SignatureScheme::RSA_PSS_RSAE_SHA256;
                if identity.scheme == SignatureScheme::ED25519 {
                    continue;
                }
                let client = Config {
                    cipher_suites: vec![match rsa {
                        true => CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
                        false => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
                    }],
                    curves: vec![*curve],
                    ..client_config12(version, identity)
                };
                let (client, _) = connected(client, server_config12(version, identity));
                assert_eq!(client.info().group, Some(*curve));
                assert!(client.info().signature_scheme.is_some());
            }
        }
    }
}

#[test]
fn byte_by_byte() {
    for version in OLD {
        let mut client =
            Peer::client(client_config12(version, p256())).in_world(World12::default());
        let mut server =
            Peer::server(server_config12(version, p256())).in_world(World12::default());
        talk_by(&mut client, &mut server, Delivery::ByteByByte);
        assert_connected(&mut client, &mut server);
    }
}

// ---- versions ----

/// Speaks what is listed, with the suites of all versions.
fn speaks(versions: &[ProtocolVersion], config: Config) -> Config {
    Config {
        versions: versions.to_vec(),
        cipher_suites: [SUITES, &config.cipher_suites].concat(),
        ..config
    }
}

#[test]
fn the_highest_version_in_common_is_spoken() {
    let all = [TLS13, TLS12, TLS11, TLS10];
    for client_lowest in 0..all.len() {
        for server_highest in 0..all.len() {
            let client = speaks(&all[..=client_lowest], client_config12(TLS12, p256()));
            let server = speaks(&all[server_highest..], server_config12(TLS12, p256()));
            let (client, server) = connect(client, server);
            if server_highest > client_lowest {
                assert!(!client.is_connected() && !server.is_connected());
                // As OTP has it, servers before 1.2 do not read supported_versions, and answer with what they have.
                if all[server_highest] == TLS12 {
                    assert_fails(&server, &client, Offence::UnsupportedVersion);
                }
            } else {
                assert_eq!(client.info().version, all[server_highest]);
                assert_eq!(server.info().version, all[server_highest]);
            }
        }
    }
}

#[test]
fn a_gap_in_the_clients_versions_is_no_bridge() {
    let client = speaks(&[TLS12, TLS10], client_config12(TLS12, p256()));
    let server = speaks(&[TLS11], server_config12(TLS12, p256()));
    let (client, server) = connect(client, server);
    assert_fails(&client, &server, Offence::UnsupportedVersion);
}

#[test]
fn who_falls_back_without_need_is_told() {
    let client = Config {
        fallback: true,
        ..client_config12(TLS11, p256())
    };
    let server = speaks(&[TLS12, TLS11], server_config12(TLS12, p256()));
    let (client, server) = connect(client, server);
    assert_fails(&server, &client, Offence::InappropriateFallback);
    let client = Config {
        fallback: true,
        ..client_config12(TLS11, p256())
    };
    connected(client, server_config12(TLS11, p256()));
}

// ---- authentication ----

#[test]
fn clients_authenticate_with_every_kind_of_key() {
    for version in OLD {
        for identity in identities().iter().chain([dsa::identity()]) {
            let ed25519 = identity.scheme == SignatureScheme::ED25519;
            let client = Config {
                credentials: vec![identity.credential()],
                ..client_config12(version, p256())
            };
            let server = Config {
                verify_peer: true,
                native_verify: client_config(identity).native_verify,
                ..server_config12(version, p256())
            };
            let (client, server) = connected(client, server);
            let used = if ed25519 { None } else { Some(0) };
            assert_eq!(client.info().own_credential, used);
            assert_eq!(server.info().peer_chain.is_empty(), ed25519);
            assert_eq!(
                server.info().signature_scheme,
                client.info().own_signature_scheme
            );
        }
    }
}

#[test]
fn a_server_may_insist_on_a_certificate() {
    for version in OLD {
        let server = Config {
            verify_peer: true,
            fail_if_no_peer_cert: true,
            native_verify: client_config(p256()).native_verify,
            ..server_config12(version, p256())
        };
        let (client, server) = connect(client_config12(version, p256()), server);
        assert!(server.error.is_some());
        assert_eq!(
            client.error,
            Some(Error::AlertReceived(server.error.unwrap().alert()))
        );
    }
}

#[test]
fn certificates_of_the_authorities_that_a_server_names_come_first() {
    let ca = rsa().ca.clone();
    let name = tls_core::x509::issuer(&ca).unwrap().to_vec();
    let client = Config {
        credentials: vec![p256().credential(), rsa().credential()],
        ..client_config12(TLS12, p256())
    };
    let server = Config {
        verify_peer: true,
        native_verify: client_config(rsa()).native_verify,
        // What is no name harms the others in nothing.
        certificate_authorities: Some(vec![vec![0xff; 7], name, b"rubbish".to_vec()]),
        ..server_config12(TLS12, p256())
    };
    let (client, _) = connected(client, server);
    assert_eq!(client.info().own_credential, Some(1));
}

#[test]
fn clients_sign_as_the_server_prefers() {
    use SignatureScheme as S;
    for schemes in [
        [S::RSA_PKCS1_SHA384, S::RSA_PSS_RSAE_SHA256],
        [S::RSA_PSS_RSAE_SHA512, S::RSA_PKCS1_SHA256],
    ] {
        let server = Config {
            verify_peer: true,
            native_verify: client_config(rsa()).native_verify,
            signature_algs: [&schemes[..], SCHEMES].concat(),
            ..server_config12(TLS12, p256())
        };
        let client = Config {
            credentials: vec![rsa().credential()],
            ..client_config12(TLS12, p256())
        };
        let (client, _) = connected(client, server);
        assert_eq!(client.info().own_signature_scheme, Some(schemes[0]));
    }
}

#[test]
fn the_world_judges_what_native_verification_does_not() {
    let client = Config {
        native_verify: None,
        ..client_config12(TLS12, p256())
    };
    let (client, _) = connected(client, server_config12(TLS12, p256()));
    assert_eq!(client.queries, ["peer_certificate"]);
    let client = Config {
        native_verify: None,
        ..client_config12(TLS12, p256())
    };
    let mut client =
        Peer::client(client).answering(|_| Answer::Abort(AlertDescription::CERTIFICATE_EXPIRED));
    let mut server = Peer::server(server_config12(TLS12, p256()));
    talk(&mut client, &mut server);
    let cause = Error::Aborted(AlertDescription::CERTIFICATE_EXPIRED);
    assert_fails(&client, &server, cause);
}

// ---- pre-shared keys and passwords ----

fn only(kx: KeyExchange, config: Config) -> Config {
    let version = config.versions[0];
    let rows = ALL.iter().filter(|row| row.kx == kx && row.speaks(version));
    Config {
        cipher_suites: rows.map(|row| row.id).collect(),
        ..config
    }
}

#[test]
fn a_server_gives_a_hint_or_none() {
    for hint in [None, Some(Vec::new()), Some(PSK_IDENTITY.to_vec())] {
        for kx in [
            KeyExchange::Psk,
            KeyExchange::RsaPsk,
            KeyExchange::DhePsk,
            KeyExchange::EcdhePsk,
        ] {
            let client = only(kx, client_config12(TLS12, rsa()));
            let server = Config {
                psk_identity: hint.clone(),
                ..server_config12(TLS12, rsa())
            };
            // With ephemeral keys there is always one, perhaps empty.
            let shown = match kx {
                KeyExchange::Psk | KeyExchange::RsaPsk => hint.clone(),
                _ => Some(hint.clone().unwrap_or_default()),
            };
            let mut world = World12::default();
            let mut client = Peer::client(client).answering(move |query| {
                if let Query::PskLookup { identity } = query {
                    assert_eq!(*identity, shown, "{kx:?}");
                }
                world.answer(query)
            });
            let mut server = Peer::server(server).in_world(World12::default());
            talk(&mut client, &mut server);
            assert!(client.queries.contains(&"psk_lookup"));
            assert!(server.queries.contains(&"psk_lookup"));
        }
    }
}

#[test]
fn who_knows_no_key_says_so() {
    let refuse = |query: &Query| match query {
        Query::PskLookup { .. } | Query::SrpServer { .. } => Answer::Unknown,
        _ => panic!("{query:?}"),
    };
    let client_config = || only(KeyExchange::Psk, client_config12(TLS12, p256()));
    let mut client = Peer::client(client_config()).answering(refuse);
    let mut server = Peer::server(server_config12(TLS12, p256())).in_world(World12::default());
    talk(&mut client, &mut server);
    let cause = Error::Aborted(AlertDescription::ILLEGAL_PARAMETER);
    assert_fails(&client, &server, cause);

    let mut client = Peer::client(client_config()).in_world(World12::default());
    let mut server = Peer::server(server_config12(TLS12, p256())).answering(refuse);
    talk(&mut client, &mut server);
    let cause = server.error.unwrap();
    assert_fails(&server, &client, cause);

    let mut client = Peer::client(only(KeyExchange::Srp, client_config12(TLS12, p256())))
        .in_world(World12::default());
    let mut server = Peer::server(server_config12(TLS12, p256())).answering(refuse);
    talk(&mut client, &mut server);
    let cause = server.error.unwrap();
    assert_fails(&server, &client, cause);
}

#[test]
fn an_identity_may_be_empty() {
    for version in OLD {
        for kx in [KeyExchange::Psk, KeyExchange::EcdhePsk] {
            let client = Config {
                psk_identity: Some(Vec::new()),
                ..only(kx, client_config12(version, p256()))
            };
            let (_, server) = connected(client, server_config12(version, p256()));
            assert_eq!(server.queries, ["psk_lookup"]);
        }
    }
}

#[test]
fn different_keys_end_at_finished() {
    let mut client = Peer::client(only(KeyExchange::Psk, client_config12(TLS12, p256())))
        .answering(|_| Answer::Secret(vec![1; 16].as_slice().into()));
    let mut server = Peer::server(server_config12(TLS12, p256())).in_world(World12::default());
    talk(&mut client, &mut server);
    assert!(server.error.is_some() && client.error.is_some());
    assert!(!client.is_connected() && !server.is_connected());
}

// ---- extensions ----

#[test]
fn the_extended_master_secret_is_used_where_both_know_it() {
    for version in OLD {
        for (ours, theirs) in [(true, true), (true, false), (false, true), (false, false)] {
            let client = Config {
                extended_master_secret: ours,
                ..client_config12(version, p256())
            };
            let server = Config {
                extended_master_secret: theirs,
                ..server_config12(version, p256())
            };
            let (client, _) = connected(client, server);
            assert_eq!(client.info().extended_master_secret, ours && theirs);
        }
    }
}

#[test]
fn application_protocols_by_alpn() {
    let client = Config {
        alpn: Some(vec![b"a".to_vec(), b"b".to_vec()]),
        ..client_config12(TLS12, p256())
    };
    let server = Config {
        alpn: Some(vec![b"b".to_vec()]),
        ..server_config12(TLS12, p256())
    };
    let (client, _) = connected(client, server);
    assert_eq!(client.info().alpn.as_deref(), Some(&b"b"[..]));
}

#[test]
fn application_protocols_by_npn() {
    let list = |names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    };
    for (own_order, theirs, chosen) in [
        (true, list(&["b", "a"]), "a"),
        (false, list(&["b", "a"]), "b"),
        (true, list(&["x"]), "z"),
        (false, list(&[]), "z"),
    ] {
        for version in OLD {
            let client = Config {
                npn: Some(Npn::Choose {
                    own_order,
                    protocols: list(&["a", "b"]),
                    default: b"z".to_vec(),
                }),
                ..client_config12(version, p256())
            };
            let server = Config {
                npn: Some(Npn::Advertised(theirs.clone())),
                ..server_config12(version, p256())
            };
            let (client, _) = connected(client, server);
            assert_eq!(client.info().alpn.as_deref(), Some(chosen.as_bytes()));
        }
    }
    // Where only one of them knows it nothing happens.
    let server = Config {
        npn: Some(Npn::Advertised(list(&["a"]))),
        ..server_config12(TLS12, p256())
    };
    let (client, _) = connected(client_config12(TLS12, p256()), server);
    assert_eq!(client.info().alpn, None);
}

#[test]
fn max_fragment_length_bounds_records() {
    for version in OLD {
        let client = Config {
            max_fragment_length: Some(512),
            ..client_config12(version, p256())
        };
        let (client, mut server) = connected(client, server_config12(version, p256()));
        assert_eq!(client.info().max_fragment_length, Some(512));
        let sealed = server.seal(&[7; 2000]);
        let mut at = 0;
        while at < sealed.len() {
            let len = usize::from(u16::from_be_bytes([sealed[at + 3], sealed[at + 4]]));
            assert!(len <= 512 + 100, "{len}");
            at += 5 + len;
        }
    }
}

// ---- sessions ----

fn resuming(config: Config, session: Option<SavedSession>) -> Peer {
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
        session,
    };
    let mut connection = Connection::client(Arc::new(config), params, Box::new(SystemRandom));
    connection.rx.set_now(NOW);
    Peer::new(connection).in_world(World12::default())
}

/// A server that knows `sessions` and keeps new ones.
fn keeping(config: Config, sessions: &Sessions) -> Peer {
    Peer::server(config).in_world(World12::with(sessions))
}

fn saved(peer: &Peer) -> Option<SavedSession> {
    peer.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    })
}

/// A first connection: the client's session, and what the server keeps.
fn first_connection(client: Config, server: Config) -> (SavedSession, Sessions) {
    let sessions = Sessions::default();
    let mut client = resuming(client, None);
    let mut server = keeping(server, &sessions);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    keep(&sessions, &server.events);
    (saved(&client).expect("a session"), sessions)
}

/// Was it resumed?
fn second_connection(
    client: Config,
    server: Config,
    session: SavedSession,
    sessions: &Sessions,
) -> bool {
    let mut client = resuming(client, Some(session));
    let mut server = keeping(server, sessions);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.info().resumed, server.info().resumed);
    assert_eq!(client.info().peer_chain[..], p256().chain[..]);
    assert_eq!(saved(&client).is_none(), client.info().resumed);
    client.info().resumed
}

#[test]
fn sessions_are_resumed_by_id() {
    for version in OLD {
        let client = || client_config12(version, p256());
        let server = || server_config12(version, p256());
        let (session, sessions) = first_connection(client(), server());
        for _ in 0..2 {
            assert!(second_connection(
                client(),
                server(),
                session.clone(),
                &sessions
            ));
        }
        let through_bytes = SavedSession::from_bytes(session.to_bytes().unwrap().as_ref()).unwrap();
        assert!(second_connection(
            client(),
            server(),
            through_bytes,
            &sessions
        ));
    }
}

#[test]
fn a_client_of_tls_1_3_resumes_what_an_older_server_gave() {
    let client = || speaks(&[TLS13, TLS12], client_config12(TLS12, p256()));
    let server = || server_config12(TLS12, p256());
    let (session, sessions) = first_connection(client(), server());
    assert!(second_connection(client(), server(), session, &sessions));
}

#[test]
fn a_session_is_for_who_made_it() {
    let client = || client_config12(TLS12, p256());
    let server = || server_config12(TLS12, p256());
    let (session, sessions) = first_connection(client(), server());
    let again = |client, server, session| second_connection(client, server, session, &sessions);
    // Other verification settings or trust stores.
    let other = Config {
        session_scope: vec![1],
        ..client()
    };
    assert!(!again(other, server(), session.clone()));
    let other = Config {
        session_scope: vec![1],
        ..server()
    };
    assert!(!again(client(), other, session.clone()));
    // Another host: CVE-2026-105236.
    let elsewhere = SavedSession {
        server_name: Some(b"other.test".to_vec()),
        ..session.clone()
    };
    assert!(!again(client(), server(), elsewhere));
    // What is no longer offered.
    let row = suite(session.suite).unwrap();
    let less = Config {
        cipher_suites: client()
            .cipher_suites
            .into_iter()
            .filter(|id| *id != row.id)
            .collect(),
        ..client()
    };
    assert!(!again(less, server(), session.clone()));
    let without = Config {
        extended_master_secret: false,
        ..client()
    };
    assert!(!again(without, server(), session.clone()));
    assert!(again(client(), server(), session));
}

#[test]
fn next_protocols_are_negotiated_in_resumed_sessions_too() {
    let client = || Config {
        npn: Some(Npn::Choose {
            own_order: true,
            protocols: vec![b"a".to_vec()],
            default: Vec::new(),
        }),
        max_fragment_length: Some(1024),
        ..client_config12(TLS12, p256())
    };
    let server = || Config {
        npn: Some(Npn::Advertised(vec![b"a".to_vec()])),
        ..server_config12(TLS12, p256())
    };
    let (session, sessions) = first_connection(client(), server());
    let mut client = resuming(client(), Some(session));
    let mut server = keeping(server(), &sessions);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    for peer in [&client, &server] {
        assert!(peer.info().resumed);
        assert_eq!(peer.info().alpn.as_deref(), Some(&b"a"[..]));
        assert_eq!(peer.info().max_fragment_length, Some(1024));
    }
}

/// RFC 6066 section 4: what was agreed on holds for the session. A client that asks for a length when it resumes one without
/// is not answered, and sends long records.
#[test]
fn a_session_keeps_the_length_of_its_fragments() {
    for (first, second) in [
        (None, Some(512)),
        (Some(512), None),
        (Some(512), Some(1024)),
    ] {
        let client = |max_fragment_length| Config {
            max_fragment_length,
            ..client_config12(TLS12, p256())
        };
        let server = || server_config12(TLS12, p256());
        let (session, sessions) = first_connection(client(first), server());
        let mut client = resuming(client(second), Some(session));
        let mut server = keeping(server(), &sessions);
        talk(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        let data = client.seal(&[7; 2000]);
        server.open(&data);
        let data = server.seal(&[8; 2000]);
        client.open(&data);
        for peer in [&client, &server] {
            assert_eq!(peer.error, None, "{first:?} {second:?}");
            assert!(peer.info().resumed && peer.data.len() >= 2000);
            assert_eq!(peer.info().max_fragment_length, first);
        }
    }
}

/// Who keeps sessions keeps the peer's certificates with them, and a peer can send a quarter of a megabyte of those.
#[test]
fn a_session_with_many_certificates_is_not_kept() {
    for (certificates, kept) in [(1, true), (40, false)] {
        let mut chain = p256().chain.clone();
        chain.resize(certificates, vec![0; 1000]);
        let key = PrivateKey::from_der(KeyKind::Pkcs8, &p256().key_pkcs8).unwrap();
        let server = Config {
            credentials: vec![Arc::new(CertifiedKey::new(chain, key).unwrap())],
            ..config12(TLS12)
        };
        let mut client = resuming(config12(TLS12), None);
        let mut server = keeping(server, &Sessions::default());
        talk(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        assert_eq!(client.info().peer_chain.len(), certificates);
        assert_eq!(saved(&client).is_some(), kept);
        assert_eq!(client.connection.rx.saved_session().is_some(), kept);
        assert!(saved(&server).is_some());
    }
}

// ---- renegotiation ----

const RENEGOTIATION_INTERVAL: u64 = 12;

fn renegotiating() -> (Peer, Peer) {
    let server = Config {
        client_renegotiation: true,
        alpn: Some(vec![b"h2".to_vec()]),
        ..server_config12(TLS12, p256())
    };
    let client = Config {
        alpn: Some(vec![b"h2".to_vec()]),
        max_fragment_length: Some(2048),
        ..client_config12(TLS12, p256())
    };
    connected(client, server)
}

fn renegotiated(peer: &Peer) -> usize {
    let event = |event: &&Event| matches!(event, Event::Renegotiated(_));
    peer.events.iter().filter(event).count()
}

fn begin(peer: &mut Peer) {
    let Connection { rx, tx } = &mut peer.connection;
    rx.renegotiate(tx).unwrap();
}

#[test]
fn either_side_renegotiates_again_and_again() {
    for version in OLD {
        let server = Config {
            client_renegotiation: true,
            ..server_config12(version, p256())
        };
        let (mut client, mut server) = connected(client_config12(version, p256()), server);
        let master = |peer: &Peer| peer.connection.rx.master_secret().unwrap().clone();
        for round in 1..=4 {
            let before = master(&client);
            server.connection.rx.set_now(NOW + 100 * round as u64);
            let who = if round % 2 == 0 {
                &mut client
            } else {
                &mut server
            };
            begin(who);
            talk(&mut client, &mut server);
            assert_connected(&mut client, &mut server);
            assert_eq!(
                (renegotiated(&client), renegotiated(&server)),
                (round, round)
            );
            assert!(master(&client) == master(&server) && master(&client) != before);
        }
    }
}

#[test]
fn what_was_negotiated_once_stays() {
    let (mut client, mut server) = renegotiating();
    begin(&mut client);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    for peer in [&client, &server] {
        assert_eq!(renegotiated(peer), 1);
        assert_eq!(peer.info().alpn.as_deref(), Some(&b"h2"[..]));
        assert_eq!(peer.info().max_fragment_length, Some(2048));
        assert!(peer.info().extended_master_secret);
    }
}

/// At every point of the renegotiation, from both sides.
#[test]
fn data_flows_during_a_renegotiation() {
    for starter in [Role::Client, Role::Server] {
        let (mut client, mut server) = renegotiating();
        begin(match starter {
            Role::Client => &mut client,
            Role::Server => &mut server,
        });
        let (mut to_server, mut to_client) = (client.run(), server.run());
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for round in 0..8u8 {
            said.push(round);
            to_server.extend(client.seal(&[round]));
            to_client.extend(server.seal(&[round]));
            let answer = server.open(&std::mem::take(&mut to_server));
            to_client.extend(answer);
            let answer = client.open(&std::mem::take(&mut to_client));
            to_server.extend(answer);
            heard.append(&mut client.data);
        }
        let answer = server.open(&to_server);
        client.open(&answer);
        heard.append(&mut client.data);
        assert_eq!((client.error, server.error), (None, None));
        assert_eq!((renegotiated(&client), renegotiated(&server)), (1, 1));
        assert_eq!((&server.data, &heard), (&said, &said));
        server.data.clear();
        assert_connected(&mut client, &mut server);
    }
}

fn refused(peer: &Peer) -> bool {
    let event = |event: &Event| matches!(event, Event::RenegotiationRefused);
    peer.events.iter().any(event)
}

#[test]
fn a_server_need_not_renegotiate() {
    let (mut client, mut server) = connected(
        client_config12(TLS12, p256()),
        server_config12(TLS12, p256()),
    );
    begin(&mut client);
    talk(&mut client, &mut server);
    assert!(refused(&client));
    assert_eq!((renegotiated(&client), renegotiated(&server)), (0, 0));
    assert_connected(&mut client, &mut server);
    // It may still ask itself.
    begin(&mut server);
    talk(&mut client, &mut server);
    assert_eq!((renegotiated(&client), renegotiated(&server)), (1, 1));
    assert_connected(&mut client, &mut server);
}

#[test]
fn a_client_may_renegotiate_only_so_often() {
    let (mut client, mut server) = renegotiating();
    for (now, count) in [(NOW, 1), (NOW + 1, 1), (NOW + RENEGOTIATION_INTERVAL, 2)] {
        server.connection.rx.set_now(now);
        begin(&mut client);
        talk(&mut client, &mut server);
        assert_eq!(renegotiated(&client), count, "{}", now - NOW);
        assert_connected(&mut client, &mut server);
    }
    assert!(refused(&client));
}

#[test]
fn clients_authenticate_in_a_renegotiation_too() {
    let client = Config {
        credentials: vec![p256().credential()],
        ..client_config12(TLS12, p256())
    };
    let server = Config {
        client_renegotiation: true,
        verify_peer: true,
        native_verify: client_config(p256()).native_verify,
        ..server_config12(TLS12, p256())
    };
    let (mut client, mut server) = connected(client, server);
    begin(&mut server);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(server.info().peer_chain[..], p256().chain[..]);
    assert_eq!(renegotiated(&server), 1);
}

#[test]
fn tls_1_3_does_not_renegotiate() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    for peer in [&mut client, &mut server] {
        let Connection { rx, tx } = &mut peer.connection;
        assert!(rx.renegotiate(tx).is_err());
    }
    assert_connected(&mut client, &mut server);
}
