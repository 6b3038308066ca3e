//! What a client of TLS 1.0 to 1.2 can do wrong, and what the server says to it.

use super::common::world::{keep, Sessions, World12, FFDHE2048, SRP_PRIME};
use super::common::*;
use super::{as_is, bomb, change_nth, expect, handshake, message, nth_hello, without};
use crate::config::{Config, Npn};
use crate::connection::{ClientParams, Connection, TamperFn};
use crate::crypto::suites::{KeyExchange, SUITES as ALL};
use crate::crypto::SystemRandom;
use crate::enums::*;
use crate::error::{Error, Offence};
use crate::query::Event;
use crate::record::{JoinError, RecordError};
use crate::wire::extension::*;
use crate::wire::hello::ClientHello;
use crate::wire::message12::*;
use std::sync::Arc;

const TLS12: ProtocolVersion = ProtocolVersion::TLS12;
const TLS11: ProtocolVersion = ProtocolVersion::TLS11;
const CCS: ContentType = ContentType::CHANGE_CIPHER_SPEC;

fn rsa() -> &'static Identity {
    let mut all = identities().iter();
    all.find(|identity| identity.scheme == SignatureScheme::RSA_PSS_RSAE_SHA256)
        .unwrap()
}

fn config(identity: &Identity) -> Config {
    Config {
        credentials: vec![identity.credential()],
        ..client_config12(TLS12, identity)
    }
}

fn client_with(config: Config) -> Peer {
    Peer::client(config).in_world(World12::default())
}

fn server_with(config: Config) -> Peer {
    Peer::server(config).in_world(World12::default())
}

fn client() -> Peer {
    client_with(config(p256()))
}

fn server() -> Peer {
    server_with(server_config12(TLS12, p256()))
}

/// Asks for a certificate.
fn asking() -> Peer {
    server_with(Config {
        fail_if_no_peer_cert: true,
        ..config(p256())
    })
}

/// Suites of one key exchange, with the certificate that they need.
fn of(kx: KeyExchange) -> (Peer, Peer) {
    let suites: Vec<_> = ALL.iter().filter(|row| row.kx == kx).collect();
    let identity = match suites[0].auth {
        crate::crypto::suites::Authentication::Ecdsa => p256(),
        _ => rsa(),
    };
    let suites = suites.iter().map(|row| row.id).collect();
    let client = Config {
        cipher_suites: suites,
        ..config(identity)
    };
    (
        client_with(client),
        server_with(server_config12(TLS12, identity)),
    )
}

fn first(cause: Offence, change: impl Fn(&mut ClientHello) + Send + 'static) {
    expect(server(), client(), nth_hello(0, change), cause);
}

fn first_has(extension: Extension, cause: Offence) {
    first(cause, move |hello| hello.extensions.set(extension.clone()));
}

/// Changes the first message of a type.
fn change(
    msg_type: HandshakeType,
    change: impl FnMut(&[u8]) -> Vec<(ContentType, Vec<u8>)> + Send + 'static,
) -> TamperFn {
    change_nth(msg_type, 0, change)
}

// ---- hello ----

#[test]
fn hellos_that_offer_nothing_that_fits() {
    for version in [0, 0x0200, 0x0300] {
        first(Offence::UnsupportedVersion, move |hello| {
            hello.legacy_version = version
        });
    }
    first_has(
        Extension::SupportedVersions(Versions::Offered(vec![0x0304, 0x0302])),
        Offence::UnsupportedVersion,
    );
    for suites in [vec![0x1301], vec![0x00ff], vec![0x7a7a, 0xc02f]] {
        first(Offence::NoSharedCipher, move |hello| {
            hello.cipher_suites = suites.iter().copied().map(CipherSuite).collect();
        });
    }
    let ecdsa = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let one_suite = move |hello: &mut ClientHello| hello.cipher_suites = vec![ecdsa];
    first(Offence::NoSharedCipher, move |hello| {
        one_suite(hello);
        let groups = vec![NamedGroup::X448, NamedGroup(0x7a7a)];
        hello.extensions.set(Extension::SupportedGroups(groups));
    });
    first(Offence::NoSharedCipher, move |hello| {
        one_suite(hello);
        let schemes = vec![SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ED25519];
        hello
            .extensions
            .set(Extension::SignatureAlgorithms(schemes));
    });
    // A name is needed for SRP, before anything else is looked at.
    first(Offence::NoSharedCipher, |hello| {
        hello.cipher_suites = vec![CipherSuite::TLS_SRP_SHA_WITH_AES_128_CBC_SHA];
        hello.extensions = without(&hello.extensions, ExtensionType::SRP);
    });
}

