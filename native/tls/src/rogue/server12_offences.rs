//! What a server of TLS 1.0 to 1.2 can do wrong, and what the client says to it.

use super::common::world::{prime, World12, FFDHE2048, SRP_PRIME};
use super::common::*;
use super::{as_is, bomb, change_nth, expect, handshake, message, with, without};
use crate::config::{Config, DhParams, Npn};
use crate::connection::{ClientParams, Connection, TamperFn, VerifyName};
use crate::crypto::suites::{suite, KeyExchange, SUITES as ALL};
use crate::crypto::SystemRandom;
use crate::enums::*;
use crate::error::{Error, Offence};
use crate::handshake::shape_of;
use crate::query::Event;
use crate::record::JoinError;
use crate::session::SavedSession;
use crate::wire::extension::*;
use crate::wire::hello::{extension_block, ServerHello};
use crate::wire::message12::*;
use std::sync::Arc;

const TLS11: ProtocolVersion = ProtocolVersion::TLS11;
const TLS12: ProtocolVersion = ProtocolVersion::TLS12;
const TLS13: ProtocolVersion = ProtocolVersion::TLS13;

fn client_config_of(version: ProtocolVersion) -> Config {
    Config {
        credentials: vec![p256().credential()],
        alpn: Some(vec![b"h2".to_vec()]),
        max_fragment_length: Some(1024),
        ..client_config12(version, p256())
    }
}

fn client_of(config: Config) -> Peer {
    Peer::client(config).in_world(World12::default())
}

fn server_of(config: Config) -> Peer {
    Peer::server(config).in_world(World12::default())
}

fn client() -> Peer {
    client_of(client_config_of(TLS12))
}

/// Asks for a certificate.
fn server_config_of(version: ProtocolVersion) -> Config {
    Config {
        verify_peer: true,
        native_verify: client_config(p256()).native_verify,
        ..server_config12(version, p256())
    }
}

fn server() -> Peer {
    server_of(server_config_of(TLS12))
}

fn of(kx: KeyExchange, config: Config) -> Config {
    let version = config.versions[0];
    let rows = ALL.iter().filter(|row| row.kx == kx && row.speaks(version));
    Config {
        cipher_suites: rows.map(|row| row.id).collect(),
        ..config
    }
}

/// Both versions, TLS 1.3 first; the server does not have it.
fn joint() -> Peer {
    let old = client_config_of(TLS12);
    client_of(Config {
        versions: vec![TLS13, TLS12],
        cipher_suites: [SUITES, &old.cipher_suites].concat(),
        ..old
    })
}

fn change_hello(change: impl Fn(&mut ServerHello, &mut Extensions) + Send + 'static) -> TamperFn {
    change_nth(HandshakeType::SERVER_HELLO, 0, move |message| {
        let mut hello = ServerHello::parse(&message[4..]).unwrap();
        let block = &hello.extension_block;
        let mut extensions = Extensions::parse(Place::ServerHello12, block, None).unwrap();
        change(&mut hello, &mut extensions);
        hello.extension_block = extension_block(&extensions).unwrap();
        let mut out = Vec::new();
        hello.emit(&mut out).unwrap();
        handshake(out)
    })
}

fn hello(
    cause: impl Into<Error>,
    change: impl Fn(&mut ServerHello, &mut Extensions) + Send + 'static,
) {
    expect(client(), server(), change_hello(change), cause);
}

fn hello_has(extension: Extension, cause: impl Into<Error>) {
    hello(cause, move |_, extensions| {
        extensions.set(extension.clone())
    });
}

/// Puts a record before the `nth` message of a type.
fn before(msg_type: HandshakeType, content_type: ContentType, content: Vec<u8>) -> TamperFn {
    change_nth(msg_type, 0, move |message| {
        let mut records = vec![(content_type, content.clone())];
        records.extend(as_is(message));
        records
    })
}

fn replace(msg_type: HandshakeType, with: Vec<u8>) -> TamperFn {
    change_nth(msg_type, 0, move |_| handshake(with.clone()))
}

// ---- ServerHello ----

#[test]
fn fixed_fields() {
    hello(Offence::CompressionNotOffered, |hello, _| {
        hello.compression_method = 1
    });
    // Signals, TLS 1.3's, DSS that nobody offered, GREASE, nothing.
    for suite in [0x00ff, 0x5600, 0x1301, 0x1a1a, 0] {
        hello(Offence::CipherNotOffered, move |hello, _| {
            hello.cipher_suite = CipherSuite(suite)
        });
    }
    let picked = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let client = client_of(Config {
        cipher_suites: vec![picked],
        ..client_config_of(TLS12)
    });
    let tamper = change_hello(|hello, _| {
        hello.cipher_suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    });
    expect(client, server(), tamper, Offence::CipherNotOffered);
}

