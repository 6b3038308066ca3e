//! Our client against our server.

mod common;
use common::*;
use std::sync::Arc;
use tls_core::config::Config;
use tls_core::connection::{ClientParams, Connection, Started, VerifyName};
use tls_core::crypto::kx::{native_group, ActiveKx};
use tls_core::crypto::sign::{KeyKind, PrivateKey};
use tls_core::crypto::{Secret, SystemRandom};
use tls_core::enums::*;
use tls_core::error::{Error, LocalFailure, Offence};
use tls_core::query::{Answer, Event, Output, Query};

#[test]
fn a_client_and_a_server_connect_and_exchange_data() {
    let (client, server) = pair(client_config(p256()), server_config(p256()));
    for (peer, role) in [(&client, Role::Client), (&server, Role::Server)] {
        let info = peer.info();
        assert_eq!(info.role, role);
        assert_eq!(info.cipher_suite, SUITES[0]);
        assert_eq!(info.group, Some(NamedGroup::X25519));
        assert_eq!(info.server_name.as_deref(), Some(HOST.as_bytes()));
        assert!(!info.hrr);
    }
    assert_eq!(client.info().peer_chain[..], p256().chain[..]);
    assert!(client.queries.is_empty() && server.queries.is_empty());
}

#[test]
fn every_suite_group_and_signature() {
    for suite in SUITES {
        for group in GROUPS {
            for identity in identities() {
                let client = Config {
                    cipher_suites: vec![*suite],
                    groups: vec![*group],
                    key_share_groups: vec![*group],
                    ..client_config(identity)
                };
                let (client, server) = pair(client, server_config(identity));
                assert_eq!(client.info().cipher_suite, *suite);
                assert_eq!(server.info().group, Some(*group));
                assert_eq!(client.info().signature_scheme, Some(identity.scheme));
            }
        }
    }
}

// ---- HelloRetryRequest ----

#[test]
fn a_server_without_a_share_of_its_groups_asks_for_one() {
    for cookie in [false, true] {
        for middlebox_comp_mode in [false, true] {
            let client = Config {
                middlebox_comp_mode,
                ..client_config(p256())
            };
            let server = Config {
                groups: vec![NamedGroup::SECP256R1],
                cookie,
                ..server_config(p256())
            };
            let (client, server) = pair(client, server);
            for peer in [&client, &server] {
                assert!(peer.info().hrr);
                assert_eq!(peer.info().group, Some(NamedGroup::SECP256R1));
            }
        }
    }
}

#[test]
fn a_client_may_send_no_share_at_all() {
    let client = Config {
        key_share_groups: Vec::new(),
        ..client_config(p256())
    };
    let (client, _) = pair(client, server_config(p256()));
    assert!(client.info().hrr);
    assert_eq!(client.info().group, Some(GROUPS[0]));
}

#[test]
fn several_shares_spare_the_retry() {
    let client = Config {
        key_share_groups: vec![
            NamedGroup::X25519MLKEM768,
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
        ],
        ..client_config(p256())
    };
    let server = Config {
        groups: vec![NamedGroup::SECP256R1],
        ..server_config(p256())
    };
    let (client, _) = pair(client, server);
    assert!(!client.info().hrr);
}

// ---- Delivery ----

#[test]
fn bytes_may_come_one_by_one() {
    for identity in identities() {
        let server = Config {
            groups: vec![NamedGroup::SECP256R1],
            verify_peer: true,
            fail_if_no_peer_cert: true,
            ..server_config(identity)
        };
        let client = Config {
            credentials: vec![identity.credential()],
            ..client_config(identity)
        };
        let (mut client, mut server) = (Peer::client(client), Peer::server(server));
        talk_by(&mut client, &mut server, Delivery::ByteByByte);
        assert_connected(&mut client, &mut server);
    }
}

#[test]
fn data_may_follow_the_last_flight_at_once() {
    let (mut client, mut server) = (
        Peer::client(client_config(p256())),
        Peer::server(server_config(p256())),
    );
    let hello = client.run();
    let flight = server.feed(&hello);
    let mut last = client.feed(&flight);
    last.extend(client.seal(b"request"));
    server.feed(&last);
    assert!(server.is_connected());
    assert_eq!(server.data, b"request");
}