#[test]
fn an_unknown_user_of_srp() {
    let (client, server) = of(KeyExchange::Srp);
    let tamper = nth_hello(0, |hello| {
        hello.extensions.set(Extension::Srp(b"nobody".to_vec()))
    });
    expect(server, client, tamper, Offence::UnknownUser);
}

#[test]
fn unknown_and_grease_values_are_skipped() {
    for version in [ProtocolVersion::TLS10, TLS11, TLS12] {
        // The client's transcript lacks them: the server goes on, and the client cannot read its Finished.
        let tamper = nth_hello(0, |hello| {
            hello.cipher_suites.insert(0, CipherSuite(0x7a7a));
            hello.compression_methods.push(0x6a);
            let mut all = vec![Extension::Unknown(ExtensionType(0x1a1a), vec![0])];
            all.extend(hello.extensions.iter().map(|one| match one.clone() {
                Extension::SupportedGroups(mut groups) => {
                    groups.insert(0, NamedGroup(0x2a2a));
                    Extension::SupportedGroups(groups)
                }
                Extension::SignatureAlgorithms(mut schemes) => {
                    schemes.insert(0, SignatureScheme(0x3a3a));
                    Extension::SignatureAlgorithms(schemes)
                }
                Extension::EcPointFormats(mut formats) => {
                    formats.push(0x5a);
                    Extension::EcPointFormats(formats)
                }
                other => other,
            }));
            hello.extensions = Extensions::new(all);
        });
        let mut rogue = client_with(client_config12(version, p256()));
        let mut victim = server_with(server_config12(version, p256()));
        rogue.connection.tx.tamper.0 = Some(tamper);
        let hello = rogue.run();
        assert!(victim.feed(&hello).len() > 500, "a whole flight");
        assert_eq!(victim.error, None);
    }
}

#[test]
fn hellos_that_are_wrong() {
    for methods in [vec![1], vec![1, 64]] {
        first(Offence::NoNullCompression, move |hello| {
            hello.compression_methods = methods.clone()
        });
    }
    first_has(
        Extension::EcPointFormats(vec![1, 2]),
        Offence::NoUncompressedPoints,
    );
    first_has(
        Extension::RenegotiationInfo(vec![0; 12]),
        Offence::WrongRenegotiationInfo,
    );
    first(Offence::DuplicateExtension, |hello| {
        hello.extensions.push(Extension::ExtendedMasterSecret(()))
    });
    for code in [0, 5, 255] {
        first_has(
            Extension::MaxFragmentLength(code),
            Offence::BadMaxFragmentLength,
        );
    }
    let server = server_with(Config {
        alpn: Some(vec![b"h2".to_vec()]),
        ..server_config12(TLS12, p256())
    });
    let tamper = nth_hello(0, |hello| {
        hello.extensions.set(Extension::Alpn(vec![b"x".to_vec()]))
    });
    expect(server, client(), tamper, Offence::NoSharedProtocol);
}

#[test]
fn a_fallback_without_need() {
    let server = server_with(Config {
        versions: vec![TLS12, TLS11],
        ..server_config12(TLS12, p256())
    });
    let client = client_with(client_config12(TLS11, p256()));
    let tamper = nth_hello(0, |hello| {
        hello.cipher_suites.push(CipherSuite::TLS_FALLBACK_SCSV)
    });
    expect(server, client, tamper, Offence::InappropriateFallback);
}

// ---- ClientKeyExchange ----

fn exchange(kx: KeyExchange, body: Vec<u8>, cause: impl Into<Error>) {
    let (client, server) = of(kx);
    let tamper = change(HandshakeType::CLIENT_KEY_EXCHANGE, move |_| {
        handshake(message(HandshakeType::CLIENT_KEY_EXCHANGE, &body))
    });
    expect(server, client, tamper, cause);
}