/// CVE-2026-55953: offered, but for another version.
#[test]
fn suites_of_another_version() {
    let tamper = change_hello(|hello, _| hello.cipher_suite = SUITES[0]);
    expect(joint(), server(), tamper, Offence::CipherNotOffered);
    let old = client_config_of(TLS12);
    let client = client_of(Config {
        versions: vec![TLS12, TLS11],
        ..old
    });
    let tamper = change_hello(|hello, _| {
        hello.cipher_suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    });
    let server = server_of(server_config_of(TLS11));
    expect(client, server, tamper, Offence::CipherNotOffered);
}

#[test]
fn versions() {
    for version in [0x0300, 0x0301, 0x0302, 0x0304, 0xfefd] {
        hello(Offence::UnsupportedVersion, move |hello, _| {
            hello.legacy_version = version
        });
    }
    for version in [0x0302, 0x0200] {
        let tamper = change_hello(move |hello, _| hello.legacy_version = version);
        expect(joint(), server(), tamper, Offence::UnsupportedVersion);
    }
    let tamper = change_hello(|hello, _| hello.legacy_version = 0x0305);
    expect(joint(), server(), tamper, Offence::VersionNotOffered);
    let selected = |version| Extension::SupportedVersions(Versions::Selected(version));
    let tamper = change_hello(move |_, extensions| extensions.set(selected(0x0303)));
    expect(joint(), server(), tamper, Offence::MisplacedExtension);
}

#[test]
fn downgrades() {
    for sentinel in [*b"DOWNGRD\x00", *b"DOWNGRD\x01"] {
        let tamper = change_hello(move |hello, _| hello.random[24..].copy_from_slice(&sentinel));
        expect(joint(), server(), tamper, Offence::DowngradeDetected);
    }
    let client = client_of(Config {
        versions: vec![TLS12, TLS11],
        ..client_config_of(TLS12)
    });
    let tamper = change_hello(|hello, _| hello.random[24..].copy_from_slice(b"DOWNGRD\x00"));
    let server = server_of(server_config_of(TLS11));
    expect(client, server, tamper, Offence::DowngradeDetected);
}

#[test]
fn the_session_id_of_compatibility_is_no_session() {
    // The client's own is in its hello, which the tamperer does not see: any 32 bytes would do, but these it must be.
    let mut client = joint();
    let first = client.run();
    let id = first[44..76].to_vec();
    let mut server = server();
    server.connection.tx.tamper.0 = Some(change_hello(move |hello, _| {
        hello.session_id = id.clone();
    }));
    let answer = server.feed(&first);
    client.feed(&answer);
    assert_eq!(client.error, Some(Offence::SessionIdEchoed.into()));
}

#[test]
fn extensions_of_the_hello() {
    for extension in [
        Extension::NextProtocols(vec![]),
        Extension::StatusRequest(StatusRequest::Accepted),
        Extension::SessionTicket(vec![]),
        Extension::Unknown(ExtensionType(0x1a1a), vec![]),
        Extension::Unknown(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, vec![1]),
    ] {
        hello_has(extension, Offence::UnsolicitedExtension);
    }
    for extension in [
        Extension::SignatureAlgorithms(SCHEMES.to_vec()),
        Extension::SupportedVersions(Versions::Selected(0x0303)),
        Extension::Cookie(vec![1]),
        Extension::KeyShare(KeyShare::Retry(NamedGroup::X25519)),
        Extension::EarlyData(EarlyData::Indication),
        Extension::UseSrtp(vec![]),
        Extension::PreSharedKey(PreSharedKey::Selected(0)),
    ] {
        hello_has(extension, Offence::MisplacedExtension);
    }
    hello(Offence::DuplicateExtension, |_, extensions| {
        extensions.push(Extension::ExtendedMasterSecret(()));
    });
    hello_has(
        Extension::EcPointFormats(vec![1, 2]),
        Offence::NoUncompressedPoints,
    );
    hello_has(
        Extension::ServerName(Some(b"a".to_vec())),
        Error::Malformed("server_name"),
    );
    let body = |code, body: &[u8]| Extension::Unknown(code, body.to_vec());
    hello_has(
        body(ExtensionType::EXTENDED_MASTER_SECRET, &[0]),
        Error::Malformed("extended_master_secret"),
    );
    hello_has(
        body(ExtensionType::RENEGOTIATION_INFO, &[]),
        Error::Malformed("renegotiation_info"),
    );
    hello_has(
        body(ExtensionType::EC_POINT_FORMATS, &[0]),
        Error::Malformed("ec_point_formats"),
    );
}