#[test]
fn data_and_control_records_come_in_order_through_both_paths() {
    for step in [1, 7, usize::MAX] {
        let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
        let mut stream = server.seal(b"one");
        server.connection.tx.update_keys(true).unwrap();
        stream.extend(server.seal(b"two"));
        server.connection.tx.update_keys(false).unwrap();
        stream.extend(server.seal(b"three"));
        server.connection.tx.close_notify();
        stream.extend(server.run());
        let answer: Vec<u8> = stream
            .chunks(step)
            .flat_map(|piece| client.open(piece))
            .collect();
        assert_eq!(client.data, b"onetwothree");
        assert!(matches!(client.events.last(), Some(Event::PeerClosed)));
        server.feed(&answer);
        assert!(server.error.is_none());
    }
}

// ---- Client authentication ----

fn asking(identity: &Identity, required: bool) -> Config {
    Config {
        credentials: vec![identity.credential()],
        fail_if_no_peer_cert: required,
        ..client_config(identity)
    }
}

#[test]
fn a_client_authenticates_with_every_kind_of_key() {
    for identity in identities() {
        let client = Config {
            credentials: vec![identity.credential()],
            ..client_config(identity)
        };
        let (client, server) = pair(client, asking(identity, true));
        assert_eq!(server.info().peer_chain[..], identity.chain[..]);
        assert_eq!(client.info().own_credential, Some(0));
        assert!(server.info().signature_scheme.is_some());
    }
}

#[test]
fn a_client_without_certificate_is_accepted_if_it_may_have_none() {
    let (client, server) = pair(client_config(p256()), asking(p256(), false));
    assert!(server.info().peer_chain.is_empty());
    assert_eq!(client.info().own_credential, None);
}

#[test]
fn a_client_without_certificate_is_refused_if_it_must_have_one() {
    let (mut client, mut server) = (
        Peer::client(client_config(p256())),
        Peer::server(asking(p256(), true)),
    );
    talk(&mut client, &mut server);
    assert_fails(&server, &client, Offence::CertificateRequired);
    // TLS 1.3: the client was done before the server had seen its certificate.
    assert!(client.connection.rx.info().is_some());
    assert_eq!(server.connection.rx.state_name(), "wait_cert");
    assert_eq!(client.connection.rx.state_name(), "connection");
}

#[test]
fn a_client_picks_the_certificate_that_the_server_can_take() {
    let credentials = identities().iter().map(Identity::credential).collect();
    let wanted = &identities()[3];
    let client = Config {
        credentials,
        ..client_config(p256())
    };
    let server = Config {
        credentials: vec![p256().credential()],
        signature_algs: vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_SECP256R1_SHA256,
        ],
        signature_algs_cert: Some(vec![SignatureScheme::ED25519]),
        fail_if_no_peer_cert: true,
        ..client_config(wanted)
    };
    let (client, _) = pair(client, server);
    assert_eq!(client.info().own_credential, Some(3));
}

#[test]
fn a_client_prefers_certificates_of_the_authorities_named() {
    let issuer = |identity: &Identity| tls_core::x509::issuer(&identity.chain[0]).unwrap().to_vec();
    let strange = || vec![0x30, 0];
    for (authorities, chosen) in [
        (vec![strange(), issuer(&identities()[1])], 1),
        (vec![issuer(&identities()[1]), issuer(&identities()[0])], 0),
        // Better one that was not asked for than none.
        (vec![strange()], 0),
    ] {
        let client = Config {
            credentials: vec![identities()[0].credential(), identities()[1].credential()],
            ..client_config(p256())
        };
        let server = Config {
            certificate_authorities: Some(authorities),
            ..asking(p256(), true)
        };
        let (client, _) = pair(client, server);
        assert_eq!(client.info().own_credential, Some(chosen));
    }
}

#[test]
fn without_a_certificate_that_fits_the_client_sends_none() {
    let client = Config {
        credentials: vec![identities()[4].credential()],
        ..client_config(p256())
    };
    let server = Config {
        signature_algs: vec![SignatureScheme::ECDSA_SECP256R1_SHA256],
        ..asking(p256(), true)
    };
    let (mut client, mut server) = (Peer::client(client), Peer::server(server));
    talk(&mut client, &mut server);
    assert_fails(&server, &client, Offence::CertificateRequired);
}

// ---- Negotiation ----

#[test]
fn suites_are_chosen_by_the_client_s_order_or_the_server_s() {
    let reversed: Vec<_> = SUITES.iter().rev().copied().collect();
    for (honor_cipher_order, expected) in [(false, reversed[0]), (true, SUITES[0])] {
        let client = Config {
            cipher_suites: reversed.clone(),
            ..client_config(p256())
        };
        let server = Config {
            honor_cipher_order,
            ..server_config(p256())
        };
        let (client, _) = pair(client, server);
        assert_eq!(client.info().cipher_suite, expected);
    }
}