fn prefixed8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

fn prefixed16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

#[test]
fn key_exchanges_that_cannot_be_read() {
    let malformed = Error::Malformed("client_key_exchange");
    for body in [vec![], vec![0], vec![5, 1, 2], vec![1, 9, 9]] {
        exchange(KeyExchange::Ecdhe, body, malformed);
    }
    for body in [vec![], vec![0, 0], vec![0, 9, 1]] {
        exchange(KeyExchange::Dhe, body.clone(), malformed);
        exchange(KeyExchange::Rsa, body.clone(), malformed);
        exchange(KeyExchange::RsaPsk, body, malformed);
    }
    exchange(KeyExchange::Psk, vec![0, 1], malformed);
}

#[test]
fn points_that_are_none() {
    for kx in [KeyExchange::Ecdhe, KeyExchange::EcdhAnon] {
        for point in [vec![0; 32], vec![1], vec![4; 65]] {
            exchange(kx, prefixed8(&point), Offence::BadKeyShare);
        }
    }
    for point in [vec![0; 32], vec![1], vec![4; 65]] {
        let identity = prefixed16(world::PSK_IDENTITY);
        let body = [identity, prefixed8(&point)].concat();
        exchange(KeyExchange::EcdhePsk, body, Offence::BadKeyShare);
    }
    // The certificate's key is of P-256.
    let mut off = vec![9; 65];
    off[0] = 4;
    for point in [vec![4; 64], vec![2; 33], vec![0; 65], off] {
        exchange(KeyExchange::Ecdh, prefixed8(&point), Offence::BadKeyShare);
    }
}

#[test]
fn numbers_out_of_range() {
    let prime = world::prime(FFDHE2048);
    let mut below = prime.clone();
    *below.last_mut().unwrap() -= 1;
    let long = [&[1][..], &prime].concat();
    for number in [vec![0], vec![1], vec![0, 0, 1], below, prime, long] {
        let body = prefixed16(&number);
        exchange(KeyExchange::Dhe, body.clone(), Offence::BadKeyShare);
        exchange(KeyExchange::DhAnon, body.clone(), Offence::BadKeyShare);
        let body = [prefixed16(world::PSK_IDENTITY), body].concat();
        exchange(KeyExchange::DhePsk, body, Offence::BadKeyShare);
    }
    let prime = world::prime(SRP_PRIME);
    for number in [vec![0], vec![0; 256], prime] {
        exchange(KeyExchange::Srp, prefixed16(&number), Offence::BadKeyShare);
    }
}

#[test]
fn identities_that_nobody_knows() {
    let body = prefixed16(b"nobody");
    exchange(KeyExchange::Psk, body, Offence::UnknownUser);
}

/// CVE-2017-1000385, ROBOT: whatever is wrong with the premaster secret shows in nothing before Finished.
#[test]
fn premaster_secrets_that_are_wrong_are_all_alike() {
    let unreadable = Error::Record(RecordError::BadRecordMac);
    for kx in [KeyExchange::Rsa, KeyExchange::RsaPsk] {
        for ciphertext in [
            vec![0; 256],
            vec![0xff; 256],
            vec![1; 256],
            vec![7; 255],
            vec![7; 257],
            vec![7],
        ] {
            let mut body = prefixed16(&ciphertext);
            if kx == KeyExchange::RsaPsk {
                body = [prefixed16(world::PSK_IDENTITY), body].concat();
            }
            exchange(kx, body, unreadable);
        }
    }
}

// ---- certificates ----

#[test]
fn certificates_not_asked_for() {
    let tamper = change(HandshakeType::CLIENT_KEY_EXCHANGE, |exchange| {
        let mut out = Vec::new();
        emit_certificate12(&[], &mut out).unwrap();
        out.extend(exchange);
        handshake(out)
    });
    let cause = Error::UnexpectedMessage(HandshakeType::CERTIFICATE);
    expect(server(), client(), tamper, cause);
}

