//! Against rustls, as client and as server, over everything both have: TLS 1.3 and 1.2.

mod common;
use common::world::{keep, Sessions, World12};
use common::*;
use rustls::crypto::aws_lc_rs as provider;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    SupportedCipherSuite,
};
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;
use tls_core::config::Config;
use tls_core::connection::{ClientParams, Connection, VerifyName};
use tls_core::crypto::SystemRandom;
use tls_core::enums::*;
use tls_core::query::Event;
use tls_core::session::SavedSession;

/// The clock of the certificates.
#[derive(Debug)]
struct Clock;
impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW)))
    }
}

fn crypto(suites: Vec<SupportedCipherSuite>, group: Option<NamedGroup>) -> Arc<CryptoProvider> {
    let all = provider::default_provider();
    let kx_groups = all.kx_groups.iter().copied();
    Arc::new(CryptoProvider {
        cipher_suites: suites,
        kx_groups: kx_groups
            .filter(|row| group.is_none_or(|group| u16::from(row.name()) == group.0))
            .collect(),
        ..all
    })
}

fn suites() -> Vec<SupportedCipherSuite> {
    let all = provider::default_provider().cipher_suites;
    all.into_iter()
        .filter(|suite| suite.tls13().is_some())
        .collect()
}

fn suites12() -> Vec<SupportedCipherSuite> {
    let all = provider::default_provider().cipher_suites;
    all.into_iter()
        .filter(|suite| suite.tls13().is_none())
        .collect()
}

fn groups() -> Vec<NamedGroup> {
    let all = provider::default_provider().kx_groups;
    all.iter()
        .map(|group| NamedGroup(u16::from(group.name())))
        .filter(|group| GROUPS.contains(group))
        .collect()
}

fn key(identity: &Identity) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(identity.key_pkcs8.clone()).into()
}

fn chain(identity: &Identity) -> Vec<CertificateDer<'static>> {
    identity
        .chain
        .iter()
        .cloned()
        .map(CertificateDer::from)
        .collect()
}

fn roots(identity: &Identity) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(identity.ca.clone().into()).unwrap();
    Arc::new(roots)
}

fn rustls_client(identity: &Identity, crypto: Arc<CryptoProvider>, auth: bool) -> ClientConfig {
    let builder = ClientConfig::builder_with_details(crypto, Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(identity));
    match auth {
        true => builder
            .with_client_auth_cert(chain(identity), key(identity))
            .unwrap(),
        false => builder.with_no_client_auth(),
    }
}

fn rustls_server(identity: &Identity, crypto: Arc<CryptoProvider>, auth: bool) -> ServerConfig {
    let builder = ServerConfig::builder_with_details(Arc::clone(&crypto), Arc::new(Clock))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match auth {
        true => {
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
                roots(identity),
                crypto,
            );
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
        false => builder.with_no_client_auth(),
    };
    builder
        .with_single_cert(chain(identity), key(identity))
        .unwrap()
}

/// A rustls connection of either role.
struct Theirs(rustls::Connection, Vec<u8>);

impl Theirs {
    fn client(config: impl Into<Arc<ClientConfig>>) -> Self {
        let name = ServerName::try_from(HOST).unwrap();
        let connection = ClientConnection::new(config.into(), name).unwrap();
        Self(connection.into(), Vec::new())
    }

    fn server(config: impl Into<Arc<ServerConfig>>) -> Self {
        let connection = ServerConnection::new(config.into()).unwrap();
        Self(connection.into(), Vec::new())
    }

    fn resumed(&self) -> bool {
        self.0.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    fn send(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut out).unwrap();
        }
        out
    }

    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), rustls::Error> {
        while !bytes.is_empty() {
            self.0.read_tls(&mut bytes).unwrap();
            self.0.process_new_packets()?;
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = self.0.reader().read(&mut piece) {
                self.1.extend(&piece[..len]);
            }
        }
        Ok(())
    }

    fn data(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.1)
    }
}

fn talk_to(ours: &mut Peer, theirs: &mut Theirs) {
    for _ in 0..20 {
        let sent = ours.run();
        theirs.feed(&sent).unwrap();
        let came = theirs.send();
        let answer = ours.feed(&came);
        theirs.feed(&answer).unwrap();
        if sent.is_empty() && came.is_empty() && answer.is_empty() {
            return;
        }
    }
    panic!("they never stop");
}

