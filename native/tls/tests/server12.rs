//! A server of TLS 1.0 to 1.2: what it chooses, what it asks of the world, what it tells.

mod common;
use common::world::{keep, Sessions, World12};
use common::*;
use std::sync::Arc;
use tls_core::config::Config;
use tls_core::connection::{ClientParams, Connection};
use tls_core::crypto::sign::CertifiedKey;
use tls_core::crypto::suites::{KeyExchange, SUITES as ALL};
use tls_core::crypto::SystemRandom;
use tls_core::enums::*;
use tls_core::error::{Error, Offence};
use tls_core::query::{Answer, Event, Query};
use tls_core::record::RecordError;
use tls_core::session::SavedSession;

const TLS12: ProtocolVersion = ProtocolVersion::TLS12;
const TLS11: ProtocolVersion = ProtocolVersion::TLS11;
const TLS13: ProtocolVersion = ProtocolVersion::TLS13;

const ECDSA_GCM: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const RSA_GCM: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
const RSA_CHACHA: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;

fn rsa() -> &'static Identity {
    let mut all = identities().iter();
    all.find(|identity| identity.scheme == SignatureScheme::RSA_PSS_RSAE_SHA256)
        .unwrap()
}

/// Takes any certificate.
fn client_config(version: ProtocolVersion) -> Config {
    Config {
        verify_peer: false,
        ..config12(version)
    }
}

fn connect(client: Config, server: Config) -> (Peer, Peer) {
    let mut client = Peer::client(client).in_world(World12::default());
    let mut server = Peer::server(server).in_world(World12::default());
    talk(&mut client, &mut server);
    (client, server)
}

fn connected(client: Config, server: Config) -> (Peer, Peer) {
    let (mut client, mut server) = connect(client, server);
    assert_connected(&mut client, &mut server);
    (client, server)
}

// ---- choices ----

#[test]
fn suites_by_the_clients_order_or_ours() {
    for (honor, chosen) in [(false, RSA_GCM), (true, RSA_CHACHA)] {
        let client = Config {
            cipher_suites: vec![RSA_GCM, RSA_CHACHA],
            ..client_config(TLS12)
        };
        let server = Config {
            cipher_suites: vec![RSA_CHACHA, RSA_GCM],
            honor_cipher_order: honor,
            ..server_config12(TLS12, rsa())
        };
        let (client, _) = connected(client, server);
        assert_eq!(client.info().cipher_suite, chosen);
    }
}

#[test]
fn curves_by_the_clients_order_or_ours() {
    let (p256, p384) = (NamedGroup::SECP256R1, NamedGroup::SECP384R1);
    for (honor, chosen) in [(false, p256), (true, p384)] {
        let client = Config {
            curves: vec![NamedGroup::X448, p256, p384],
            cipher_suites: vec![RSA_GCM],
            ..client_config(TLS12)
        };
        let server = Config {
            curves: vec![NamedGroup::X25519, p384, p256],
            honor_ecc_order: honor,
            ..server_config12(TLS12, rsa())
        };
        let (client, _) = connected(client, server);
        assert_eq!(client.info().group, Some(chosen));
    }
}

/// As OTP has it: with EC certificates other suites are looked for, with others ECDHE fails if it comes first.
#[test]
fn without_a_common_curve() {
    let plain = CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256;
    let client = |suites: &[CipherSuite]| Config {
        curves: vec![NamedGroup::X448],
        cipher_suites: suites.to_vec(),
        ..client_config(TLS12)
    };
    let server = || Config {
        credentials: vec![p256().credential(), rsa().credential()],
        ..config12(TLS12)
    };
    let (found, _) = connected(client(&[ECDSA_GCM, plain, RSA_GCM]), server());
    assert_eq!(found.info().cipher_suite, plain);
    assert_eq!(found.info().group, None);
    let (found, server) = connect(client(&[RSA_GCM, plain]), server());
    assert_fails(&server, &found, Offence::NoSharedGroup);
}

#[test]
fn without_a_group_there_is_no_dhe() {
    let client = Config {
        cipher_suites: vec![CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, RSA_GCM],
        ..client_config(TLS12)
    };
    let server = Config {
        dh: None,
        ..server_config12(TLS12, rsa())
    };
    let (client, _) = connected(client, server);
    assert_eq!(client.info().cipher_suite, RSA_GCM);
}

