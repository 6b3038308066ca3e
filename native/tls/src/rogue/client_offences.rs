//! What a client can do wrong, and what the server says to it.

use super::common::*;
use super::{bomb, change_nth, expect, handshake, message, nth_hello, with, without};
use crate::config::Config;
use crate::enums::*;
use crate::error::{Error, Offence};
use crate::record::JoinError;
use crate::wire::extension::*;
use crate::wire::hello::ClientHello;
use crate::wire::message::{Certificate, CertificateEntry, CertificateVerify};

fn client() -> Peer {
    Peer::client(Config {
        credentials: vec![p256().credential()],
        ..client_config(p256())
    })
}

fn server() -> Peer {
    Peer::server(server_config(p256()))
}

/// A server that asks for a certificate.
fn asking() -> Peer {
    Peer::server(Config {
        credentials: vec![p256().credential()],
        fail_if_no_peer_cert: true,
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

fn first(cause: Offence, change: impl Fn(&mut ClientHello) + Send + 'static) {
    expect(server(), client(), nth_hello(0, change), cause);
}

fn first_lacks(code: ExtensionType, cause: Offence) {
    first(cause, move |hello| {
        hello.extensions = without(&hello.extensions, code)
    });
}

fn first_has(extension: Extension, cause: Offence) {
    first(cause, move |hello| hello.extensions.set(extension.clone()));
}

#[test]
fn versions() {
    let unsupported = Offence::UnsupportedVersion;
    first_lacks(ExtensionType::SUPPORTED_VERSIONS, unsupported);
    for offered in [vec![0x0303], vec![0x0302, 0x0305, 0x7a7a]] {
        first_has(
            Extension::SupportedVersions(Versions::Offered(offered)),
            unsupported,
        );
    }
    first(Offence::InappropriateFallback, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::SUPPORTED_VERSIONS);
        hello.cipher_suites.push(CipherSuite::TLS_FALLBACK_SCSV);
    });
}

#[test]
fn compression() {
    for methods in [vec![1], vec![0, 1], vec![1, 0], vec![0, 0]] {
        first(Offence::NoNullCompression, move |hello| {
            hello.compression_methods = methods.clone()
        });
    }
}

#[test]
fn missing_extensions() {
    first_lacks(
        ExtensionType::SIGNATURE_ALGORITHMS,
        Offence::MissingSignatureAlgorithms,
    );
    first_lacks(
        ExtensionType::SUPPORTED_GROUPS,
        Offence::MissingSupportedGroups,
    );
    first_lacks(ExtensionType::KEY_SHARE, Offence::MissingKeyShare);
}

#[test]
fn extensions_twice_or_misplaced() {
    first(Offence::DuplicateExtension, |hello| {
        let double = hello.extensions.iter().next().unwrap().clone();
        hello.extensions.push(double);
    });
    first(Offence::DuplicateExtension, |hello| {
        for _ in 0..2 {
            hello
                .extensions
                .push(Extension::Unknown(ExtensionType(0x7a7a), vec![1]));
        }
    });
    first(Offence::MisplacedExtension, |hello| {
        hello.extensions.push(Extension::OidFilters(Vec::new()));
    });
}

fn share(group: NamedGroup, len: usize) -> KeyShareEntry {
    KeyShareEntry {
        group,
        key_exchange: vec![4; len],
    }
}

#[test]
fn key_shares() {
    let has = |shares: Vec<KeyShareEntry>, cause| {
        first_has(Extension::KeyShare(KeyShare::Offered(shares)), cause)
    };
    let x25519 = NamedGroup::X25519;
    has(
        vec![share(x25519, 32), share(x25519, 32)],
        Offence::DuplicateKeyShare,
    );
    has(
        vec![share(NamedGroup::X448, 56)],
        Offence::KeyShareNotInGroups,
    );
    for len in [1, 31, 33, 1000] {
        has(vec![share(x25519, len)], Offence::BadKeyShare);
    }
    for (group, len) in [
        (NamedGroup::SECP256R1, 65),
        (NamedGroup::SECP384R1, 97),
        (NamedGroup::SECP521R1, 133),
        (NamedGroup::X25519MLKEM768, 1216),
    ] {
        for wrong in [1, len - 1, len + 1] {
            has(vec![share(group, wrong)], Offence::BadKeyShare);
        }
        // No point of the curve; coefficients beyond ML-KEM's modulus.
        let key_exchange = vec![0xff; len];
        has(
            vec![KeyShareEntry {
                group,
                key_exchange,
            }],
            Offence::BadKeyShare,
        );
    }
    has(
        vec![KeyShareEntry {
            group: x25519,
            key_exchange: vec![0; 32],
        }],
        Offence::BadKeyShare,
    );
}

#[test]
fn pre_shared_keys() {
    let psk = |identities: usize, binders: usize| {
        Extension::PreSharedKey(PreSharedKey::Offered {
            identities: vec![(vec![1], 0); identities],
            binders: vec![vec![0; 32]; binders],
        })
    };
    let modes = || Extension::PskKeyExchangeModes(vec![1]);
    for (identities, binders) in [(1, 2), (2, 1)] {
        first(Offence::BinderCountMismatch, move |hello| {
            hello.extensions = with(&with(&hello.extensions, modes()), psk(identities, binders));
        });
    }
    first(Offence::MissingPskModes, move |hello| {
        hello.extensions.push(psk(1, 1))
    });
    first(Offence::PreSharedKeyNotLast, move |hello| {
        hello.extensions = with(&with(&hello.extensions, psk(1, 1)), modes());
    });
}

#[test]
fn max_fragment_length() {
    for code in [0, 5, 255] {
        first_has(
            Extension::MaxFragmentLength(code),
            Offence::BadMaxFragmentLength,
        );
    }
}

#[test]
fn malformed_extensions() {
    let malformed: &[(ExtensionType, &[u8])] = &[
        (ExtensionType::SERVER_NAME, b""),
        (ExtensionType::SERVER_NAME, b"\x00\x00"),
        (ExtensionType::SERVER_NAME, b"\x00\x04\x00\x00\x01\x00"),
        (ExtensionType::SERVER_NAME, b"\x00\x03\x00\x00\x00"),
        (ExtensionType::MAX_FRAGMENT_LENGTH, b"\x01\x01"),
        (ExtensionType::STATUS_REQUEST, b"\x01\x00"),
        (ExtensionType::SUPPORTED_GROUPS, b"\x00\x00"),
        (ExtensionType::SUPPORTED_GROUPS, b"\x00\x03\x00\x1d\x00"),
        (ExtensionType::SIGNATURE_ALGORITHMS, b"\x00\x02\x04"),
        (ExtensionType::SIGNATURE_ALGORITHMS_CERT, b"\x00\x00"),
        (ExtensionType::ALPN, b"\x00"),
        (ExtensionType::ALPN, b"\x00\x01\x00"),
        (ExtensionType::ALPN, b"\x00\x03\x02a"),
        (ExtensionType::EARLY_DATA, b"\x00"),
        (ExtensionType::SUPPORTED_VERSIONS, b"\x00"),
        (ExtensionType::SUPPORTED_VERSIONS, b"\x03\x03\x04\x03"),
        (ExtensionType::COOKIE, b"\x00\x00"),
        (ExtensionType::PSK_KEY_EXCHANGE_MODES, b"\x00"),
        (ExtensionType::CERTIFICATE_AUTHORITIES, b"\x00\x02\x00\x00"),
        (ExtensionType::POST_HANDSHAKE_AUTH, b"\x00"),
        (ExtensionType::KEY_SHARE, b"\x00\x04\x00\x1d\x00\x00"),
        (ExtensionType::KEY_SHARE, b"\x00\x01\x00"),
        (ExtensionType::PRE_SHARED_KEY, b"\x00\x00\x00\x00"),
    ];
    for (code, body) in malformed {
        let tamper = nth_hello(0, move |hello| {
            hello.extensions = with(
                &without(&hello.extensions, *code),
                Extension::Unknown(*code, body.to_vec()),
            );
        });
        expect(
            server(),
            client(),
            tamper,
            Error::Malformed(code.name().unwrap()),
        );
    }
}

#[test]
fn unknown_and_grease_values_are_skipped() {
    // The client's transcript lacks them: the server goes on, and the client cannot read its answer.
    let tamper = nth_hello(0, |hello| {
        hello.cipher_suites.insert(0, CipherSuite(0x7a7a));
        let mut all = vec![Extension::Unknown(ExtensionType(0x1a1a), vec![0])];
        all.extend(
            hello
                .extensions
                .iter()
                .map(|extension| match extension.clone() {
                    Extension::SupportedGroups(mut groups) => {
                        groups.insert(0, NamedGroup(0x2a2a));
                        Extension::SupportedGroups(groups)
                    }
                    Extension::SignatureAlgorithms(mut schemes) => {
                        schemes.insert(0, SignatureScheme(0x3a3a));
                        Extension::SignatureAlgorithms(schemes)
                    }
                    Extension::SupportedVersions(Versions::Offered(mut versions)) => {
                        versions.insert(0, 0x4a4a);
                        Extension::SupportedVersions(Versions::Offered(versions))
                    }
                    Extension::KeyShare(KeyShare::Offered(mut shares)) => {
                        shares.insert(0, share(NamedGroup(0x2a2a), 1));
                        Extension::KeyShare(KeyShare::Offered(shares))
                    }
                    other => other,
                }),
        );
        hello.extensions = Extensions::new(all);
    });
    let (mut rogue, mut victim) = (client(), server());
    rogue.connection.tx.tamper.0 = Some(tamper);
    let hello = rogue.run();
    assert!(victim.feed(&hello).len() > 500, "a whole flight");
    assert_eq!(victim.error, None);
}

/// A hello with a ticket nobody gave, and early data.
fn hello_with_early_data() -> Vec<u8> {
    let mut rogue = client();
    rogue.connection.tx.tamper.0 = Some(nth_hello(0, |hello| {
        hello
            .extensions
            .push(Extension::PskKeyExchangeModes(vec![1]));
        let early_data = Extension::EarlyData(EarlyData::Indication);
        hello.extensions.push(early_data);
        let psk = PreSharedKey::Offered {
            identities: vec![(vec![7; 100], 1)],
            binders: vec![vec![0; 32]],
        };
        hello.extensions.push(Extension::PreSharedKey(psk));
    }));
    rogue.run()
}

#[test]
fn unknown_tickets_lead_to_a_full_handshake_and_early_data_is_skipped() {
    use crate::limits::MAX_SKIPPED_EARLY_DATA;
    use crate::record::RecordError;
    let record = |len: usize| {
        let mut record = vec![23, 3, 3, (len >> 8) as u8, len as u8];
        record.resize(5 + len, 0x55);
        record
    };
    // Right after the hello, and after a HelloRetryRequest, where early data looks like data without protection.
    for mut server in [server(), retrying()] {
        let answer = server.feed(&hello_with_early_data());
        assert!(answer.len() > 100);
        for _ in 0..MAX_SKIPPED_EARLY_DATA / 1024 {
            assert!(server.feed(&record(1024)).is_empty());
        }
        assert_eq!(server.error, None);
        assert!(server.data.is_empty());
        server.feed(&record(1));
        assert_eq!(server.error, Some(RecordError::TooMuchEarlyData.into()));
    }
    // Nothing is skipped for those who did not say that they would send any.
    let mut server = server();
    server.feed(&client().run());
    server.feed(&record(1024));
    assert_eq!(server.error, Some(RecordError::BadRecordMac.into()));
}

// ---- the second ClientHello ----

fn second(cause: Offence, change: impl Fn(&mut ClientHello) + Send + 'static) {
    expect(retrying(), client(), nth_hello(1, change), cause);
}

#[test]
fn the_second_hello_may_change_little() {
    let changed = Offence::RetryChangedHello;
    second(changed, |hello| hello.random[0] ^= 1);
    second(changed, |hello| hello.session_id[0] ^= 1);
    second(changed, |hello| hello.session_id.clear());
    second(changed, |hello| hello.cipher_suites.truncate(1));
    second(changed, |hello| hello.cipher_suites.swap(0, 1));
    second(changed, |hello| hello.compression_methods.push(1));
    second(changed, |hello| hello.legacy_version = 0x0302);
    for extension in [
        Extension::ServerName(Some(b"other.test".to_vec())),
        Extension::SupportedGroups(vec![NamedGroup::SECP256R1]),
        Extension::SignatureAlgorithms(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]),
        Extension::SignatureAlgorithmsCert(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]),
        Extension::SupportedVersions(Versions::Offered(vec![0x0304, 0x0303])),
        Extension::Alpn(vec![b"h2".to_vec()]),
        Extension::MaxFragmentLength(1),
    ] {
        second(changed, move |hello| {
            hello.extensions.set(extension.clone())
        });
    }
    second(Offence::RetryEarlyData, |hello| {
        hello
            .extensions
            .push(Extension::EarlyData(EarlyData::Indication));
    });
}