#[test]
fn extensions_that_were_not_offered() {
    let bare = || Config {
        alpn: None,
        max_fragment_length: None,
        extended_master_secret: false,
        cipher_suites: vec![CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA],
        ..client_config_of(TLS12)
    };
    let rsa = identities().last().unwrap();
    for extension in [
        Extension::Alpn(vec![b"h2".to_vec()]),
        Extension::MaxFragmentLength(2),
        Extension::ExtendedMasterSecret(()),
        Extension::EcPointFormats(vec![0]),
        Extension::SupportedGroups(GROUPS.to_vec()),
    ] {
        let tamper = change_hello(move |_, extensions| extensions.set(extension.clone()));
        let server = server_of(server_config12(TLS12, rsa));
        expect(
            client_of(bare()),
            server,
            tamper,
            Offence::UnsolicitedExtension,
        );
    }
}

#[test]
fn negotiated_values_must_be_offered() {
    let alpn = |names: &[&[u8]]| Extension::Alpn(names.iter().map(|name| name.to_vec()).collect());
    hello_has(alpn(&[b"h3"]), Offence::ProtocolNotOffered);
    hello_has(
        alpn(&[b"h2", b"h2"]),
        Error::Malformed("application_layer_protocol_negotiation"),
    );
    for code in [0, 1, 3, 4, 5] {
        hello_has(
            Extension::MaxFragmentLength(code),
            Offence::WrongMaxFragmentLength,
        );
    }
    let client = client_of(Config {
        npn: Some(Npn::Choose {
            own_order: true,
            protocols: vec![b"h2".to_vec()],
            default: Vec::new(),
        }),
        ..client_config_of(TLS12)
    });
    let tamper = change_hello(move |_, extensions| {
        extensions.set(Extension::Alpn(vec![b"h2".to_vec()]));
        extensions.set(Extension::NextProtocols(vec![b"h2".to_vec()]));
    });
    expect(client, server(), tamper, Offence::TwoProtocolNegotiations);
}

#[test]
fn a_first_handshake_has_nothing_to_renegotiate() {
    hello_has(
        Extension::RenegotiationInfo(vec![0; 12]),
        Offence::WrongRenegotiationInfo,
    );
}

/// Servers that do not know RFC 5746 are spoken to, but not twice.
#[test]
fn renegotiation_info_may_be_missing() {
    let (mut client, mut server) = (client(), server());
    server.connection.tx.tamper.0 = Some(change_hello(|_, extensions| {
        *extensions = without(extensions, ExtensionType::RENEGOTIATION_INFO);
    }));
    talk(&mut client, &mut server);
    // The client got as far as Finished, where the changed transcript shows.
    assert_eq!(
        client.error,
        Some(Error::AlertReceived(AlertDescription::DECRYPT_ERROR))
    );
}

// ---- resumption ----

/// A client with a session, and a server that knows it.
fn resuming() -> (Peer, Peer) {
    let config = || client_config_of(TLS12);
    let sessions = super::common::world::Sessions::default();
    let keeping = || Peer::server(server_config_of(TLS12)).in_world(World12::with(&sessions));
    let (mut client, mut server) = (client_of(config()), keeping());
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    super::common::world::keep(&sessions, &server.events);
    let session = client.events.iter().find_map(|event| match event {
        Event::Session(session) => Some((**session).clone()),
        _ => None,
    });
    (with_session(config(), session.unwrap()), keeping())
}

fn with_session(config: Config, session: SavedSession) -> Peer {
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
        session: Some(session),
    };
    let mut connection = Connection::client(Arc::new(config), params, Box::new(SystemRandom));
    connection.rx.set_now(NOW);
    Peer::new(connection).in_world(World12::default())
}

#[test]
fn a_session_resumes_as_it_was() {
    let (client, server) = resuming();
    let tamper = change_hello(|hello, _| {
        let other = ALL
            .iter()
            .find(|row| row.speaks(TLS12) && row.id != hello.cipher_suite);
        hello.cipher_suite = other.unwrap().id;
    });
    expect(client, server, tamper, Offence::SessionChanged);
    let (client, server) = resuming();
    let tamper = change_hello(|_, extensions| {
        *extensions = without(extensions, ExtensionType::EXTENDED_MASTER_SECRET);
    });
    expect(client, server, tamper, Offence::ExtendedMasterSecretChanged);
}