/// The first of the certificates that can be used decides.
#[test]
fn certificates_by_what_the_client_can_take() {
    let server = || Config {
        credentials: vec![p256().credential(), rsa().credential()],
        ..config12(TLS12)
    };
    let both = vec![RSA_GCM, ECDSA_GCM];
    let (client, _) = connected(
        Config {
            cipher_suites: both.clone(),
            ..client_config(TLS12)
        },
        server(),
    );
    assert_eq!(client.info().cipher_suite, ECDSA_GCM);
    assert_eq!(client.info().peer_chain[..], p256().chain[..]);
    // A client that cannot verify ECDSA.
    let (client, server) = connected(
        Config {
            cipher_suites: both,
            signature_algs: vec![SignatureScheme::RSA_PKCS1_SHA256],
            ..client_config(TLS12)
        },
        server(),
    );
    assert_eq!(client.info().cipher_suite, RSA_GCM);
    assert_eq!(server.info().own_credential, Some(1));
    assert_eq!(
        server.info().own_signature_scheme,
        Some(SignatureScheme::RSA_PKCS1_SHA256)
    );
}

#[test]
fn signature_schemes_by_the_clients_order() {
    for scheme in [
        SignatureScheme::RSA_PKCS1_SHA512,
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PKCS1_SHA1,
    ] {
        let client = Config {
            cipher_suites: vec![RSA_GCM],
            signature_algs: vec![
                SignatureScheme::ED25519,
                SignatureScheme::ECDSA_SHA1,
                scheme,
                SignatureScheme::RSA_PKCS1_SHA256,
            ],
            ..client_config(TLS12)
        };
        let (client, _) = connected(client, server_config12(TLS12, rsa()));
        assert_eq!(client.info().signature_scheme, Some(scheme));
    }
}

/// RFC 8446 section 4.1.3
#[test]
fn the_random_tells_who_could_do_better() {
    let random = |client: ProtocolVersion, server: &[ProtocolVersion]| {
        let suites = ALL.iter().filter(|row| row.kx == KeyExchange::Ecdhe);
        let suites: Vec<_> = suites.map(|row| row.id).collect();
        let client = Config {
            cipher_suites: suites.clone(),
            ..client_config(client)
        };
        let server = Config {
            versions: server.to_vec(),
            cipher_suites: [SUITES, &suites].concat(),
            ..server_config12(TLS12, p256())
        };
        let (client, _) = connected(client, server);
        client.info().server_random[24..].to_vec()
    };
    assert_eq!(random(TLS12, &[TLS13, TLS12]), b"DOWNGRD\x01");
    assert_eq!(random(TLS11, &[TLS13, TLS12, TLS11]), b"DOWNGRD\x00");
    assert_eq!(random(TLS11, &[TLS12, TLS11]), b"DOWNGRD\x00");
    assert_ne!(random(TLS12, &[TLS12, TLS11])[..7], b"DOWNGRD"[..]);
    assert_ne!(random(TLS11, &[TLS11])[..7], b"DOWNGRD"[..]);
}

// ---- keys that others hold ----

/// A server whose key is external, and the key by which the world answers.
fn external(identity: &'static Identity) -> (Config, Arc<CertifiedKey>) {
    let config = Config {
        credentials: vec![identity.external_credential(7)],
        ..config12(TLS12)
    };
    (config, identity.credential())
}

fn only(kx: KeyExchange) -> Config {
    let suites = ALL.iter().filter(|row| row.kx == kx && row.speaks(TLS12));
    Config {
        cipher_suites: suites.map(|row| row.id).collect(),
        ..client_config(TLS12)
    }
}

#[test]
fn rsa_keys_that_others_hold_decrypt() {
    let (config, key) = external(rsa());
    let mut client = Peer::client(only(KeyExchange::Rsa));
    let mut server = Peer::server(config).answering(move |query| match query {
        Query::RsaDecrypt {
            key_id: 7,
            ciphertext,
        } => {
            let random = &mut SystemRandom;
            let secret = key.key.decrypt_premaster(ciphertext, TLS12, random);
            Answer::Secret(secret.unwrap().unwrap())
        }
        _ => Answer::Continue,
    });
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(server.queries, ["rsa_decrypt"]);
}