#[test]
fn the_cookie_must_come_back() {
    second(Offence::MissingCookie, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::COOKIE);
    });
    for cookie in [vec![1], vec![0; 32], vec![0; 33]] {
        second(Offence::WrongCookie, move |hello| {
            hello.extensions.set(Extension::Cookie(cookie.clone()))
        });
    }
    let server = Peer::server(Config {
        cookie: false,
        groups: vec![NamedGroup::SECP256R1],
        ..server_config(p256())
    });
    let tamper = nth_hello(1, |hello| hello.extensions.push(Extension::Cookie(vec![1])));
    expect(server, client(), tamper, Offence::UnsolicitedCookie);
}

#[test]
fn the_second_hello_has_the_share_asked_for() {
    let has = |shares: Vec<KeyShareEntry>, cause| {
        second(cause, move |hello| {
            hello
                .extensions
                .set(Extension::KeyShare(KeyShare::Offered(shares.clone())));
        });
    };
    has(Vec::new(), Offence::RetryKeyShareMismatch);
    has(
        vec![share(NamedGroup::X25519, 32)],
        Offence::RetryKeyShareMismatch,
    );
    has(
        vec![share(NamedGroup::SECP384R1, 97)],
        Offence::RetryKeyShareMismatch,
    );
    let both = vec![
        share(NamedGroup::SECP256R1, 65),
        share(NamedGroup::SECP384R1, 97),
    ];
    has(both, Offence::RetryKeyShareMismatch);
    has(vec![share(NamedGroup::SECP256R1, 65)], Offence::BadKeyShare);
    second(Offence::MissingKeyShare, |hello| {
        hello.extensions = without(&hello.extensions, ExtensionType::KEY_SHARE);
    });
}