#[test]
fn finished_of_a_resumed_session() {
    let (client, server) = resuming();
    let tamper = change_nth(HandshakeType::FINISHED, 0, |raw| {
        let mut raw = raw.to_vec();
        raw[4] ^= 1;
        handshake(raw)
    });
    expect(client, server, tamper, Offence::BadFinished);
    let (client, server) = resuming();
    let tamper = replace(
        HandshakeType::FINISHED,
        message(HandshakeType::CERTIFICATE, &[0; 3]),
    );
    let cause = Error::UnexpectedMessage(HandshakeType::CERTIFICATE);
    expect(client, server, tamper, cause);
}

// ---- the server's flight ----

#[test]
fn certificates() {
    let certificate = |chain: Vec<Vec<u8>>, cause: Error| {
        let mut out = Vec::new();
        Certificate12 { chain }.emit(&mut out).unwrap();
        expect(
            client(),
            server(),
            replace(HandshakeType::CERTIFICATE, out),
            cause,
        );
    };
    certificate(vec![], Offence::EmptyServerCertificate.into());
    certificate(vec![vec![0x30, 0]], Offence::UndecodableCertificate.into());
    let padded = vec![p256().chain[0].clone(), bomb()];
    certificate(padded, Offence::UndecodableCertificate.into());
    let many = vec![p256().chain[0].clone(); 65];
    certificate(many, Offence::TooManyCertificates.into());
    let rsa = identities().last().unwrap();
    certificate(rsa.chain.clone(), Offence::WrongCertificateType.into());
    let cut = message(HandshakeType::CERTIFICATE, &[0, 0, 1]);
    let tamper = replace(HandshakeType::CERTIFICATE, cut);
    expect(client(), server(), tamper, Error::Malformed("certificate"));
    // Two of them.
    let tamper = change_nth(HandshakeType::CERTIFICATE, 0, |message| {
        handshake([message, message].concat())
    });
    let cause = Error::UnexpectedMessage(HandshakeType::CERTIFICATE);
    expect(client(), server(), tamper, cause);
}

/// RFC 5246 section 7.4.2: keyUsage must allow what the suite does with the key.
#[test]
fn certificates_for_another_use() {
    use rcgen::KeyUsagePurpose as U;
    let ec = &rcgen::PKCS_ECDSA_P256_SHA256;
    let ec_scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let rsa = identities().last().unwrap();
    for (suite, identity, wrong, cause) in [
        (
            CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA,
            rsa,
            limited(&rcgen::PKCS_RSA_SHA256, rsa.scheme, &[U::DigitalSignature]),
            Offence::CertificateMayNotAgree,
        ),
        (
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
            p256(),
            limited(ec, ec_scheme, &[U::KeyAgreement]),
            Offence::CertificateMayNotSign,
        ),
        (
            CipherSuite::TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA,
            p256(),
            limited(ec, ec_scheme, &[U::DigitalSignature]),
            Offence::CertificateMayNotAgree,
        ),
    ] {
        let client = client_of(Config {
            cipher_suites: vec![suite],
            ..client_config_of(TLS12)
        });
        let mut out = Vec::new();
        let chain = wrong.chain.clone();
        Certificate12 { chain }.emit(&mut out).unwrap();
        let server = server_of(server_config12(TLS12, identity));
        let tamper = replace(HandshakeType::CERTIFICATE, out);
        expect(client, server, tamper, cause);
    }
}

#[test]
fn every_message_in_its_place() {
    use HandshakeType as T;
    // Each left out: the one after it is not expected.
    for (missing, next) in [
        (T::SERVER_HELLO, T::CERTIFICATE),
        (T::CERTIFICATE, T::SERVER_KEY_EXCHANGE),
        (T::SERVER_KEY_EXCHANGE, T::CERTIFICATE_REQUEST),
    ] {
        let tamper = change_nth(missing, 0, |_| Vec::new());
        expect(client(), server(), tamper, Error::UnexpectedMessage(next));
    }
    // And each replaced by what never comes there.
    for msg_type in [
        T::SERVER_HELLO,
        T::CERTIFICATE,
        T::SERVER_KEY_EXCHANGE,
        T::CERTIFICATE_REQUEST,
        T::SERVER_HELLO_DONE,
        T::FINISHED,
    ] {
        for other in [
            T::CLIENT_HELLO,
            T::NEW_SESSION_TICKET,
            T::ENCRYPTED_EXTENSIONS,
            T::CERTIFICATE_VERIFY,
            T::CLIENT_KEY_EXCHANGE,
            T::CERTIFICATE_STATUS,
            T::KEY_UPDATE,
            T::NEXT_PROTOCOL,
            HandshakeType(99),
        ] {
            let tamper = replace(msg_type, message(other, &[0; 40]));
            expect(client(), server(), tamper, Error::UnexpectedMessage(other));
        }
    }
}