#[test]
fn whatever_others_say_of_a_ciphertext_nobody_sees() {
    for answer in [
        || Answer::Unknown,
        || Answer::Abort(AlertDescription::DECRYPT_ERROR),
        || Answer::Bytes(Vec::new()),
        || Answer::Bytes(vec![3; 48]),
        || Answer::Continue,
    ] {
        let mut client = Peer::client(only(KeyExchange::Rsa));
        let mut server = Peer::server(external(rsa()).0).answering(move |_| answer());
        talk(&mut client, &mut server);
        assert_fails(&server, &client, Error::Record(RecordError::BadRecordMac));
    }
}

#[test]
fn ec_keys_that_others_hold_agree() {
    let (config, key) = external(p256());
    let mut client = Peer::client(only(KeyExchange::Ecdh));
    let mut server = Peer::server(config).answering(move |query| match query {
        Query::EcdhStatic {
            key_id: 7,
            group: NamedGroup::SECP256R1,
            peer_public,
        } => Answer::Secret(key.key.ecdh_static(peer_public).unwrap()),
        _ => Answer::Continue,
    });
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(server.queries, ["ecdh_static"]);
}

// ---- sessions ----

fn first_connection(client: Config, server: Config) -> (SavedSession, Sessions) {
    let sessions = Sessions::default();
    let (client, server) = connected(client, server);
    keep(&sessions, &server.events);
    let session = client.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    (session.expect("a session"), sessions)
}

/// Is the session resumed? The handshake works in any case.
fn resumes(session: &SavedSession, sessions: &Sessions, client: Config, server: Config) -> bool {
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        session: Some(session.clone()),
        ..ClientParams::default()
    };
    let random = Box::new(SystemRandom);
    let mut client = Peer::new(Connection::client(Arc::new(client), params, random))
        .in_world(World12::default());
    let mut server = Peer::server(server).in_world(World12::with(sessions));
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.info().resumed, server.info().resumed);
    server.info().resumed
}

#[test]
fn sessions_are_resumed_only_where_everything_is_as_it_was() {
    let client = || Config {
        credentials: vec![p256().credential()],
        cipher_suites: vec![ECDSA_GCM, RSA_GCM, RSA_CHACHA],
        ..client_config(TLS12)
    };
    let server = || server_config12(TLS12, p256());
    let (session, sessions) = first_connection(client(), server());
    let resumes = |client, server| resumes(&session, &sessions, client, server);
    assert!(resumes(client(), server()));
    let without_suite = Config {
        cipher_suites: vec![
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            ECDSA_GCM,
        ],
        ..client()
    };
    assert!(resumes(without_suite, server()));
    let other_certificate = || Config {
        credentials: vec![rsa().credential()],
        ..server()
    };
    assert!(!resumes(client(), other_certificate()));
    // Beside others it is found again.
    let more_certificates = Config {
        credentials: vec![rsa().credential(), p256().credential()],
        ..server()
    };
    assert!(resumes(client(), more_certificates));
    let suite_off = Config {
        cipher_suites: vec![CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384],
        ..server()
    };
    let both = Config {
        cipher_suites: vec![
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            ECDSA_GCM,
        ],
        ..client()
    };
    assert!(!resumes(both, suite_off));
    let insisting = Config {
        verify_peer: true,
        fail_if_no_peer_cert: true,
        native_verify: client_config12(TLS12, p256()).native_verify,
        ..server()
    };
    assert!(!resumes(client(), insisting));
    let other_scope = Config {
        session_scope: vec![1],
        ..server()
    };
    assert!(!resumes(client(), other_scope));
    let off = Config {
        reuse_sessions: false,
        ..server()
    };
    assert!(!resumes(client(), off));
    // Whoever forged the store's answer.
    let wrong_version = Sessions::default();
    let mut forged = session.clone();
    forged.version = TLS11;
    wrong_version
        .borrow_mut()
        .insert(forged.session_id.clone(), forged);
    assert!(!self::resumes(&session, &wrong_version, client(), server()));
    let short = Sessions::default();
    let mut forged = session.clone();
    forged.master_secret = tls_core::crypto::Secret::new(vec![1; 47]);
    short.borrow_mut().insert(forged.session_id.clone(), forged);
    assert!(!self::resumes(&session, &short, client(), server()));
}