#[test]
fn certificates_asked_for() {
    let drop = |msg_type| change(msg_type, |_| Vec::new());
    let cause = Error::UnexpectedMessage(HandshakeType::CLIENT_KEY_EXCHANGE);
    expect(asking(), client(), drop(HandshakeType::CERTIFICATE), cause);
    let chain = |chain: Vec<Vec<u8>>| {
        change(HandshakeType::CERTIFICATE, move |_| {
            let mut out = Vec::new();
            emit_certificate12(&chain, &mut out).unwrap();
            handshake(out)
        })
    };
    for (certificates, cause) in [
        (vec![], Error::from(Offence::NoClientCertificate)),
        (vec![vec![]], Error::Malformed("certificate")),
        (vec![vec![0x30, 0]], Offence::UndecodableCertificate.into()),
        (
            vec![p256().chain[0].clone(), bomb()],
            Offence::UndecodableCertificate.into(),
        ),
        (
            vec![p256().chain[0].clone(); 65],
            Offence::TooManyCertificates.into(),
        ),
    ] {
        expect(asking(), client(), chain(certificates), cause);
    }
    // Two of them.
    let twice = change(HandshakeType::CERTIFICATE, |message| {
        handshake([message, message].concat())
    });
    let cause = Error::UnexpectedMessage(HandshakeType::CERTIFICATE);
    expect(asking(), client(), twice, cause);
}

#[test]
fn signatures() {
    let verify = |edit: fn(&mut DigitallySigned)| {
        change(HandshakeType::CERTIFICATE_VERIFY, move |message| {
            let mut signed =
                DigitallySigned::parse_certificate_verify(&message[4..], TLS12).unwrap();
            edit(&mut signed);
            let mut out = Vec::new();
            signed.emit_certificate_verify(&mut out).unwrap();
            handshake(out)
        })
    };
    let flip = verify(|signed| *signed.signature.last_mut().unwrap() ^= 1);
    expect(asking(), client(), flip, Offence::BadSignature);
    let empty = verify(|signed| signed.signature.clear());
    expect(asking(), client(), empty, Offence::BadSignature);
    for edit in [
        |signed: &mut DigitallySigned| signed.scheme = Some(SignatureScheme::RSA_PKCS1_SHA256),
        |signed: &mut DigitallySigned| signed.scheme = Some(SignatureScheme::ED25519),
        |signed: &mut DigitallySigned| signed.scheme = Some(SignatureScheme(0x0101)),
        |signed: &mut DigitallySigned| signed.scheme = Some(SignatureScheme::ECDSA_SHA224),
    ] {
        let cause = Offence::WrongSignatureScheme;
        expect(asking(), client(), verify(edit), cause);
    }
    // CVE-2022-37026: no way around it.
    let drop = change(HandshakeType::CERTIFICATE_VERIFY, |_| Vec::new());
    let cause = Offence::UnexpectedChangeCipherSpec;
    expect(asking(), client(), drop, cause);
}

// ---- change_cipher_spec and Finished ----

#[test]
fn change_cipher_spec_at_the_wrong_time() {
    let before = |msg_type| {
        change(msg_type, |message| {
            let mut records = vec![(CCS, vec![1])];
            records.extend(as_is(message));
            records
        })
    };
    for (msg_type, cause) in [
        (HandshakeType::CLIENT_HELLO, Offence::EarlyChangeCipherSpec),
        (
            HandshakeType::CERTIFICATE,
            Offence::UnexpectedChangeCipherSpec,
        ),
        (
            HandshakeType::CLIENT_KEY_EXCHANGE,
            Offence::UnexpectedChangeCipherSpec,
        ),
        (
            HandshakeType::CERTIFICATE_VERIFY,
            Offence::UnexpectedChangeCipherSpec,
        ),
        // Twice.
        (HandshakeType::FINISHED, Offence::UnexpectedChangeCipherSpec),
    ] {
        expect(asking(), client(), before(msg_type), cause);
    }
}

#[test]
fn change_cipher_spec_that_is_none() {
    for content in [vec![2], vec![1, 1], vec![0]] {
        let tamper = change(HandshakeType::CLIENT_KEY_EXCHANGE, move |message| {
            let mut records = as_is(message);
            records.push((CCS, content.clone()));
            records
        });
        expect(server(), client(), tamper, Offence::BadChangeCipherSpec);
    }
}