#[test]
fn a_server_picks_the_certificate_that_the_client_can_verify() {
    for (index, identity) in identities().iter().enumerate() {
        let client = Config {
            signature_algs: vec![identity.scheme],
            ..client_config(identity)
        };
        let client = Config {
            signature_algs_cert: Some(vec![identity.scheme, SignatureScheme::RSA_PKCS1_SHA256]),
            ..client
        };
        let server = Config {
            credentials: identities().iter().map(Identity::credential).collect(),
            ..config()
        };
        let (_, server) = pair(client, server);
        assert_eq!(server.info().own_credential, Some(index));
    }
}

/// Both ends of a handshake that must fail at the server.
fn server_refuses(client: Config, server: Config, cause: Offence) {
    // OTP's names for the first state of a server: TLS 1.3 has one of its own.
    let state = match server.versions[..] {
        [ProtocolVersion::TLS13] => "start",
        _ => "hello",
    };
    let (mut client, mut server) = (Peer::client(client), Peer::server(server));
    talk(&mut client, &mut server);
    assert_fails(&server, &client, cause);
    assert_eq!(server.connection.rx.state_name(), state);
    assert_eq!(client.connection.rx.state_name(), "wait_sh");
}

#[test]
fn nothing_in_common() {
    let base = || (client_config(p256()), server_config(p256()));
    let (client, server) = base();
    let server = Config {
        cipher_suites: vec![SUITES[1]],
        ..server
    };
    let client = Config {
        cipher_suites: vec![SUITES[0]],
        ..client
    };
    server_refuses(client, server, Offence::NoSharedCipher);

    let (client, server) = base();
    let client = Config {
        groups: vec![NamedGroup::X25519],
        ..client
    };
    let server = Config {
        groups: vec![NamedGroup::SECP256R1],
        ..server
    };
    server_refuses(client, server, Offence::NoSharedGroup);

    let (client, server) = base();
    let client = Config {
        signature_algs: vec![SignatureScheme::ED25519],
        ..client
    };
    server_refuses(client, server, Offence::NoSharedSignatureScheme);

    let (client, server) = base();
    let client = Config {
        alpn: Some(vec![b"a".to_vec()]),
        ..client
    };
    let server = Config {
        alpn: Some(vec![b"b".to_vec()]),
        ..server
    };
    server_refuses(client, server, Offence::NoSharedProtocol);

    let (client, server) = base();
    let server = Config {
        versions: vec![ProtocolVersion::TLS12],
        ..server
    };
    server_refuses(client, server, Offence::UnsupportedVersion);
}

#[test]
fn a_client_that_can_offer_nothing_says_so() {
    for config in [
        Config {
            cipher_suites: Vec::new(),
            ..client_config(p256())
        },
        Config {
            versions: vec![ProtocolVersion::TLS12],
            ..client_config(p256())
        },
        Config {
            groups: Vec::new(),
            ..client_config(p256())
        },
    ] {
        let mut client = Peer::client(config);
        client.run();
        assert_eq!(
            client.error,
            Some(Error::Local(LocalFailure::Configuration))
        );
    }
}

#[test]
fn with_an_empty_list_there_is_no_protocol_in_common() {
    let names = || Some(vec![b"a".to_vec()]);
    let none = || Some(Vec::new());
    for (ours, theirs) in [
        (none(), names()),
        (names(), none()),
        (none(), none()),
        (None, none()),
    ] {
        let (client, server) = (client_config(p256()), server_config(p256()));
        let client = Config {
            alpn: ours,
            ..client
        };
        let server = Config {
            alpn: theirs,
            ..server
        };
        server_refuses(client, server, Offence::NoSharedProtocol);
    }
}