// ---- the client's flight ----

fn certificate(cause: impl Into<Error>, change: impl Fn(&mut Certificate) + Send + 'static) {
    let tamper = change_nth(HandshakeType::CERTIFICATE, 0, move |message| {
        let mut certificate = Certificate::parse(&message[4..], 10, &Offered::default()).unwrap();
        change(&mut certificate);
        let mut out = Vec::new();
        certificate.emit(&mut out).unwrap();
        handshake(out)
    });
    expect(asking(), client(), tamper, cause);
}

#[test]
fn certificates() {
    certificate(Offence::CertificateRequired, |message| {
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
        message.entries[0].certificate.pop();
    });
    certificate(Offence::UndecodableCertificate, |message| {
        message.entries[0].certificate = vec![0; 70_000]
    });
    certificate(Offence::TooManyCertificates, |message| {
        let entry = message.entries[0].clone();
        message.entries.resize(65, entry);
    });
    certificate(Offence::UnsolicitedExtension, |message| {
        let extension = Extension::StatusRequest(StatusRequest::Response(vec![1]));
        message.entries[0].extensions.push(extension);
    });
    certificate(Error::Malformed("certificate"), |message| {
        message.entries.push(CertificateEntry {
            certificate: Vec::new(),
            extensions: Extensions::default(),
        });
    });
    certificate(Error::Join(JoinError::TooLong(300_423)), |message| {
        let missing = 300_423 - (4 + 5 + 5 + message.entries[0].certificate.len());
        message.entries.push(CertificateEntry {
            certificate: vec![1; missing],
            extensions: Extensions::default(),
        });
    });
}