fn assert_data_flows(ours: &mut Peer, theirs: &mut Theirs) {
    assert_eq!(ours.error, None);
    assert!(ours.is_connected() && !theirs.0.is_handshaking());
    for size in [1, 1000, 40_000] {
        let data: Vec<u8> = (0..size).map(|i| (i * 7) as u8).collect();
        theirs.feed(&ours.seal(&data)).unwrap();
        assert!(theirs.data() == data);
        theirs.0.writer().write_all(&data).unwrap();
        let sealed = theirs.send();
        let answer = ours.open(&sealed);
        theirs.feed(&answer).unwrap();
        assert!(ours.data == data);
        ours.data.clear();
    }
    let exported = ours
        .connection
        .rx
        .export(b"EXPORTER-x", Some(b"ctx"), 40)
        .unwrap();
    let theirs = theirs
        .0
        .export_keying_material(vec![0; 40], b"EXPORTER-x", Some(b"ctx"))
        .unwrap();
    assert_eq!(exported.as_ref(), theirs);
}

fn assert_closes(ours: &mut Peer, theirs: &mut Theirs) {
    theirs.0.send_close_notify();
    let closing = theirs.send();
    ours.open(&closing);
    assert!(matches!(ours.events.last(), Some(Event::PeerClosed)));
    ours.connection.tx.close_notify();
    theirs.feed(&ours.run()).unwrap();
    assert_eq!(theirs.0.reader().read(&mut [0]).unwrap(), 0);
}

#[test]
fn our_client_connects_to_rustls_over_every_suite_group_and_signature() {
    for suite in suites() {
        for group in groups() {
            for identity in identities() {
                let server = rustls_server(identity, crypto(vec![suite], Some(group)), false);
                let mut theirs = Theirs::server(server);
                let mut ours = Peer::client(Config {
                    key_share_groups: vec![group],
                    ..client_config(identity)
                });
                talk_to(&mut ours, &mut theirs);
                assert_data_flows(&mut ours, &mut theirs);
                assert_eq!(ours.info().cipher_suite.0, u16::from(suite.suite()));
                assert_eq!(ours.info().group, Some(group));
                assert_closes(&mut ours, &mut theirs);
            }
        }
    }
}

#[test]
fn rustls_connects_to_our_server_over_every_suite_group_and_signature() {
    for suite in suites() {
        for group in groups() {
            for identity in identities() {
                let client = rustls_client(identity, crypto(vec![suite], Some(group)), false);
                let mut theirs = Theirs::client(client);
                let mut ours = Peer::server(server_config(identity));
                talk_to(&mut ours, &mut theirs);
                assert_data_flows(&mut ours, &mut theirs);
                assert_eq!(ours.info().group, Some(group));
                assert_closes(&mut ours, &mut theirs);
            }
        }
    }
}

#[test]
fn our_client_follows_the_hello_retry_request_of_rustls() {
    let server = rustls_server(p256(), crypto(suites(), Some(NamedGroup::SECP384R1)), false);
    let mut theirs = Theirs::server(server);
    let mut ours = Peer::client(client_config(p256()));
    talk_to(&mut ours, &mut theirs);
    assert_data_flows(&mut ours, &mut theirs);
    assert!(ours.info().hrr);
    assert_eq!(ours.info().group, Some(NamedGroup::SECP384R1));
}

#[test]
fn rustls_follows_our_hello_retry_request() {
    for cookie in [false, true] {
        let mut theirs = Theirs::client(rustls_client(p256(), crypto(suites(), None), false));
        let mut ours = Peer::server(Config {
            groups: vec![NamedGroup::SECP384R1],
            cookie,
            ..server_config(p256())
        });
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        assert!(ours.info().hrr);
    }
}

#[test]
fn our_client_authenticates_to_rustls() {
    for identity in identities() {
        let mut theirs = Theirs::server(rustls_server(identity, crypto(suites(), None), true));
        let mut ours = Peer::client(Config {
            credentials: vec![identity.credential()],
            ..client_config(identity)
        });
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        assert_eq!(ours.info().own_credential, Some(0));
    }
}

#[test]
fn rustls_authenticates_to_our_server() {
    for identity in identities() {
        let mut theirs = Theirs::client(rustls_client(identity, crypto(suites(), None), true));
        let mut ours = Peer::server(Config {
            credentials: vec![identity.credential()],
            fail_if_no_peer_cert: true,
            ..client_config(identity)
        });
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        assert_eq!(ours.info().peer_chain[..], identity.chain[..]);
        assert!(ours.info().signature_scheme.is_some());
    }
}

#[test]
fn keys_are_updated_by_either_side() {
    let mut theirs = Theirs::server(rustls_server(p256(), crypto(suites(), None), false));
    let mut ours = Peer::client(client_config(p256()));
    talk_to(&mut ours, &mut theirs);
    for request in [false, true] {
        ours.connection.tx.update_keys(request).unwrap();
        assert_data_flows(&mut ours, &mut theirs);
    }
    theirs.0.refresh_traffic_keys().unwrap();
    assert_data_flows(&mut ours, &mut theirs);
    assert!(matches!(
        ours.events.last(),
        Some(Event::PeerKeyUpdate { .. })
    ));
}