#[test]
fn application_protocols_are_chosen_by_the_server_s_order() {
    let names = |list: &[&str]| {
        list.iter()
            .map(|name| name.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    for (client, server, chosen) in [
        (
            Some(names(&["a", "b", "c"])),
            Some(names(&["c", "b"])),
            Some("c"),
        ),
        (Some(names(&["a"])), None, None),
        (Some(names(&[])), None, None),
        (None, Some(names(&["a"])), None),
    ] {
        let (client, server) = pair(
            Config {
                alpn: client,
                ..client_config(p256())
            },
            Config {
                alpn: server,
                ..server_config(p256())
            },
        );
        for peer in [client, server] {
            assert_eq!(peer.info().alpn.as_deref(), chosen.map(str::as_bytes));
        }
    }
}

#[test]
fn max_fragment_length_bounds_records_both_ways() {
    for max in [512, 1024, 2048, 4096] {
        let client = Config {
            max_fragment_length: Some(max),
            ..client_config(p256())
        };
        let (mut client, mut server) = pair(client, server_config(p256()));
        for peer in [&mut client, &mut server] {
            assert_eq!(peer.info().max_fragment_length, Some(max));
            let sealed = peer.seal(&[0; 10_000]);
            let mut records = 0;
            let mut rest = &sealed[..];
            while let [_, _, _, a, b, ..] = rest {
                let len = usize::from(u16::from_be_bytes([*a, *b]));
                assert!(len <= usize::from(max) + 1 + 16);
                rest = &rest[5 + len..];
                records += 1;
            }
            assert_eq!(records, 10_000_usize.div_ceil(max.into()));
        }
    }
}

#[test]
fn a_record_beyond_max_fragment_length_is_refused() {
    let client = Config {
        max_fragment_length: Some(512),
        ..client_config(p256())
    };
    let (mut client, server) = pair(client, server_config(p256()));
    drop(server);
    let mut record = vec![23, 3, 3, 0x03, 0x01];
    record.extend([0; 0x0301]);
    client.open(&record);
    assert_eq!(
        client.error.unwrap().alert(),
        AlertDescription::RECORD_OVERFLOW
    );
}

#[test]
fn without_compatibility_mode_there_is_no_change_cipher_spec() {
    for middlebox_comp_mode in [false, true] {
        let client = Config {
            middlebox_comp_mode,
            ..client_config(p256())
        };
        let (mut client, mut server) = (Peer::client(client), Peer::server(server_config(p256())));
        let hello = client.run();
        let flight = server.feed(&hello);
        let finished = client.feed(&flight);
        for sent in [&flight, &finished] {
            let types = record_types(sent);
            let count = types
                .iter()
                .filter(|content_type| **content_type == 20)
                .count();
            assert_eq!(count, usize::from(middlebox_comp_mode));
        }
        assert_eq!(hello[43], if middlebox_comp_mode { 32 } else { 0 });
        server.feed(&finished);
        assert_connected(&mut client, &mut server);
    }
}

fn record_types(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [content_type, _, _, a, b, ..] = bytes {
        types.push(*content_type);
        bytes = &bytes[5 + usize::from(u16::from_be_bytes([*a, *b]))..];
    }
    types
}

// ---- Certificates ----

#[test]
fn a_chain_that_is_not_accepted_natively_is_asked_for() {
    for (alert, connects) in [(None, true), (Some(AlertDescription::UNKNOWN_CA), false)] {
        // The wrong CA.
        let config = client_config(&identities()[1]);
        let answer = move |_: &Query| alert.map_or(Answer::Continue, Answer::Abort);
        let mut client = Peer::client(config).answering(answer);
        let mut server = Peer::server(server_config(p256()));
        talk(&mut client, &mut server);
        assert_eq!(client.queries, ["peer_certificate"]);
        assert_eq!(client.is_connected(), connects);
        if let Some(alert) = alert {
            assert_fails(&client, &server, Error::Aborted(alert));
            assert_eq!(client.connection.rx.state_name(), "wait_cert_cr");
        }
    }
}

#[test]
fn a_certificate_for_another_name_or_time_is_asked_for() {
    let with = |name: VerifyName, now: u64| {
        let params = ClientParams {
            server_name: None,
            verify_name: Some(name),
            session: None,
        };
        let config = Arc::new(client_config(p256()));
        let mut connection = Connection::client(config, params, Box::new(SystemRandom));
        connection.rx.set_now(now);
        let mut client = Peer::new(connection);
        talk(&mut client, &mut Peer::server(server_config(p256())));
        client.queries
    };
    let host = || VerifyName::Dns(HOST.as_bytes().to_vec());
    assert!(with(host(), NOW).is_empty());
    assert_eq!(with(host(), 1 << 40), ["peer_certificate"]);
    assert_eq!(
        with(VerifyName::Dns(b"other.test".to_vec()), NOW),
        ["peer_certificate"]
    );
    assert_eq!(
        with(VerifyName::Ip(vec![127, 0, 0, 1]), NOW),
        ["peer_certificate"]
    );
}

#[test]
fn a_client_that_does_not_verify_asks_nothing() {
    let (client, _) = pair(config(), server_config(p256()));
    assert!(client.queries.is_empty());
}

// ---- Jobs ----

#[test]
fn heavy_computations_wait_for_their_permission() {
    let client = Config {
        key_share_groups: vec![NamedGroup::SECP521R1],
        ..client_config(&identities()[4])
    };
    let server = Config {
        groups: vec![NamedGroup::SECP521R1],
        ..server_config(&identities()[4])
    };
    let (client, server) = pair(client, server);
    assert_eq!(client.heavy, 2, "generate and agree");
    assert_eq!(server.heavy, 1, "respond, and RSA right after it");
    let (client, server) = pair(client_config(p256()), server_config(p256()));
    assert_eq!((client.heavy, server.heavy), (0, 0));
}

#[test]
fn an_external_key_is_asked_to_sign() {
    let sign = |query: &Query| match query {
        Query::Sign {
            key_id: 77,
            scheme,
            message,
        } => {
            let key = PrivateKey::from_der(KeyKind::Pkcs8, &p256().key_pkcs8).unwrap();
            Answer::Bytes(key.sign(*scheme, message).unwrap())
        }
        _ => Answer::Continue,
    };
    let server = Config {
        credentials: vec![p256().external_credential(77)],
        ..asking(p256(), true)
    };
    let client = Config {
        credentials: vec![p256().external_credential(77)],
        ..client_config(p256())
    };
    let (mut client, mut server) = (
        Peer::client(client).answering(sign),
        Peer::server(server).answering(sign),
    );
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.queries, ["sign"]);
    assert_eq!(server.queries, ["sign"]);
}

#[test]
fn groups_without_native_row_are_asked_for() {
    // The world computes them; here with X25519.
    let group = NamedGroup::X448;
    let native = || native_group(NamedGroup::X25519).unwrap();
    let mut key: Option<Box<dyn ActiveKx>> = None;
    let ask_client = move |query: &Query| match query {
        Query::KxGenerate { .. } => {
            let active = native().generate(&mut SystemRandom).unwrap();
            let public = active.public().to_vec();
            key = Some(active);
            Answer::Bytes(public)
        }
        Query::KxAgree { peer_share, .. } => {
            Answer::Secret(key.take().unwrap().complete(peer_share).unwrap())
        }
        _ => Answer::Continue,
    };
    let ask_server = move |query: &Query| match query {
        Query::KxRespond { peer_share, .. } => {
            let (public, secret) = native().respond(peer_share, &mut SystemRandom).unwrap();
            Answer::KxResponse { public, secret }
        }
        _ => Answer::Continue,
    };
    let client = Config {
        groups: vec![group],
        key_share_groups: vec![group],
        ..client_config(p256())
    };
    let server = Config {
        groups: vec![group],
        ..server_config(p256())
    };
    let mut client = Peer::client(client).answering(ask_client);
    let mut server = Peer::server(server).answering(ask_server);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.queries, ["kx_generate", "kx_agree"]);
    assert_eq!(server.queries, ["kx_respond"]);
}