#[test]
fn messages_do_not_span_a_change_of_keys() {
    let tamper = change(HandshakeType::CLIENT_KEY_EXCHANGE, |message| {
        let finished = [HandshakeType::FINISHED.0, 0, 0, 12, 0];
        handshake([message, &finished].concat())
    });
    expect(
        server(),
        client(),
        tamper,
        Error::Join(JoinError::NotAligned),
    );
}

#[test]
fn finished_messages() {
    let flip = change(HandshakeType::FINISHED, |message| {
        let mut message = message.to_vec();
        message[15] ^= 1;
        handshake(message)
    });
    expect(server(), client(), flip, Offence::BadFinished);
    for len in [0, 11, 13, 36] {
        let tamper = change(HandshakeType::FINISHED, move |_| {
            handshake(message(HandshakeType::FINISHED, &vec![0; len]))
        });
        let cause = Offence::BadFinished;
        expect(server(), client(), tamper, cause);
    }
    // Before the keys change.
    let early = change(HandshakeType::CLIENT_KEY_EXCHANGE, |exchange| {
        let finished = message(HandshakeType::FINISHED, &[0; 12]);
        handshake([exchange, &finished].concat())
    });
    let cause = Error::UnexpectedMessage(HandshakeType::FINISHED);
    expect(server(), client(), early, cause);
}

#[test]
fn data_before_finished() {
    let data = |msg_type| {
        change(msg_type, |message| {
            let mut records = vec![(ContentType::APPLICATION_DATA, b"data".to_vec())];
            records.extend(as_is(message));
            records
        })
    };
    let early = Offence::EarlyApplicationData;
    expect(server(), client(), data(HandshakeType::FINISHED), early);
}

#[test]
fn next_protocols() {
    let advertising = || {
        server_with(Config {
            npn: Some(Npn::Advertised(vec![b"a".to_vec()])),
            ..server_config12(TLS12, p256())
        })
    };
    let choosing = || {
        client_with(Config {
            npn: Some(Npn::Choose {
                own_order: true,
                protocols: vec![b"a".to_vec()],
                default: b"b".to_vec(),
            }),
            ..client_config12(TLS12, p256())
        })
    };
    let drop = change(HandshakeType::NEXT_PROTOCOL, |_| Vec::new());
    let cause = Error::UnexpectedMessage(HandshakeType::FINISHED);
    expect(advertising(), choosing(), drop, cause);
    let cut = change(HandshakeType::NEXT_PROTOCOL, |_| {
        handshake(message(HandshakeType::NEXT_PROTOCOL, &[1, b'a', 9]))
    });
    let cause = Error::Malformed("next_protocol");
    expect(advertising(), choosing(), cut, cause);
    let unasked = change(HandshakeType::FINISHED, |finished| {
        let mut said = message(HandshakeType::NEXT_PROTOCOL, &[1, b'a', 0]);
        said.extend(finished);
        handshake(said)
    });
    let cause = Error::UnexpectedMessage(HandshakeType::NEXT_PROTOCOL);
    expect(server(), client(), unasked, cause);
}

#[test]
fn warnings_without_end() {
    let tamper = change(HandshakeType::CLIENT_KEY_EXCHANGE, |message| {
        let warning = (
            ContentType::ALERT,
            vec![1, AlertDescription::NO_CERTIFICATE.0],
        );
        let mut records = vec![warning; 5];
        records.extend(as_is(message));
        records
    });
    expect(server(), client(), tamper, Offence::TooManyWarningAlerts);
}

// ---- sessions and renegotiation ----

#[test]
fn a_session_resumed_without_its_extended_master_secret() {
    let sessions = Sessions::default();
    let kept = || Peer::server(server_config12(TLS12, p256())).in_world(World12::with(&sessions));
    let (mut first, mut victim) = (client(), kept());
    talk(&mut first, &mut victim);
    assert_connected(&mut first, &mut victim);
    keep(&sessions, &victim.events);
    let session = first.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        session,
        ..ClientParams::default()
    };
    let mut rogue = Peer::new(Connection::client(
        Arc::new(client_config12(TLS12, p256())),
        params,
        Box::new(SystemRandom),
    ));
    rogue.connection.rx.set_now(NOW);
    let tamper = nth_hello(0, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::EXTENDED_MASTER_SECRET)
    });
    expect(kept(), rogue, tamper, Offence::ExtendedMasterSecretChanged);
}