/// RFC 5246 section 7.4.1.1: ignored during a handshake, and in no transcript.
#[test]
fn hello_requests_are_ignored() {
    use HandshakeType as T;
    for msg_type in [
        T::SERVER_HELLO,
        T::CERTIFICATE,
        T::SERVER_KEY_EXCHANGE,
        T::CERTIFICATE_REQUEST,
        T::SERVER_HELLO_DONE,
        T::FINISHED,
    ] {
        let request = Empty::HelloRequest.bytes().to_vec();
        let (mut client, mut server) = (client(), server());
        let tamper = before(msg_type, ContentType::HANDSHAKE, request);
        server.connection.tx.tamper.0 = Some(tamper);
        talk(&mut client, &mut server);
        assert_connected(&mut client, &mut server);
        let malformed = message(T::HELLO_REQUEST, &[0]);
        let tamper = before(msg_type, ContentType::HANDSHAKE, malformed);
        let (client, server) = (self::client(), self::server());
        expect(client, server, tamper, Error::Malformed("hello_request"));
    }
}

#[test]
fn change_cipher_spec_in_the_middle_of_the_handshake() {
    use HandshakeType as T;
    for msg_type in [
        T::SERVER_HELLO,
        T::CERTIFICATE,
        T::SERVER_KEY_EXCHANGE,
        T::CERTIFICATE_REQUEST,
        T::SERVER_HELLO_DONE,
        // Again, after the one that changed the keys.
        T::FINISHED,
    ] {
        let tamper = before(msg_type, ContentType::CHANGE_CIPHER_SPEC, vec![1]);
        let cause = Offence::UnexpectedChangeCipherSpec;
        expect(client(), server(), tamper, cause);
    }
    for content in [vec![0], vec![1, 1]] {
        let tamper = before(
            T::CERTIFICATE,
            ContentType::CHANGE_CIPHER_SPEC,
            content.clone(),
        );
        let (mut client, mut server) = (client(), server());
        server.connection.tx.tamper.0 = Some(tamper);
        talk(&mut client, &mut server);
        assert!(client.error.is_some(), "{content:?}");
    }
}

#[test]
fn application_data_in_the_middle_of_the_handshake() {
    let tamper = before(
        HandshakeType::FINISHED,
        ContentType::APPLICATION_DATA,
        vec![1],
    );
    expect(client(), server(), tamper, Offence::EarlyApplicationData);
}

#[test]
fn the_flight_ends_with_server_hello_done() {
    let tamper = change_nth(HandshakeType::SERVER_HELLO_DONE, 0, |done| {
        handshake([done, &Empty::HelloRequest.bytes()].concat())
    });
    expect(client(), server(), tamper, JoinError::NotAligned);
    let tamper = replace(
        HandshakeType::SERVER_HELLO_DONE,
        message(HandshakeType::SERVER_HELLO_DONE, &[0]),
    );
    let cause = Error::Malformed("server_hello_done");
    expect(client(), server(), tamper, cause);
}

// ---- ServerKeyExchange ----

/// Changes the parameters, of a suite with this key exchange.
fn params(
    kx: KeyExchange,
    cause: impl Into<Error>,
    change: impl Fn(&mut ServerKeyExchange) + Send + 'static,
) {
    let config = of(kx, client_config_of(TLS12));
    let shape = shape_of(suite(config.cipher_suites[0]).unwrap());
    let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, move |message| {
        let mut exchange = ServerKeyExchange::parse(&message[4..], shape, TLS12).unwrap();
        change(&mut exchange);
        let mut out = Vec::new();
        exchange.emit(&mut out).unwrap();
        handshake(out)
    });
    // Unsigned: what is wrong is found without a signature, and nobody asks for certificates.
    let server = server_of(server_config12(TLS12, p256()));
    expect(client_of(config), server, tamper, cause);
}