#[test]
fn an_answer_that_does_not_fit_its_question_fails_the_connection() {
    let server = Config {
        ask_hello: true,
        ..server_config(p256())
    };
    let mut server = Peer::server(server).answering(|_| Answer::Bytes(Vec::new()));
    let mut client = Peer::client(client_config(p256()));
    talk(&mut client, &mut server);
    assert_fails(&server, &client, LocalFailure::WrongAnswer);
}

#[test]
fn an_answer_without_a_question_fails_the_connection() {
    let mut client = client(client_config(p256()));
    client
        .rx
        .answer(&mut client.tx, Answer::Secret(Secret::new(vec![1])));
    assert!(matches!(
        client.rx.next(&mut client.tx),
        Output::Transmit(_)
    ));
    assert!(matches!(
        client.rx.next(&mut client.tx),
        Output::Fatal(Error::Local(_))
    ));
    assert!(matches!(client.rx.next(&mut client.tx), Output::Idle));
}

// ---- Pauses ----

#[test]
fn a_server_may_take_another_configuration_when_it_has_seen_the_hello() {
    let other = Arc::new(Config {
        alpn: Some(vec![b"x".to_vec()]),
        ..server_config(&identities()[3])
    });
    let server = Config {
        ask_hello: true,
        ..server_config(p256())
    };
    let mut server = Peer::server(server).answering(move |query| {
        let Query::ClientHello(info) = query else {
            panic!()
        };
        assert_eq!(info.server_name.as_deref(), Some(HOST.as_bytes()));
        assert_eq!(info.versions, [0x0304]);
        assert_eq!(info.cipher_suites, [0x1301, 0x1302, 0x1303, 0x1304, 0x1305]);
        assert_eq!(info.alpn, Some(vec![b"x".to_vec()]));
        assert!(info.extensions.contains(ExtensionType::KEY_SHARE));
        Answer::UseConfig(Arc::clone(&other))
    });
    let client = Config {
        alpn: Some(vec![b"x".to_vec()]),
        ..client_config(&identities()[3])
    };
    let mut client = Peer::client(client);
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.info().alpn.as_deref(), Some(&b"x"[..]));
    assert_eq!(
        client.info().signature_scheme,
        Some(SignatureScheme::ED25519)
    );
}