#[test]
fn certificate_verify() {
    let verify = |cause: Offence, change: fn(&mut CertificateVerify)| {
        let tamper = change_nth(HandshakeType::CERTIFICATE_VERIFY, 0, move |message| {
            let mut verify = CertificateVerify::parse(&message[4..]).unwrap();
            change(&mut verify);
            let mut out = Vec::new();
            verify.emit(&mut out).unwrap();
            handshake(out)
        });
        expect(asking(), client(), tamper, cause);
    };
    verify(Offence::BadSignature, |verify| verify.signature[10] ^= 1);
    verify(Offence::BadSignature, |verify| verify.signature.clear());
    for_each_scheme(|scheme| match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => {}
        _ => {
            let tamper = change_nth(HandshakeType::CERTIFICATE_VERIFY, 0, move |message| {
                let mut out = message.to_vec();
                out[4..6].copy_from_slice(&scheme.0.to_be_bytes());
                handshake(out)
            });
            expect(asking(), client(), tamper, Offence::WrongSignatureScheme);
        }
    });
}

fn for_each_scheme(run: impl Fn(SignatureScheme)) {
    SignatureScheme::KNOWN.iter().copied().for_each(run);
}

#[test]
fn the_way_around_authentication_is_closed() {
    // CVE-2022-37026: neither Certificate nor CertificateVerify can be left out.
    for msg_type in [
        HandshakeType::CERTIFICATE,
        HandshakeType::CERTIFICATE_VERIFY,
    ] {
        let tamper = change_nth(msg_type, 0, |_| Vec::new());
        let next = match msg_type {
            HandshakeType::CERTIFICATE => HandshakeType::CERTIFICATE_VERIFY,
            _ => HandshakeType::FINISHED,
        };
        expect(asking(), client(), tamper, Error::UnexpectedMessage(next));
    }
}