#[test]
fn curves() {
    for group in [
        NamedGroup::X448,
        NamedGroup::SECT163K1,
        NamedGroup::FFDHE2048,
        NamedGroup::X25519MLKEM768,
        NamedGroup(0x1a1a),
    ] {
        params(
            KeyExchange::EcdhAnon,
            Offence::CurveNotOffered,
            move |exchange| {
                if let ServerParams::Ecdh { group: theirs, .. } = &mut exchange.params {
                    *theirs = group;
                }
            },
        );
    }
    for point in [vec![0; 32], vec![4; 65], vec![1]] {
        params(
            KeyExchange::EcdhAnon,
            Offence::BadKeyShare,
            move |exchange| {
                if let ServerParams::Ecdh { public, .. } = &mut exchange.params {
                    *public = point.clone();
                }
            },
        );
    }
    // TLS 1.3 offers groups that are no curves.
    let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, |message| {
        let mut raw = message.to_vec();
        raw[5..7].copy_from_slice(&NamedGroup::X25519MLKEM768.0.to_be_bytes());
        handshake(raw)
    });
    expect(joint(), server(), tamper, Offence::CurveNotOffered);
    for kind in [0, 1, 2, 4] {
        let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, move |message| {
            let mut raw = message.to_vec();
            raw[4] = kind;
            handshake(raw)
        });
        expect(client(), server(), tamper, Offence::ExplicitCurve);
    }
}

/// Replaces the numbers that there is a wrong one for.
fn put(numbers: [&mut Vec<u8>; 3], wrong: &[Option<Vec<u8>>; 3]) {
    for (number, wrong) in numbers.into_iter().zip(wrong) {
        if let Some(wrong) = wrong {
            *number = wrong.clone();
        }
    }
}

#[test]
fn diffie_hellman_groups() {
    let dh = |cause: Offence, wrong: [Option<Vec<u8>>; 3]| {
        for kx in [KeyExchange::DhAnon, KeyExchange::DhePsk] {
            let wrong = wrong.clone();
            params(kx, cause, move |exchange| {
                let ServerParams::Dh {
                    prime,
                    generator,
                    public,
                } = &mut exchange.params
                else {
                    panic!("no parameters");
                };
                put([prime, generator, public], &wrong);
            });
        }
    };
    let group = prime(FFDHE2048);
    let mut below = group.clone();
    *below.last_mut().unwrap() ^= 1;
    dh(
        Offence::DhPrimeTooShort,
        [Some(group[1..].to_vec()), None, None],
    );
    dh(
        Offence::DhPrimeTooLong,
        [Some(vec![0xff; 1025]), None, None],
    );
    dh(Offence::BadDhGroup, [Some(below.clone()), None, None]);
    for generator in [vec![0], vec![1], below.clone(), group.clone()] {
        dh(Offence::BadDhGroup, [None, Some(generator), None]);
    }
    for public in [vec![0], vec![1], below, group] {
        dh(Offence::BadKeyShare, [None, None, Some(public)]);
    }
}

#[test]
fn srp_groups() {
    let srp = |cause: Offence, wrong: [Option<Vec<u8>>; 3]| {
        params(KeyExchange::Srp, cause, move |exchange| {
            let ServerParams::Srp {
                prime,
                generator,
                public,
                ..
            } = &mut exchange.params
            else {
                panic!("no parameters");
            };
            put([prime, generator, public], &wrong);
        });
    };
    let group = prime(SRP_PRIME);
    srp(
        Offence::UnknownSrpGroup,
        [Some(prime(FFDHE2048)), None, None],
    );
    srp(Offence::UnknownSrpGroup, [None, Some(vec![5]), None]);
    srp(
        Offence::DhPrimeTooShort,
        [Some(group[..128].to_vec()), None, None],
    );
    for public in [vec![0], group] {
        srp(Offence::BadKeyShare, [None, None, Some(public)]);
    }
}

#[test]
fn signatures() {
    let signed = |cause: Offence, change: fn(&mut DigitallySigned)| {
        let config = of(KeyExchange::Ecdhe, client_config_of(TLS12));
        let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, move |message| {
            let shape = ServerShape {
                hint: false,
                params: ParamsKind::Ecdh,
                signed: true,
            };
            let mut exchange = ServerKeyExchange::parse(&message[4..], shape, TLS12).unwrap();
            change(exchange.signed.as_mut().unwrap());
            let mut out = Vec::new();
            exchange.emit(&mut out).unwrap();
            handshake(out)
        });
        expect(client_of(config), server(), tamper, cause);
    };
    signed(Offence::BadSignature, |signed| {
        *signed.signature.last_mut().unwrap() ^= 1
    });
    signed(Offence::BadSignature, |signed| signed.signature.clear());
    // Not offered; for another key; for TLS 1.3 only; none at all.
    for_each_scheme(signed);
    // The parameters are not those that were signed.
    let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, |message| {
        let mut raw = message.to_vec();
        raw[10] ^= 1;
        handshake(raw)
    });
    expect(client(), server(), tamper, Offence::BadSignature);
}