#[test]
fn a_client_may_pause_at_the_server_hello() {
    let config = Config {
        ask_hello: true,
        ..client_config(p256())
    };
    let mut client = Peer::client(config).answering(|query| {
        let Query::ServerHello(info) = query else {
            panic!()
        };
        assert_eq!((info.version, info.cipher_suite), (0x0304, 0x1301));
        Answer::Continue
    });
    // Not at a HelloRetryRequest.
    let mut server = Peer::server(Config {
        groups: vec![NamedGroup::SECP256R1],
        ..server_config(p256())
    });
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(client.queries, ["server_hello"]);
}

#[test]
fn unrecognized_names_are_refused_by_the_world() {
    let server = Config {
        ask_hello: true,
        ..server_config(p256())
    };
    let alert = AlertDescription::UNRECOGNIZED_NAME;
    let mut server = Peer::server(server).answering(move |_| Answer::Abort(alert));
    let mut client = Peer::client(client_config(p256()));
    talk(&mut client, &mut server);
    assert_fails(&server, &client, Error::Aborted(alert));
}

#[test]
fn the_configuration_can_be_changed_before_anything_happened_only() {
    let mut server = server(server_config(&identities()[1]));
    assert_eq!(server.use_config(Arc::new(server_config(p256()))), Ok(()));
    let (mut client, mut server) = (Peer::client(client_config(p256())), Peer::new(server));
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    assert_eq!(
        server.connection.use_config(Arc::new(config())),
        Err(Started)
    );
}

// ---- Keys ----

#[test]
fn keys_are_updated_by_either_side_and_on_request_by_the_other() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    let updates = |peer: &Peer| {
        let events = peer.events.iter();
        events
            .filter(|event| matches!(event, Event::PeerKeyUpdate { .. }))
            .count()
    };
    for _ in 0..3 {
        for request in [false, true] {
            client.connection.tx.update_keys(request).unwrap();
            let update = client.run();
            let before = updates(&client);
            // The answer comes with the next data.
            assert!(server.feed(&update).is_empty());
            assert_connected(&mut client, &mut server);
            assert_eq!(updates(&client) - before, usize::from(request));
        }
        server.connection.tx.update_keys(true).unwrap();
        let update = server.run();
        assert!(client.open(&update).is_empty());
        assert_connected(&mut client, &mut server);
    }
    assert_eq!((updates(&client), updates(&server)), (6, 9));
}

#[test]
fn many_requests_are_answered_once() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    for _ in 0..10 {
        client.connection.tx.update_keys(true).unwrap();
        let update = client.run();
        assert!(server.feed(&update).is_empty());
    }
    let sealed = server.seal(b"data");
    assert_eq!(record_types(&sealed).len(), 2);
    client.open(&sealed);
    client.data.clear();
    assert_connected(&mut client, &mut server);
}

#[test]
fn a_request_is_answered_once_data_has_followed_it() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    let asked = |client: &mut Peer| {
        client.connection.tx.update_keys(true).unwrap();
        let update = client.run();
        [update, client.seal(b"data")].concat()
    };
    // Read at once, and as records come.
    let bytes = [asked(&mut client), asked(&mut client)].concat();
    let answers = server.open(&bytes);
    assert_eq!(record_types(&answers).len(), 2);
    let mut answer = Vec::new();
    for byte in asked(&mut client) {
        answer.extend(server.open(&[byte]));
    }
    assert_eq!(record_types(&answer).len(), 1);
    for answer in [answers, answer] {
        assert!(client.open(&answer).is_empty());
    }
    server.data.clear();
    assert_connected(&mut client, &mut server);
}

#[test]
fn a_byte_of_data_pays_for_one_update() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    let mut updates = |count: usize| {
        server.data.clear();
        for _ in 0..count {
            client.connection.tx.update_keys(false).unwrap();
        }
        let bytes = [client.run(), client.seal(b"x")].concat();
        server.open(&bytes);
        server.error
    };
    assert_eq!(updates(32), None);
    for _ in 0..100 {
        assert_eq!(updates(1), None);
    }
    assert_eq!(updates(2), Some(Offence::TooManyKeyUpdates.into()));
}