#[test]
fn finished() {
    let finished = |change: fn(&mut Vec<u8>)| {
        let tamper = change_nth(HandshakeType::FINISHED, 0, move |bytes| {
            let mut body = bytes[4..].to_vec();
            change(&mut body);
            handshake(message(HandshakeType::FINISHED, &body))
        });
        expect(server(), client(), tamper, Offence::BadFinished);
    };
    finished(|body| body[0] ^= 1);
    finished(|body| body.clear());
    finished(|body| {
        body.pop();
    });
    finished(|body| body.push(0));
}

#[test]
fn data_behind_finished_in_its_record_spans_the_keys() {
    let tamper = change_nth(HandshakeType::FINISHED, 0, |message| {
        handshake([message, &[24, 0, 0, 1, 0]].concat())
    });
    expect(
        server(),
        client(),
        tamper,
        Error::Join(JoinError::NotAligned),
    );
}

// ---- before and beside the handshake ----

/// Bytes straight from the network.
fn raw(bytes: &[u8], cause: impl Into<Error>) {
    let mut server = server();
    let answer = server.feed(bytes);
    let cause = cause.into();
    assert_eq!(server.error, Some(cause));
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, cause.alert().0]);
}

#[test]
fn what_is_no_client_hello() {
    use crate::record::RecordError as R;
    raw(b"GET / HTTP/1.1\r\n", R::PlaintextHttp);
    raw(&[0x80, 0x2e, 1, 3, 1], R::Sslv2Hello);
    raw(&[22, 2, 0, 0, 1], R::BadVersion(0x0200));
    raw(&[22, 3, 1, 0x40, 1], R::Overflow);
    raw(&[99, 3, 1, 0, 1], R::UnexpectedType(99));
    raw(&[23, 3, 3, 0, 1, 0], R::UnprotectedApplicationData);
    raw(&[20, 3, 3, 0, 1, 1], Offence::EarlyChangeCipherSpec);
    raw(&[22, 3, 1, 0, 0], R::EmptyRecord);
    for warning in [10, 90, 100] {
        raw(&[21, 3, 3, 0, 2, 1, warning], Offence::EarlyWarningAlert);
    }
    raw(&[21, 3, 1, 0, 1, 2], Offence::BadAlert);
    raw(&[21, 3, 1, 0, 2, 3, 40], Offence::BadAlertLevel);
    raw(
        &[22, 3, 1, 0, 4, 20, 0, 0, 0],
        Error::UnexpectedMessage(HandshakeType::FINISHED),
    );
    raw(
        &[22, 3, 1, 0, 4, 1, 0, 0, 0],
        Error::Malformed("client_hello"),
    );
    raw(
        &[22, 3, 1, 0, 4, 1, 4, 0, 1],
        Error::Join(JoinError::TooLong(0x40001)),
    );
}