fn for_each_scheme(signed: impl Fn(Offence, fn(&mut DigitallySigned))) {
    let wrong = Offence::WrongSignatureScheme;
    signed(wrong, |signed| {
        signed.scheme = Some(SignatureScheme::ECDSA_SHA224)
    });
    signed(wrong, |signed| {
        signed.scheme = Some(SignatureScheme::RSA_PKCS1_SHA256)
    });
    signed(wrong, |signed| {
        signed.scheme = Some(SignatureScheme::ED25519)
    });
    signed(wrong, |signed| {
        signed.scheme = Some(SignatureScheme::RSA_MD5_SHA1)
    });
    signed(wrong, |signed| signed.scheme = Some(SignatureScheme(0)));
}

#[test]
fn a_server_that_signs_nothing() {
    let tamper = change_nth(HandshakeType::SERVER_KEY_EXCHANGE, 0, |message| {
        let params = 4 + usize::from(message[7]);
        handshake(super::message(
            HandshakeType::SERVER_KEY_EXCHANGE,
            &message[4..4 + params],
        ))
    });
    let cause = Error::Malformed("server_key_exchange");
    expect(client(), server(), tamper, cause);
}

// ---- CertificateRequest, CertificateStatus ----

#[test]
fn certificate_requests() {
    let tamper = replace(
        HandshakeType::CERTIFICATE_REQUEST,
        message(HandshakeType::CERTIFICATE_REQUEST, &[1, 64, 0, 0, 0, 0]),
    );
    let cause = Error::Malformed("certificate_request");
    expect(client(), server(), tamper, cause);
    // Who has no certificate may not ask for one.
    for kx in [
        KeyExchange::EcdhAnon,
        KeyExchange::Psk,
        KeyExchange::EcdhePsk,
        KeyExchange::Srp,
    ] {
        let mut request = Vec::new();
        CertificateRequest12 {
            types: vec![CertificateType::ECDSA_SIGN],
            schemes: Some(SCHEMES.to_vec()),
            authorities: Vec::new(),
        }
        .emit(&mut request)
        .unwrap();
        let tamper = before(
            HandshakeType::SERVER_HELLO_DONE,
            ContentType::HANDSHAKE,
            request,
        );
        let server = server_of(server_config12(TLS12, p256()));
        let cause = Offence::UnexpectedCertificateRequest;
        expect(
            client_of(of(kx, client_config_of(TLS12))),
            server,
            tamper,
            cause,
        );
    }
}

#[test]
fn an_ocsp_response_comes_announced_only() {
    let mut status = Vec::new();
    let response = vec![1, 2, 3];
    CertificateStatus { response }.emit(&mut status).unwrap();
    let tamper = before(
        HandshakeType::SERVER_KEY_EXCHANGE,
        ContentType::HANDSHAKE,
        status.clone(),
    );
    let cause = Error::UnexpectedMessage(HandshakeType::CERTIFICATE_STATUS);
    expect(client(), server(), tamper, cause);

    let stapled = |message: Vec<u8>| -> TamperFn {
        Box::new(move |raw| match HandshakeType(raw[0]) {
            HandshakeType::SERVER_HELLO => {
                let mut hello = ServerHello::parse(&raw[4..]).unwrap();
                let block = &hello.extension_block;
                let extensions = Extensions::parse(Place::ServerHello12, block, None).unwrap();
                let extension = Extension::StatusRequest(StatusRequest::Accepted);
                hello.extension_block = extension_block(&with(&extensions, extension)).unwrap();
                let mut out = Vec::new();
                hello.emit(&mut out).unwrap();
                handshake(out)
            }
            HandshakeType::SERVER_KEY_EXCHANGE => handshake([&message[..], raw].concat()),
            _ => as_is(raw),
        })
    };
    let asking = || {
        client_of(Config {
            status_request: true,
            ..client_config_of(TLS12)
        })
    };
    for body in [&[2, 0, 0, 1, 1][..], &[1, 0, 0, 0], &[1, 0, 0, 2, 1], &[]] {
        let malformed = message(HandshakeType::CERTIFICATE_STATUS, body);
        let cause = Error::Malformed("certificate_status");
        expect(asking(), server(), stapled(malformed), cause);
    }
    // Announced, it goes to who judges the chain; or it is left out.
    for (message, seen) in [(status, Some(vec![1, 2, 3])), (Vec::new(), None)] {
        let (mut client, mut server) = (asking(), server());
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let note = Arc::clone(&asked);
        client.answer = Some(Box::new(move |query| {
            if let crate::query::Query::PeerCertificate { ocsp_response, .. } = query {
                note.lock().unwrap().push(ocsp_response.clone());
            }
            crate::query::Answer::Continue
        }));
        server.connection.tx.tamper.0 = Some(stapled(message));
        talk(&mut client, &mut server);
        assert_eq!(*asked.lock().unwrap(), [seen]);
    }
}