#[test]
fn too_many_updates_without_data_are_refused() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    for _ in 0..33 {
        client.connection.tx.update_keys(false).unwrap();
    }
    let updates = client.run();
    let alert = server.feed(&updates);
    client.feed(&alert);
    assert_fails(&server, &client, Offence::TooManyKeyUpdates);
}

#[test]
fn keys_are_updated_when_they_have_protected_key_update_at_bytes() {
    for key_update_at in [1, 7, 1000, 100_000] {
        let client = Config {
            key_update_at,
            ..client_config(p256())
        };
        let (mut client, mut server) = (Peer::client(client), Peer::server(server_config(p256())));
        talk(&mut client, &mut server);
        let data = vec![5; 10_000];
        for piece in data.chunks(3001) {
            let sealed = client.seal(piece);
            server.open(&sealed);
        }
        assert_eq!(server.error, None);
        assert!(server.data == data);
        let updates = server
            .events
            .iter()
            .filter(|e| matches!(e, Event::PeerKeyUpdate { .. }))
            .count();
        let least = 10_000_u64.div_ceil(key_update_at) as usize - 1;
        assert!(
            (least..=least + 4).contains(&updates),
            "{key_update_at}: {updates}"
        );
    }
}

#[test]
fn automatic_updates_come_where_otp_makes_them_and_ask_for_the_peer_s() {
    let config = Config {
        key_update_at: 14,
        ..client_config(p256())
    };
    let (mut client, mut server) = (Peer::client(config), Peer::server(server_config(p256())));
    talk(&mut client, &mut server);
    let mut generation = 0;
    for (parts, updates) in [
        (&[&[1; 15][..]][..], 2),
        (&[&[2; 50], &[3; 1], &[4; 49]], 8),
        (&[&[5; 12]], 0),
        (&[&[6; 1]], 1),
    ] {
        let mut sealed = Vec::new();
        client.connection.tx.seal(parts, &mut sealed).unwrap();
        let answers = server.open(&sealed);
        client.open(&answers);
        generation += updates;
        for peer in [&client, &server] {
            assert_eq!(peer.error, None);
            let came = peer.events.iter();
            let came = came.filter(|event| matches!(event, Event::PeerKeyUpdate { .. }));
            assert_eq!(came.count(), generation);
        }
    }
    let sent = [&[1; 15][..], &[2; 50], &[3], &[4; 49], &[5; 12], &[6]].concat();
    assert!(server.data == sent);
}

fn key_log(peer: &Peer) -> Vec<(String, [u8; 32], Vec<u8>)> {
    let line = |event: &Event| match event {
        Event::KeyLog {
            label,
            client_random,
            secret,
        } => Some((label.to_string(), *client_random, secret.as_ref().to_vec())),
        _ => None,
    };
    peer.events.iter().filter_map(line).collect()
}

fn logging_pair() -> (Peer, Peer) {
    let client = Config {
        key_log: true,
        ..client_config(p256())
    };
    let server = Config {
        key_log: true,
        ..server_config(p256())
    };
    pair(client, server)
}

#[test]
fn the_key_log_has_every_secret_once_in_order() {
    let (client, server) = logging_pair();
    assert_eq!(key_log(&client), key_log(&server));
    let labels: Vec<_> = key_log(&client).into_iter().map(|line| line.0).collect();
    assert_eq!(
        labels,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET"
        ]
    );
    let random = client.info().client_random;
    assert!(key_log(&client).iter().all(|line| line.1 == random));
}

#[test]
fn the_key_log_follows_key_updates() {
    let (mut client, mut server) = logging_pair();
    client.events.clear();
    server.events.clear();
    client.connection.tx.update_keys(true).unwrap();
    let update = client.run();
    server.feed(&update);
    assert_connected(&mut client, &mut server);
    client.connection.tx.update_keys(false).unwrap();
    let update = client.run();
    server.open(&update);
    server.run();
    let mut logs = [key_log(&client), key_log(&server)];
    logs.iter_mut().for_each(|log| log.sort());
    assert_eq!(logs[0], logs[1]);
    let labels: Vec<_> = logs[0].iter().map(|line| line.0.as_str()).collect();
    let expected = [
        "CLIENT_TRAFFIC_SECRET_1",
        "CLIENT_TRAFFIC_SECRET_2",
        "SERVER_TRAFFIC_SECRET_1",
    ];
    assert_eq!(labels, expected);
}