#[test]
fn change_cipher_spec_is_a_single_one_and_rare() {
    let hello = client().run();
    for (records, cause) in [
        (vec![vec![2]], Offence::BadChangeCipherSpec),
        (vec![vec![1, 1]], Offence::BadChangeCipherSpec),
        (vec![vec![1]; 2], Offence::TooManyChangeCipherSpecs),
    ] {
        let mut server = server();
        server.feed(&hello);
        for content in records {
            server.feed(&[&[20, 3, 3, 0, content.len() as u8], &content[..]].concat());
        }
        assert_eq!(server.error, Some(cause.into()));
    }
}

#[test]
fn change_cipher_spec_after_the_handshake() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    for peer in [&mut client, &mut server] {
        peer.open(&[20, 3, 3, 0, 1, 1]);
        assert_eq!(peer.error, Some(Offence::LateChangeCipherSpec.into()));
    }
}

// ---- after the handshake ----

#[test]
fn a_server_takes_key_updates_only() {
    for msg_type in HandshakeType::KNOWN {
        if *msg_type == HandshakeType::KEY_UPDATE {
            continue;
        }
        let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
        client
            .connection
            .tx
            .handshake(&message(*msg_type, b""))
            .unwrap();
        let sent = client.run();
        server.open(&sent);
        assert_eq!(server.error, Some(Error::UnexpectedMessage(*msg_type)));
    }
}

#[test]
fn key_updates_have_one_byte_and_a_record_of_their_own() {
    for (sent, cause) in [
        (
            message(HandshakeType::KEY_UPDATE, &[2]),
            Error::from(Offence::BadKeyUpdate),
        ),
        (
            message(HandshakeType::KEY_UPDATE, &[]),
            Error::Malformed("key_update"),
        ),
        (
            message(HandshakeType::KEY_UPDATE, &[0, 0]),
            Error::Malformed("key_update"),
        ),
        (
            [24, 0, 0, 1, 0, 24, 0, 0, 1, 0].to_vec(),
            Error::Join(JoinError::NotAligned),
        ),
        (
            [24, 0, 0, 1, 0, 24].to_vec(),
            Error::Join(JoinError::NotAligned),
        ),
    ] {
        let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
        client.connection.tx.handshake(&sent).unwrap();
        let sent = client.run();
        let alert = server.open(&sent);
        client.open(&alert);
        assert_fails(&server, &client, cause);
    }
}

#[test]
fn data_in_the_middle_of_a_message() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    client.connection.tx.handshake(&[24, 0]).unwrap();
    let mut sent = client.run();
    sent.extend(client.seal(b"data"));
    let alert = server.open(&sent);
    client.open(&alert);
    assert!(server.data.is_empty());
    assert_fails(&server, &client, Offence::InterleavedRecord);
}

#[test]
fn half_a_message_is_waited_for() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    // As the NIF does it: after `Control` and `next` until idle, once more without input, until that is `Data`.
    let take = |server: &mut Peer, bytes: &[u8]| {
        let mut input = bytes;
        for _ in 0..10 {
            let mut data = Vec::new();
            let opened = server.connection.rx.open(input, &mut data);
            server.data.extend(data);
            if opened == crate::record::Opened::Data {
                return;
            }
            assert!(server.run().is_empty());
            input = &[];
        }
        panic!("never done with {bytes:?}");
    };
    for piece in [&[24][..], &[0, 0], &[1, 0]] {
        client.connection.tx.handshake(piece).unwrap();
        for byte in client.run() {
            take(&mut server, &[byte]);
        }
    }
    assert!(server.error.is_none());
}