#[test]
fn application_protocols_are_agreed_on() {
    let mut server = rustls_server(p256(), crypto(suites(), None), false);
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut theirs = Theirs::server(server);
    let alpn = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let mut ours = Peer::client(Config {
        alpn: Some(alpn),
        ..client_config(p256())
    });
    talk_to(&mut ours, &mut theirs);
    assert_eq!(ours.info().alpn.as_deref(), Some(&b"h2"[..]));
    assert_eq!(theirs.0.alpn_protocol(), Some(&b"h2"[..]));
}

// ---- TLS 1.2 ----

const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

/// What TLS 1.2 can have: suites of ECDSA for keys on curves, of RSA for the others. EdDSA signs in TLS 1.3 only.
fn pairs12() -> Vec<(SupportedCipherSuite, &'static Identity)> {
    let mut pairs = Vec::new();
    for suite in suites12() {
        let ecdsa = format!("{:?}", suite.suite()).contains("ECDSA");
        for identity in identities() {
            let fits = match identity.scheme {
                SignatureScheme::ED25519 => false,
                SignatureScheme::RSA_PSS_RSAE_SHA256 => !ecdsa,
                _ => ecdsa,
            };
            if fits {
                pairs.push((suite, identity));
            }
        }
    }
    assert_eq!(pairs.len(), 3 * 3 + 3);
    pairs
}

fn curves() -> Vec<NamedGroup> {
    let curves = [
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];
    curves.to_vec()
}

#[test]
fn our_client_speaks_tls_1_2_with_rustls_over_every_suite_curve_and_signature() {
    for (suite, identity) in pairs12() {
        for curve in curves() {
            let server = rustls_server(identity, crypto(vec![suite], Some(curve)), false);
            let mut theirs = Theirs::server(server);
            let mut ours = Peer::client(client_config12(TLS12, identity));
            talk_to(&mut ours, &mut theirs);
            assert_data_flows(&mut ours, &mut theirs);
            let info = ours.info();
            assert_eq!(info.version, TLS12);
            assert_eq!(info.cipher_suite.0, u16::from(suite.suite()));
            assert_eq!(info.group, Some(curve));
            assert!(info.extended_master_secret && !info.resumed);
            assert_eq!(info.peer_chain[..], identity.chain[..]);
            assert_closes(&mut ours, &mut theirs);
        }
    }
}

#[test]
fn a_client_of_both_versions_finds_the_highest_in_common() {
    for (offered, picked) in [
        (suites(), ProtocolVersion::TLS13),
        (suites12(), ProtocolVersion::TLS12),
    ] {
        let mut theirs = Theirs::server(rustls_server(p256(), crypto(offered, None), false));
        let old = client_config12(TLS12, p256());
        let mut ours = Peer::client(Config {
            versions: vec![ProtocolVersion::TLS13, TLS12],
            cipher_suites: [SUITES, &old.cipher_suites[..]].concat(),
            ..old
        });
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        assert_eq!(ours.info().version, picked);
    }
}

#[test]
fn our_client_authenticates_to_rustls_in_tls_1_2() {
    for identity in identities() {
        if identity.scheme == SignatureScheme::ED25519 {
            continue;
        }
        let mut theirs = Theirs::server(rustls_server(identity, crypto(suites12(), None), true));
        let mut ours = Peer::client(Config {
            credentials: vec![identity.credential()],
            ..client_config12(TLS12, identity)
        });
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        assert_eq!(ours.info().own_credential, Some(0));
        let seen = theirs.0.peer_certificates().unwrap();
        assert_eq!(seen[0].as_ref(), identity.chain[0]);
    }
}

#[test]
fn our_client_resumes_sessions_of_rustls_by_id() {
    let server = Arc::new(rustls_server(p256(), crypto(suites12(), None), false));
    let connect = |session: Option<SavedSession>| {
        let server = ServerConnection::new(Arc::clone(&server)).unwrap();
        let mut theirs = Theirs(server.into(), Vec::new());
        let params = ClientParams {
            server_name: Some(HOST.as_bytes().to_vec()),
            verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
            session,
        };
        let config = Arc::new(client_config12(TLS12, p256()));
        let mut client = Connection::client(config, params, Box::new(SystemRandom));
        client.rx.set_now(NOW);
        let mut ours = Peer::new(client);
        talk_to(&mut ours, &mut theirs);
        assert_data_flows(&mut ours, &mut theirs);
        ours
    };
    let first = connect(None);
    let session = first.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    let session = session.expect("a session to keep");
    assert_eq!(session.peer_chain[..], p256().chain[..]);
    let second = connect(Some(session.clone()));
    assert!(second.info().resumed);
    assert_eq!(second.info().session_id, session.session_id);
    assert_eq!(second.info().peer_chain[..], p256().chain[..]);
    assert!(!second
        .events
        .iter()
        .any(|event| matches!(event, Event::Session(_))));
    // What the server does not know leads to a full handshake.
    let unknown = SavedSession {
        session_id: vec![9; 32],
        ..session
    };
    assert!(!connect(Some(unknown)).info().resumed);
}

