//! What a server can do wrong, and what the client says to it.

use super::common::*;
use super::{as_is, bomb, change_nth, expect, handshake, message, with, without};
use crate::config::Config;
use crate::connection::TamperFn;
use crate::enums::*;
use crate::error::{Error, Offence};
use crate::record::JoinError;
use crate::wire::extension::*;
use crate::wire::hello::{extension_block, ServerHello, RETRY_RANDOM};
use crate::wire::message::*;

fn client() -> Peer {
    Peer::client(Config {
        credentials: vec![p256().credential()],
        alpn: Some(vec![b"h2".to_vec()]),
        max_fragment_length: Some(1024),
        ..client_config(p256())
    })
}

fn server() -> Peer {
    Peer::server(Config {
        credentials: vec![p256().credential()],
        ..client_config(p256())
    })
}

/// A server whose groups the client has no share for.
fn retrying() -> Peer {
    Peer::server(Config {
        groups: vec![NamedGroup::SECP256R1, NamedGroup::SECP384R1],
        ..server_config(p256())
    })
}

/// Changes the `nth` ServerHello, HelloRetryRequests counted.
fn nth_hello(
    nth: usize,
    change: impl Fn(&mut ServerHello, &mut Extensions) + Send + 'static,
) -> TamperFn {
    change_nth(HandshakeType::SERVER_HELLO, nth, move |message| {
        let mut hello = ServerHello::parse(&message[4..]).unwrap();
        let mut extensions =
            Extensions::parse(hello.place(), &hello.extension_block, None).unwrap();
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
    expect(client(), server(), nth_hello(0, change), cause);
}

fn hello_has(extension: Extension, cause: impl Into<Error>) {
    hello(cause, move |_, extensions| {
        extensions.set(extension.clone())
    });
}

#[test]
fn fixed_fields() {
    hello(Offence::BadLegacyVersion, |hello, _| {
        hello.legacy_version = 0x0304
    });
    hello(Offence::BadLegacyVersion, |hello, _| {
        hello.legacy_version = 0x0301
    });
    hello(Offence::CompressionSelected, |hello, _| {
        hello.compression_method = 1
    });
    hello(Offence::SessionIdMismatch, |hello, _| {
        hello.session_id[31] ^= 1
    });
    hello(Offence::SessionIdMismatch, |hello, _| {
        hello.session_id.clear()
    });
    for suite in [0, 0x00ff, 0x1306, 0xc02f, 0x7a7a] {
        hello(Offence::CipherNotOffered, move |hello, _| {
            hello.cipher_suite = CipherSuite(suite)
        });
    }
}

#[test]
fn a_suite_that_is_known_but_was_not_offered() {
    let client = Peer::client(Config {
        cipher_suites: vec![SUITES[0]],
        ..client_config(p256())
    });
    let tamper = nth_hello(0, |hello, _| hello.cipher_suite = SUITES[1]);
    expect(client, server(), tamper, Offence::CipherNotOffered);
}

#[test]
fn versions() {
    let selected = |version| Extension::SupportedVersions(Versions::Selected(version));
    hello_has(selected(0x0303), Offence::UnsupportedVersion);
    hello_has(selected(0x0305), Offence::VersionNotOffered);
    hello_has(selected(0x7f1c), Offence::VersionNotOffered);
    hello(Offence::UnsupportedVersion, |_, extensions| {
        *extensions = Extensions::default()
    });
    for sentinel in [*b"DOWNGRD\x00", *b"DOWNGRD\x01"] {
        hello(Offence::DowngradeDetected, move |hello, extensions| {
            hello.random[24..].copy_from_slice(&sentinel);
            *extensions = Extensions::default();
        });
    }
}

#[test]
fn extensions_of_the_hello() {
    hello(Offence::MissingServerKeyShare, |_, extensions| {
        *extensions = without(extensions, ExtensionType::KEY_SHARE);
    });
    // CVE-2026-89422: never offered.
    hello_has(
        Extension::PreSharedKey(PreSharedKey::Selected(0)),
        Offence::UnsolicitedPreSharedKey,
    );
    hello_has(
        Extension::Unknown(ExtensionType(0x7a7a), Vec::new()),
        Offence::UnsolicitedExtension,
    );
    hello_has(
        Extension::Alpn(vec![b"h2".to_vec()]),
        Offence::MisplacedExtension,
    );
    hello_has(Extension::ServerName(None), Offence::MisplacedExtension);
    hello_has(
        Extension::EarlyData(EarlyData::Indication),
        Offence::MisplacedExtension,
    );
    hello_has(Extension::Cookie(vec![1]), Offence::MisplacedExtension);
    hello(Offence::DuplicateExtension, |_, extensions| {
        let double = extensions.iter().next().unwrap().clone();
        extensions.push(double);
    });
}

fn share(group: NamedGroup, len: usize) -> Extension {
    let key_exchange = vec![4; len];
    Extension::KeyShare(KeyShare::Selected(KeyShareEntry {
        group,
        key_exchange,
    }))
}

#[test]
fn shares() {
    hello_has(share(NamedGroup::SECP256R1, 65), Offence::WrongGroup);
    hello_has(share(NamedGroup::X448, 56), Offence::WrongGroup);
    for len in [1, 31, 33] {
        hello_has(share(NamedGroup::X25519, len), Offence::BadKeyShare);
    }
    let zero = KeyShareEntry {
        group: NamedGroup::X25519,
        key_exchange: vec![0; 32],
    };
    hello_has(
        Extension::KeyShare(KeyShare::Selected(zero)),
        Offence::BadKeyShare,
    );
}

// ---- HelloRetryRequest ----

fn retry(
    cause: impl Into<Error>,
    change: impl Fn(&mut ServerHello, &mut Extensions) + Send + 'static,
) {
    expect(client(), retrying(), nth_hello(0, change), cause);
}

#[test]
fn retry_requests() {
    let group = |group| Extension::KeyShare(KeyShare::Retry(group));
    for (asked, cause) in [
        (NamedGroup::X25519, Offence::RetryGroupAlreadyShared),
        (NamedGroup::X448, Offence::RetryGroupNotOffered),
        (NamedGroup(0x7a7a), Offence::RetryGroupNotOffered),
    ] {
        retry(cause, move |_, extensions| extensions.set(group(asked)));
    }
    retry(Offence::RetryWithoutChange, |_, extensions| {
        *extensions = without(
            &without(extensions, ExtensionType::COOKIE),
            ExtensionType::KEY_SHARE,
        );
    });
    retry(Offence::UnsupportedVersion, |_, extensions| {
        *extensions = without(extensions, ExtensionType::SUPPORTED_VERSIONS);
    });
    retry(Offence::SessionIdMismatch, |hello, _| {
        hello.session_id[0] ^= 1
    });
    retry(Offence::MisplacedExtension, |_, extensions| {
        extensions.push(Extension::Alpn(vec![vec![1]]))
    });
    retry(Error::Malformed("cookie"), |_, extensions| {
        *extensions = with(
            &without(extensions, ExtensionType::COOKIE),
            Extension::Unknown(ExtensionType::COOKIE, vec![0, 0]),
        );
    });
}

#[test]
fn a_retry_request_ends_its_flight() {
    let tamper = change_nth(HandshakeType::SERVER_HELLO, 0, |message| {
        handshake([message, &message[..20]].concat())
    });
    expect(
        client(),
        retrying(),
        tamper,
        Error::Join(JoinError::NotAligned),
    );
}

#[test]
fn a_second_retry_request() {
    let tamper = nth_hello(1, |hello, extensions| {
        hello.random = RETRY_RANDOM;
        extensions.set(Extension::KeyShare(KeyShare::Retry(NamedGroup::SECP384R1)));
    });
    expect(
        client(),
        retrying(),
        tamper,
        Offence::SecondHelloRetryRequest,
    );
}

#[test]
fn the_hello_after_a_retry_request_keeps_to_it() {
    let tamper = nth_hello(1, |hello, _| hello.cipher_suite = SUITES[1]);
    expect(client(), retrying(), tamper, Offence::CipherChanged);
    let tamper = nth_hello(1, |_, extensions| {
        extensions.set(share(NamedGroup::X25519, 32))
    });
    expect(client(), retrying(), tamper, Offence::WrongGroup);
}

// ---- EncryptedExtensions ----

fn encrypted(cause: impl Into<Error>, change: impl Fn(&mut Extensions) + Send + 'static) {
    let tamper = change_nth(HandshakeType::ENCRYPTED_EXTENSIONS, 0, move |message| {
        let mut extensions =
            Extensions::parse(Place::EncryptedExtensions, &message[6..], None).unwrap();
        change(&mut extensions);
        let mut out = Vec::new();
        EncryptedExtensions { extensions }.emit(&mut out).unwrap();
        handshake(out)
    });
    expect(client(), server(), tamper, cause);
}

#[test]
fn encrypted_extensions() {
    let has = |extension: Extension, cause: Error| {
        encrypted(cause, move |all| all.set(extension.clone()))
    };
    let name = |name: &[u8]| name.to_vec();
    has(
        Extension::Alpn(vec![name(b"h3")]),
        Offence::ProtocolNotOffered.into(),
    );
    let two = vec![name(b"h2"), name(b"h2")];
    has(
        Extension::Alpn(two),
        Error::Malformed("application_layer_protocol_negotiation"),
    );
    for code in [0, 1, 3, 5] {
        has(
            Extension::MaxFragmentLength(code),
            Offence::WrongMaxFragmentLength.into(),
        );
    }
    has(
        Extension::EarlyData(EarlyData::Indication),
        Offence::UnsolicitedExtension.into(),
    );
    has(
        Extension::Unknown(ExtensionType(0x7a7a), vec![1]),
        Offence::UnsolicitedExtension.into(),
    );
    has(
        Extension::UseSrtp(vec![]),
        Offence::UnsolicitedExtension.into(),
    );
    has(
        Extension::ServerName(Some(name(b"a"))),
        Error::Malformed("server_name"),
    );
    for extension in [
        Extension::KeyShare(KeyShare::Retry(NamedGroup::X25519)),
        Extension::SupportedVersions(Versions::Selected(0x0304)),
        Extension::SignatureAlgorithms(SCHEMES.to_vec()),
        Extension::Cookie(vec![1]),
        Extension::StatusRequest(StatusRequest::ocsp()),
        Extension::RenegotiationInfo(vec![0]),
        Extension::ExtendedMasterSecret(()),
        Extension::EcPointFormats(vec![1, 0]),
    ] {
        has(extension, Offence::MisplacedExtension.into());
    }
    encrypted(Offence::DuplicateExtension, |all| {
        all.push(Extension::SupportedGroups(vec![NamedGroup::X25519]));
        all.push(Extension::SupportedGroups(vec![NamedGroup::X25519]));
    });
}

// ---- authentication ----

#[test]
fn certificate_requests() {
    let request = |cause: Offence, change: fn(&mut CertificateRequest)| {
        let tamper = change_nth(HandshakeType::CERTIFICATE_REQUEST, 0, move |message| {
            let mut request = CertificateRequest::parse(&message[4..]).unwrap();
            change(&mut request);
            let mut out = Vec::new();
            request.emit(&mut out).unwrap();
            handshake(out)
        });
        expect(client(), server(), tamper, cause);
    };
    request(Offence::CertificateContext, |request| {
        request.context = vec![0]
    });
    request(Offence::MissingRequestSchemes, |request| {
        request.extensions = Extensions::default()
    });
    request(Offence::MisplacedExtension, |request| {
        request.extensions.push(Extension::Alpn(vec![vec![1]]))
    });
    // Unknown ones are skipped; then the transcripts differ.
    request(Offence::BadSignature, |request| {
        request
            .extensions
            .push(Extension::Unknown(ExtensionType(0x7a7a), vec![1]));
    });
}

fn certificate(cause: impl Into<Error>, change: impl Fn(&mut Certificate) + Send + 'static) {
    let tamper = change_nth(HandshakeType::CERTIFICATE, 0, move |message| {
        let mut certificate = Certificate::parse(&message[4..], 10, &Offered::default()).unwrap();
        change(&mut certificate);
        let mut out = Vec::new();
        certificate.emit(&mut out).unwrap();
        handshake(out)
    });
    expect(client(), server(), tamper, cause);
}

#[test]
fn certificates() {
    certificate(Offence::EmptyServerCertificate, |message| {
        message.entries.clear()
    });
    certificate(Offence::CertificateContext, |message| {
        message.context = vec![1]
    });
    certificate(Offence::UndecodableCertificate, |message| {
        let mut second = message.entries[0].clone();
        second.certificate = bomb();
        message.entries.push(second);
    });
    certificate(Offence::UndecodableCertificate, |message| {
        message.entries[0].certificate = vec![0x30, 0]
    });
    certificate(Offence::UnsolicitedExtension, |message| {
        let extension = Extension::StatusRequest(StatusRequest::Response(vec![1]));
        message.entries[0].extensions.push(extension);
    });
    certificate(Offence::MisplacedExtension, |message| {
        message.entries[0]
            .extensions
            .push(Extension::ServerName(None));
    });
    // Another one than the key's. The client of this test trusts its CA.
    certificate(Offence::BadSignature, |message| {
        let entry = message.entries[0].clone();
        message.entries.push(entry);
    });
}

#[test]
fn certificate_verify() {
    for scheme in SignatureScheme::KNOWN {
        if *scheme == SignatureScheme::ECDSA_SECP256R1_SHA256 {
            continue;
        }
        let tamper = change_nth(HandshakeType::CERTIFICATE_VERIFY, 0, move |message| {
            let mut out = message.to_vec();
            out[4..6].copy_from_slice(&scheme.0.to_be_bytes());
            handshake(out)
        });
        expect(client(), server(), tamper, Offence::WrongSignatureScheme);
    }
    let tamper = change_nth(HandshakeType::CERTIFICATE_VERIFY, 0, |message| {
        let mut out = message.to_vec();
        *out.last_mut().unwrap() ^= 1;
        handshake(out)
    });
    expect(client(), server(), tamper, Offence::BadSignature);
}

#[test]
fn neither_authentication_message_can_be_left_out() {
    for (msg_type, next) in [
        (
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
        ),
        (
            HandshakeType::CERTIFICATE,
            HandshakeType::CERTIFICATE_VERIFY,
        ),
        (HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED),
    ] {
        let tamper = change_nth(msg_type, 0, |_| Vec::new());
        expect(client(), server(), tamper, Error::UnexpectedMessage(next));
    }
}

#[test]
fn finished() {
    let tamper = change_nth(HandshakeType::FINISHED, 0, |message| {
        let mut out = message.to_vec();
        *out.last_mut().unwrap() ^= 1;
        handshake(out)
    });
    expect(client(), server(), tamper, Offence::BadFinished);
    let tamper = change_nth(HandshakeType::FINISHED, 0, |message| {
        handshake([message, &[0]].concat())
    });
    expect(
        client(),
        server(),
        tamper,
        Error::Join(JoinError::NotAligned),
    );
}

#[test]
fn what_follows_the_hello_in_its_record_would_span_the_keys() {
    let tamper = change_nth(HandshakeType::SERVER_HELLO, 0, |message| {
        handshake([message, &[8, 0, 0, 2, 0, 0]].concat())
    });
    expect(
        client(),
        server(),
        tamper,
        Error::Join(JoinError::NotAligned),
    );
}

#[test]
fn application_data_before_finished() {
    let tamper = change_nth(HandshakeType::FINISHED, 0, |message| {
        let mut records = vec![(ContentType::APPLICATION_DATA, b"early".to_vec())];
        records.extend(as_is(message));
        records
    });
    expect(client(), server(), tamper, Offence::EarlyApplicationData);
}

#[test]
fn the_alert_after_the_hello_is_protected() {
    // The client's alert goes out under its handshake keys, with change_cipher_spec before it.
    let (mut client, mut server) = (client(), server());
    server.connection.tx.tamper.0 = Some(change_nth(HandshakeType::FINISHED, 0, |_| {
        handshake(message(HandshakeType::FINISHED, &[0; 32]))
    }));
    let hello = client.run();
    let flight = server.feed(&hello);
    let alert = client.feed(&flight);
    assert_eq!(alert[..7], [20, 3, 3, 0, 1, 1, 23]);
    server.feed(&alert);
    assert_fails(&client, &server, Offence::BadFinished);
}

// ---- after the handshake ----

fn ticket(change: impl Fn(&mut NewSessionTicket)) -> Vec<u8> {
    let mut ticket = NewSessionTicket {
        lifetime: 100,
        age_add: 7,
        nonce: vec![1],
        ticket: vec![2; 50],
        extensions: Extensions::new(vec![
            Extension::EarlyData(EarlyData::MaxSize(99)),
            Extension::Unknown(ExtensionType(0x7a7a), vec![1]),
        ]),
    };
    change(&mut ticket);
    let mut out = Vec::new();
    ticket.emit(&mut out).unwrap();
    out
}

#[test]
fn tickets_are_events_and_never_data() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    server
        .connection
        .tx
        .handshake(
            &[
                ticket(|_| {}),
                ticket(|t| t.extensions = Extensions::default()),
            ]
            .concat(),
        )
        .unwrap();
    let sent = server.run();
    client.open(&sent);
    assert!(client.data.is_empty());
    let tickets: Vec<u32> = client
        .events
        .iter()
        .filter_map(|event| match event {
            crate::query::Event::SessionTicket { max_early_data, .. } => Some(*max_early_data),
            _ => None,
        })
        .collect();
    assert_eq!(tickets, [99, 0]);
    assert_connected(&mut client, &mut server);
}

#[test]
fn malformed_tickets_and_other_messages_end_their_own_connection() {
    let mut cases = vec![
        (
            ticket(|t| t.ticket.clear()),
            Error::Malformed("new_session_ticket"),
        ),
        (
            ticket(|t| t.lifetime = 604_801),
            Offence::TicketLifetimeTooLong.into(),
        ),
        // CVE-2026-94200: extensions of other messages have no place here.
        (
            ticket(|t| t.extensions.push(Extension::ServerName(None))),
            Offence::MisplacedExtension.into(),
        ),
        (
            ticket(|t| {
                t.extensions
                    .push(Extension::EarlyData(EarlyData::MaxSize(1)));
            }),
            Offence::DuplicateExtension.into(),
        ),
        (
            ticket(|t| {
                t.extensions
                    .set(Extension::EarlyData(EarlyData::Indication))
            }),
            Error::Malformed("early_data"),
        ),
    ];
    for msg_type in HandshakeType::KNOWN {
        if ![HandshakeType::KEY_UPDATE, HandshakeType::NEW_SESSION_TICKET].contains(msg_type) {
            cases.push((message(*msg_type, b""), Error::UnexpectedMessage(*msg_type)));
        }
    }
    for (sent, cause) in cases {
        let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
        server.connection.tx.handshake(&sent).unwrap();
        let sent = server.run();
        let alert = client.open(&sent);
        server.open(&alert);
        assert_fails(&client, &server, cause);
    }
}

#[test]
fn too_many_tickets_without_data() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    for _ in 0..33 {
        server.connection.tx.handshake(&ticket(|_| {})).unwrap();
    }
    let sent = server.run();
    client.open(&sent);
    assert_eq!(client.error, Some(Offence::TooManySessionTickets.into()));
}