#[test]
fn sessions_without_extended_master_secret_resume_without_it_only() {
    let client = |on| Config {
        extended_master_secret: on,
        ..client_config(TLS12)
    };
    let server = || server_config12(TLS12, p256());
    let (session, sessions) = first_connection(client(false), server());
    assert!(!session.extended_master_secret);
    assert!(resumes(&session, &sessions, client(false), server()));
    assert!(!resumes(&session, &sessions, client(true), server()));
}

// ---- what is told ----

#[test]
fn states_have_otps_names() {
    let version_names = |versions: &[ProtocolVersion]| {
        let server = Peer::server(Config {
            versions: versions.to_vec(),
            ..server_config12(TLS12, p256())
        });
        let mut server = server;
        server.run();
        server.connection.rx.state_name()
    };
    assert_eq!(version_names(&[TLS13]), "start");
    assert_eq!(version_names(&[TLS13, TLS12]), "hello");
    assert_eq!(version_names(&[TLS12]), "hello");
    let mut client = Peer::client(client_config(TLS12)).in_world(World12::default());
    let mut server = Peer::server(server_config12(TLS12, p256())).in_world(World12::default());
    let hello = client.run();
    let flight = server.feed(&hello);
    assert_eq!(server.connection.rx.state_name(), "certify");
    let rest = client.feed(&flight);
    assert_eq!(client.connection.rx.state_name(), "cipher");
    // Everything but Finished.
    server.feed(&rest[..rest.len() - 1]);
    assert_eq!(server.connection.rx.state_name(), "cipher");
    server.feed(&rest[rest.len() - 1..]);
    assert_eq!(server.connection.rx.state_name(), "connection");
}

#[test]
fn the_key_log_has_one_line() {
    let log = |config: Config| Config {
        key_log: true,
        ..config
    };
    let (client, server) = connected(
        log(client_config(TLS12)),
        log(server_config12(TLS12, p256())),
    );
    for peer in [&client, &server] {
        let lines: Vec<_> = peer
            .events
            .iter()
            .filter_map(|event| match event {
                Event::KeyLog {
                    label,
                    client_random,
                    secret,
                } => Some((label.to_string(), *client_random, secret.clone())),
                _ => None,
            })
            .collect();
        let [(label, random, secret)] = &lines[..] else {
            panic!("{} lines", lines.len());
        };
        assert_eq!(label, "CLIENT_RANDOM");
        assert_eq!(*random, client.info().client_random);
        let master = peer.connection.rx.master_secret().unwrap();
        assert_eq!(secret.as_ref(), &master.as_bytes()[..]);
    }
}

/// RFC 5705 section 4: no context and an empty one are not the same here.
#[test]
fn exporters_and_the_prf() {
    let (client, server) = connected(client_config(TLS12), server_config12(TLS12, p256()));
    let export = |peer: &Peer, context: Option<&[u8]>| {
        let exported = peer.connection.rx.export(b"label", context, 40);
        exported.unwrap().as_ref().to_vec()
    };
    for context in [None, Some(&b""[..]), Some(b"context")] {
        assert_eq!(export(&client, context), export(&server, context));
    }
    assert_ne!(export(&client, None), export(&client, Some(b"")));
    let info = client.info();
    let master = *client.connection.rx.master_secret().unwrap().as_bytes();
    let seed = [info.client_random, info.server_random].concat();
    let by_hand = client.connection.rx.prf(&master, b"label", &seed, 40);
    assert_eq!(by_hand.unwrap().as_ref(), export(&client, None));
    assert!(client
        .connection
        .rx
        .prf(&master, b"", b"", 1 << 20)
        .is_none());
    let (new, _) = pair(common::client_config(p256()), common::server_config(p256()));
    assert!(new.connection.rx.prf(b"", b"", b"", 1).is_none());
    assert!(new.connection.rx.master_secret().is_none());
}