// ---- Finished ----

#[test]
fn finished() {
    for version in [ProtocolVersion::TLS10, TLS11, TLS12] {
        let client = || client_of(client_config_of(version));
        let server = || server_of(server_config_of(version));
        let tamper = change_nth(HandshakeType::FINISHED, 0, |raw| {
            let mut raw = raw.to_vec();
            raw[15] ^= 0x80;
            handshake(raw)
        });
        expect(client(), server(), tamper, Offence::BadFinished);
        let long = message(HandshakeType::FINISHED, &[0; 13]);
        let tamper = replace(HandshakeType::FINISHED, long);
        expect(client(), server(), tamper, Offence::BadFinished);
        let tamper = change_nth(HandshakeType::FINISHED, 0, |raw| {
            handshake([raw, raw].concat())
        });
        let cause = Error::UnexpectedMessage(HandshakeType::FINISHED);
        expect(client(), server(), tamper, cause);
    }
}

#[test]
fn the_group_of_the_server_is_checked_with_every_suite_of_diffie_hellman() {
    let server = Config {
        dh: Some(DhParams {
            prime: vec![0xfd; 128],
            generator: vec![2],
        }),
        ..server_config12(TLS12, identities().last().unwrap())
    };
    let client = of(
        KeyExchange::Dhe,
        client_config12(TLS12, identities().last().unwrap()),
    );
    let rsa_only = Config {
        cipher_suites: client
            .cipher_suites
            .iter()
            .copied()
            .filter(|id| suite(*id).unwrap().auth == crate::crypto::suites::Authentication::Rsa)
            .collect(),
        ..client
    };
    let (mut client, mut server) = (client_of(rsa_only), server_of(server));
    talk(&mut client, &mut server);
    assert_fails(&client, &server, Offence::DhPrimeTooShort);
}

// ---- renegotiation ----

/// The rogue goes bad when the connection is established.
fn again(tamper: TamperFn, cause: impl Into<Error>) {
    let cause = cause.into();
    let (mut client, mut server) = (client(), server());
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    server.connection.tx.tamper.0 = Some(tamper);
    let Connection { rx, tx } = &mut server.connection;
    rx.renegotiate(tx).unwrap();
    talk(&mut client, &mut server);
    assert_eq!(client.error, Some(cause));
    assert_eq!(server.error, Some(Error::AlertReceived(cause.alert())));
}

/// RFC 5746 section 3.5.
#[test]
fn a_renegotiation_belongs_to_its_connection() {
    let cause = Offence::WrongRenegotiationInfo;
    again(
        change_hello(|_, extensions| {
            *extensions = without(extensions, ExtensionType::RENEGOTIATION_INFO)
        }),
        cause,
    );
    for info in [vec![], vec![0; 24], vec![0; 12]] {
        let info = Extension::RenegotiationInfo(info);
        again(
            change_hello(move |_, extensions| extensions.set(info.clone())),
            cause,
        );
    }
    again(
        change_hello(|_, extensions| {
            *extensions = without(extensions, ExtensionType::EXTENDED_MASTER_SECRET)
        }),
        Offence::ExtendedMasterSecretChanged,
    );
    again(
        change_hello(|_, extensions| extensions.set(Extension::Alpn(vec![b"h2".to_vec()]))),
        Offence::UnsolicitedExtension,
    );
    again(
        change_hello(|hello, _| hello.legacy_version = 0x0302),
        Offence::UnsupportedVersion,
    );
}

#[test]
fn no_data_between_change_cipher_spec_and_finished_of_a_renegotiation() {
    let data = before(
        HandshakeType::FINISHED,
        ContentType::APPLICATION_DATA,
        vec![1],
    );
    again(data, Offence::EarlyApplicationData);
}