#[test]
fn exporters_differ_by_label_context_and_length() {
    let (client, _) = pair(client_config(p256()), server_config(p256()));
    let export = |label: &[u8], context: Option<&[u8]>, len| {
        client
            .connection
            .rx
            .export(label, context, len)
            .unwrap()
            .as_ref()
            .to_vec()
    };
    let reference = export(b"EXPORTER-a", None, 32);
    assert_eq!(export(b"EXPORTER-a", Some(b""), 32), reference);
    assert_ne!(export(b"EXPORTER-b", None, 32), reference);
    assert_ne!(export(b"EXPORTER-a", Some(b"x"), 32), reference);
    assert_ne!(export(b"EXPORTER-a", None, 33)[..32], reference[..]);
    let too_long = client.connection.rx.export(b"EXPORTER-a", None, 1 << 20);
    assert_eq!(too_long.err(), Some(Error::Local(LocalFailure::Export)));
    let too_early = tests_client().rx.export(b"EXPORTER-a", None, 32);
    assert_eq!(
        too_early.err(),
        Some(Error::Local(LocalFailure::NotConnected))
    );
}

fn tests_client() -> Connection {
    client(client_config(p256()))
}

// ---- Closing and alerts ----

#[test]
fn after_close_notify_the_other_direction_goes_on() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    client.connection.tx.close_notify();
    let closing = client.run();
    assert!(!closing.is_empty());
    server.open(&closing);
    assert!(matches!(server.events.last(), Some(Event::PeerClosed)));
    let sealed = server.seal(b"still here");
    client.open(&sealed);
    assert_eq!(client.data, b"still here");
    let refused = client.connection.tx.seal(&[b"x"], &mut Vec::new());
    assert_eq!(refused, Err(Error::Local(LocalFailure::Closed)));
    // What comes after close_notify does not count.
    assert!(server.open(b"garbage").is_empty() && server.feed(b"garbage").is_empty());
    assert_eq!(server.error, None);
    client.connection.tx.close_notify();
    assert!(client.run().is_empty(), "once is enough");
}

#[test]
fn close_notify_during_the_handshake_ends_it() {
    let mut server = Peer::server(server_config(p256()));
    server.feed(&[21, 3, 1, 0, 2, 1, 0]);
    assert_eq!(
        server.error,
        Some(Error::AlertReceived(AlertDescription::CLOSE_NOTIFY))
    );
}

#[test]
fn alerts_of_the_user_s_choice() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    client.connection.tx.alert(AlertDescription::USER_CANCELED);
    let alert = client.run();
    server.open(&alert);
    assert!(matches!(
        server.events.last(),
        Some(Event::WarningAlert(AlertDescription::USER_CANCELED))
    ));
    assert_connected(&mut client, &mut server);
    client.connection.tx.alert(AlertDescription::ACCESS_DENIED);
    let alert = client.run();
    assert!(server.open(&alert).is_empty(), "an alert is not answered");
    assert_eq!(
        server.error,
        Some(Error::AlertReceived(AlertDescription::ACCESS_DENIED))
    );
    let refused = server.connection.tx.seal(&[b"x"], &mut Vec::new());
    assert_eq!(refused, Err(Error::Local(LocalFailure::NotConnected)));
}

#[test]
fn data_before_a_failure_is_delivered() {
    let (mut client, mut server) = pair(client_config(p256()), server_config(p256()));
    let mut stream = client.seal(b"good");
    stream.extend([23, 3, 3, 0, 20]);
    stream.extend([0; 20]);
    let alert = server.open(&stream);
    assert_eq!(server.data, b"good");
    client.open(&alert);
    assert_fails(
        &server,
        &client,
        tls_core::record::RecordError::BadRecordMac,
    );
}

#[test]
fn sealing_before_the_handshake_is_over_is_refused() {
    let mut client = client(client_config(p256()));
    let refused = client.tx.seal(&[b"x"], &mut Vec::new());
    assert_eq!(refused, Err(Error::Local(LocalFailure::NotConnected)));
    assert!(client.tx.update_keys(false).is_err());
}

#[test]
fn halves_can_be_used_by_different_threads() {
    fn sendable<T: Send>() {}
    sendable::<tls_core::connection::Rx>();
    sendable::<tls_core::connection::Tx>();
    sendable::<Connection>();
}

#[test]
fn debug_output_holds_no_secrets() {
    let (client, _) = pair(client_config(p256()), server_config(p256()));
    let text = format!("{:?}", client.connection);
    let secret = client
        .connection
        .rx
        .export(b"EXPORTER-x", None, 32)
        .unwrap();
    assert!(!text.contains(&format!("{:?}", secret.as_ref())));
    assert!(text.len() < 1500, "{text}");
}