/// Our server: two connections of one rustls client, for every suite and signature, whether the client authenticates or not.
#[test]
fn rustls_resumes_our_sessions_by_id() {
    for (suite, identity) in pairs12() {
        for auth in [false, true] {
            let theirs = Arc::new(rustls_client(identity, crypto(vec![suite], None), auth));
            let sessions = Sessions::default();
            for resumed in [false, true, true] {
                let mut theirs = Theirs::client(theirs.clone());
                let config = Config {
                    verify_peer: auth,
                    fail_if_no_peer_cert: auth,
                    native_verify: client_config(identity).native_verify,
                    ..server_config12(TLS12, identity)
                };
                let mut ours = Peer::server(config).in_world(World12::with(&sessions));
                talk_to(&mut ours, &mut theirs);
                keep(&sessions, &ours.events);
                assert_data_flows(&mut ours, &mut theirs);
                let info = ours.info();
                assert_eq!((info.resumed, theirs.resumed()), (resumed, resumed));
                assert_eq!(info.cipher_suite.0, u16::from(suite.suite()));
                assert!(info.extended_master_secret);
                let chain: &[Vec<u8>] = if auth { &identity.chain } else { &[] };
                assert_eq!(info.peer_chain[..], *chain);
                assert_closes(&mut ours, &mut theirs);
            }
        }
    }
}

/// Our client: two connections to one rustls server, the same.
#[test]
fn our_client_resumes_every_kind_of_session_of_rustls() {
    for (suite, identity) in pairs12() {
        for auth in [false, true] {
            let theirs = Arc::new(rustls_server(identity, crypto(vec![suite], None), auth));
            let mut session = None;
            for resumed in [false, true, true] {
                let mut theirs = Theirs::server(theirs.clone());
                let config = Config {
                    credentials: if auth {
                        vec![identity.credential()]
                    } else {
                        Vec::new()
                    },
                    ..client_config12(TLS12, identity)
                };
                let params = ClientParams {
                    server_name: Some(HOST.as_bytes().to_vec()),
                    verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
                    session: session.clone(),
                };
                let client = Connection::client(Arc::new(config), params, Box::new(SystemRandom));
                let mut ours = Peer::new(client);
                ours.connection.rx.set_now(NOW);
                talk_to(&mut ours, &mut theirs);
                assert_data_flows(&mut ours, &mut theirs);
                let info = ours.info();
                assert_eq!((info.resumed, theirs.resumed()), (resumed, resumed));
                assert_eq!(info.cipher_suite.0, u16::from(suite.suite()));
                assert_eq!(info.peer_chain[..], identity.chain[..]);
                assert_eq!(theirs.0.peer_certificates().is_some(), auth);
                if let Some(new) = ours.events.iter().find_map(|event| match event {
                    Event::Session(session) => Some((**session).clone()),
                    _ => None,
                }) {
                    session = Some(new);
                }
                assert_closes(&mut ours, &mut theirs);
            }
        }
    }
}

#[test]
fn rustls_speaks_tls_1_2_with_our_server_over_every_suite_curve_and_signature() {
    for (suite, identity) in pairs12() {
        for curve in curves() {
            let client = rustls_client(identity, crypto(vec![suite], Some(curve)), false);
            let mut theirs = Theirs::client(client);
            let mut ours = Peer::server(server_config12(TLS12, identity));
            talk_to(&mut ours, &mut theirs);
            assert_data_flows(&mut ours, &mut theirs);
            let info = ours.info();
            assert_eq!((info.version, info.group), (TLS12, Some(curve)));
            assert_eq!(info.cipher_suite.0, u16::from(suite.suite()));
            assert!(info.extended_master_secret && !info.resumed);
            assert_closes(&mut ours, &mut theirs);
        }
    }
}

#[test]
fn application_protocols_are_agreed_on_in_tls_1_2() {
    let mut server = rustls_server(p256(), crypto(suites12(), None), false);
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut theirs = Theirs::server(server);
    let mut ours = Peer::client(Config {
        alpn: Some(vec![b"http/1.1".to_vec(), b"h2".to_vec()]),
        ..client_config12(TLS12, p256())
    });
    talk_to(&mut ours, &mut theirs);
    assert_data_flows(&mut ours, &mut theirs);
    assert_eq!(ours.info().alpn.as_deref(), Some(&b"h2"[..]));
}