/// In a renegotiation without extended_master_secret nobody gets the session of another connection. (The client's hello is
/// changed behind its back: when the server resumes a session it does not understand the change_cipher_spec.)
#[test]
fn sessions_in_a_renegotiation() {
    for (extended, own, resumed) in [
        (false, true, true),
        (false, false, false),
        (true, true, true),
        (true, false, true),
    ] {
        let sessions = Sessions::default();
        let connected = || {
            let mut rogue = client_with(Config {
                extended_master_secret: extended,
                ..config(p256())
            });
            let config = Config {
                client_renegotiation: true,
                ..server_config12(TLS12, p256())
            };
            let mut victim = Peer::server(config).in_world(World12::with(&sessions));
            talk(&mut rogue, &mut victim);
            assert_connected(&mut rogue, &mut victim);
            keep(&sessions, &victim.events);
            (rogue, victim)
        };
        let (other, _) = connected();
        let (mut rogue, mut victim) = connected();
        let id = match own {
            true => rogue.info().session_id.clone(),
            false => other.info().session_id.clone(),
        };
        let change = move |hello: &mut ClientHello| hello.session_id.clone_from(&id);
        rogue.connection.tx.tamper.0 = Some(nth_hello(0, change));
        let Connection { rx, tx } = &mut rogue.connection;
        rx.renegotiate(tx).unwrap();
        talk(&mut rogue, &mut victim);
        let told = Error::from(Offence::UnexpectedChangeCipherSpec);
        assert_eq!(rogue.error == Some(told), resumed, "{extended} {own}");
        assert!(victim.error.is_some());
    }
}

/// A client that changes its second hello.
fn again(cause: impl Into<Error>, change: impl Fn(&mut ClientHello) + Send + 'static) {
    let cause = cause.into();
    let mut victim = server_with(Config {
        client_renegotiation: true,
        ..server_config12(TLS12, p256())
    });
    let mut rogue = client();
    rogue.connection.tx.tamper.0 = Some(nth_hello(1, change));
    talk(&mut rogue, &mut victim);
    assert_connected(&mut rogue, &mut victim);
    let Connection { rx, tx } = &mut rogue.connection;
    rx.renegotiate(tx).unwrap();
    talk(&mut rogue, &mut victim);
    assert_eq!(victim.error, Some(cause));
    assert_eq!(rogue.error, Some(Error::AlertReceived(cause.alert())));
}

#[test]
fn renegotiations() {
    let info = |bytes: Vec<u8>| {
        move |hello: &mut ClientHello| {
            hello
                .extensions
                .set(Extension::RenegotiationInfo(bytes.clone()))
        }
    };
    for bytes in [vec![], vec![0; 12], vec![0; 24]] {
        again(Offence::WrongRenegotiationInfo, info(bytes));
    }
    again(Offence::WrongRenegotiationInfo, |hello| {
        let signal = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
        hello.cipher_suites.push(signal);
    });
    again(Offence::InsecureRenegotiation, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::RENEGOTIATION_INFO)
    });
    again(Offence::ExtendedMasterSecretChanged, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::EXTENDED_MASTER_SECRET)
    });
    again(Offence::RenegotiationChangedName, |hello| {
        let name = Extension::ServerName(Some(b"other.test".to_vec()));
        hello.extensions.set(name);
    });
    again(Offence::RenegotiationChangedName, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::SERVER_NAME)
    });
    again(Offence::UnsupportedVersion, |hello| {
        hello.legacy_version = 0x0302
    });
    again(Offence::UnsupportedVersion, |hello| {
        let versions = Versions::Offered(vec![0x0304]);
        hello.extensions.set(Extension::SupportedVersions(versions));
    });
    let malformed = Error::Malformed("client_hello");
    again(malformed, |hello| hello.compression_methods.clear());
}
