//! Wire formats: what is emitted parses to the same, what is cut or lengthened does not parse, and nothing panics.

use proptest::collection::vec;
use proptest::prelude::*;
use tls_core::enums::*;
use tls_core::error::Offence;
use tls_core::wire::codec::Prefix;
use tls_core::wire::extension::*;
use tls_core::wire::hello::{extension_block, ClientHello, ServerHello};
use tls_core::wire::message::*;
use tls_core::wire::message12::*;

fn bytes(len: impl Into<proptest::collection::SizeRange>) -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), len).boxed()
}

fn groups() -> BoxedStrategy<Vec<NamedGroup>> {
    vec(any::<u16>().prop_map(NamedGroup), 1..20).boxed()
}

fn schemes() -> BoxedStrategy<Vec<SignatureScheme>> {
    vec(any::<u16>().prop_map(SignatureScheme), 1..20).boxed()
}

fn share() -> BoxedStrategy<KeyShareEntry> {
    let entry = |(group, key_exchange)| KeyShareEntry {
        group: NamedGroup(group),
        key_exchange,
    };
    (any::<u16>(), bytes(1..40)).prop_map(entry).boxed()
}

/// Every extension that may stand in `place`, in the form it has there; pre_shared_key apart.
fn extension(place: Place) -> BoxedStrategy<Extension> {
    let hello = place == Place::ClientHello;
    let host = "[a-z]{1,20}".prop_map(|name| Some(name.into_bytes()));
    let all: Vec<BoxedStrategy<Extension>> = vec![
        if hello {
            host.boxed()
        } else {
            Just(None).boxed()
        }
        .prop_map(Extension::ServerName)
        .boxed(),
        any::<u8>().prop_map(Extension::MaxFragmentLength).boxed(),
        match place {
            Place::Certificate => bytes(1..50).prop_map(StatusRequest::Response).boxed(),
            Place::CertificateRequest => Just(StatusRequest::Wanted).boxed(),
            Place::ServerHello12 => Just(StatusRequest::Accepted).boxed(),
            _ => prop_oneof![
                Just(StatusRequest::ocsp()),
                (2..=255u8, bytes(0..9))
                    .prop_map(|(status, body)| StatusRequest::Request(status, body)),
            ]
            .boxed(),
        }
        .prop_map(Extension::StatusRequest)
        .boxed(),
        groups().prop_map(Extension::SupportedGroups).boxed(),
        bytes(1..9).prop_map(Extension::EcPointFormats).boxed(),
        bytes(1..9).prop_map(Extension::Srp).boxed(),
        schemes().prop_map(Extension::SignatureAlgorithms).boxed(),
        bytes(0..9).prop_map(Extension::UseSrtp).boxed(),
        vec(bytes(1..9), 1..5).prop_map(Extension::Alpn).boxed(),
        (0..600u16).prop_map(Extension::Padding).boxed(),
        Just(Extension::ExtendedMasterSecret(())).boxed(),
        bytes(0..9).prop_map(Extension::SessionTicket).boxed(),
        match place {
            Place::NewSessionTicket => any::<u32>().prop_map(EarlyData::MaxSize).boxed(),
            _ => Just(EarlyData::Indication).boxed(),
        }
        .prop_map(Extension::EarlyData)
        .boxed(),
        match hello {
            true => vec(any::<u16>(), 1..100)
                .prop_map(Versions::Offered)
                .boxed(),
            false => any::<u16>().prop_map(Versions::Selected).boxed(),
        }
        .prop_map(Extension::SupportedVersions)
        .boxed(),
        bytes(1..99).prop_map(Extension::Cookie).boxed(),
        bytes(1..9).prop_map(Extension::PskKeyExchangeModes).boxed(),
        vec(bytes(1..30), 1..9)
            .prop_map(Extension::CertificateAuthorities)
            .boxed(),
        vec((bytes(1..9), bytes(0..9)), 0..4)
            .prop_map(Extension::OidFilters)
            .boxed(),
        Just(Extension::PostHandshakeAuth(())).boxed(),
        schemes()
            .prop_map(Extension::SignatureAlgorithmsCert)
            .boxed(),
        match place {
            Place::ClientHello => vec(share(), 0..4).prop_map(KeyShare::Offered).boxed(),
            Place::HelloRetryRequest => any::<u16>()
                .prop_map(|group| KeyShare::Retry(NamedGroup(group)))
                .boxed(),
            _ => share().prop_map(KeyShare::Selected).boxed(),
        }
        .prop_map(Extension::KeyShare)
        .boxed(),
        match hello {
            true => Just(Vec::new()).boxed(),
            false => vec(bytes(1..9), 0..5).boxed(),
        }
        .prop_map(Extension::NextProtocols)
        .boxed(),
        bytes(0..9).prop_map(Extension::RenegotiationInfo).boxed(),
        bytes(0..9)
            .prop_map(|body| Extension::Unknown(ExtensionType(0x7a7a), body))
            .boxed(),
    ];
    let lawful = move |extension: &Extension| {
        let row = ROWS
            .iter()
            .find(|(code, _)| *code == extension.extension_type());
        row.is_none_or(|(_, places)| places & place as u8 != 0)
    };
    proptest::strategy::Union::new(all)
        .prop_filter("stands in this message", lawful)
        .boxed()
}

fn pre_shared_key(place: Place) -> BoxedStrategy<Option<Extension>> {
    let offered = (
        vec((bytes(1..40), any::<u32>()), 1..4),
        vec(bytes(32..60), 1..4),
    )
        .prop_map(|(identities, binders)| PreSharedKey::Offered {
            identities,
            binders,
        });
    let psk = match place {
        Place::ClientHello => offered.boxed(),
        Place::ServerHello => any::<u16>().prop_map(PreSharedKey::Selected).boxed(),
        _ => return Just(None).boxed(),
    };
    proptest::option::of(psk.prop_map(Extension::PreSharedKey)).boxed()
}

/// Extensions of a message, none twice.
fn extensions(place: Place) -> BoxedStrategy<Extensions> {
    (vec(extension(place), 0..8), pre_shared_key(place))
        .prop_map(|(list, psk)| {
            let mut extensions = Extensions::default();
            list.into_iter()
                .chain(psk)
                .for_each(|extension| extensions.set(extension));
            extensions
        })
        .boxed()
}

fn client_hello() -> BoxedStrategy<ClientHello> {
    let fields = (
        any::<u16>(),
        any::<[u8; 32]>(),
        bytes(0..=32),
        vec(any::<u16>().prop_map(CipherSuite), 1..20),
        bytes(1..4),
        extensions(Place::ClientHello),
    );
    fields
        .prop_map(
            |(
                legacy_version,
                random,
                session_id,
                cipher_suites,
                compression_methods,
                extensions,
            )| {
                ClientHello {
                    legacy_version,
                    random,
                    session_id,
                    cipher_suites,
                    compression_methods,
                    extensions,
                }
            },
        )
        .boxed()
}

fn server_hello(place: Place) -> BoxedStrategy<(ServerHello, Extensions)> {
    let fields = (
        any::<u16>(),
        any::<[u8; 32]>(),
        bytes(0..=32),
        any::<u16>(),
        any::<u8>(),
        extensions(place),
    );
    fields
        .prop_map(
            move |(legacy_version, random, session_id, suite, compression_method, extensions)| {
                let retry = place == Place::HelloRetryRequest;
                let hello = ServerHello {
                    legacy_version,
                    random: if retry {
                        tls_core::wire::hello::RETRY_RANDOM
                    } else {
                        random
                    },
                    session_id,
                    cipher_suite: CipherSuite(suite),
                    compression_method,
                    extension_block: extension_block(&extensions).unwrap(),
                };
                (hello, extensions)
            },
        )
        .boxed()
}

fn version() -> BoxedStrategy<ProtocolVersion> {
    prop_oneof![
        Just(ProtocolVersion::TLS10),
        Just(ProtocolVersion::TLS11),
        Just(ProtocolVersion::TLS12),
    ]
    .boxed()
}

/// A signature, with its scheme in TLS 1.2 only.
fn signed(version: ProtocolVersion) -> BoxedStrategy<DigitallySigned> {
    (any::<u16>(), bytes(0..300))
        .prop_map(move |(scheme, signature)| DigitallySigned {
            scheme: (version == ProtocolVersion::TLS12).then_some(SignatureScheme(scheme)),
            signature,
        })
        .boxed()
}

fn server_params() -> BoxedStrategy<(ParamsKind, ServerParams)> {
    let number = || bytes(1..300);
    prop_oneof![
        Just((ParamsKind::None, ServerParams::None)),
        (any::<u16>(), bytes(1..150)).prop_map(|(group, public)| {
            let group = NamedGroup(group);
            (ParamsKind::Ecdh, ServerParams::Ecdh { group, public })
        }),
        (number(), number(), number()).prop_map(|(prime, generator, public)| {
            let params = ServerParams::Dh {
                prime,
                generator,
                public,
            };
            (ParamsKind::Dh, params)
        }),
        (number(), number(), bytes(1..=255), number()).prop_map(
            |(prime, generator, salt, public)| {
                let params = ServerParams::Srp {
                    prime,
                    generator,
                    salt,
                    public,
                };
                (ParamsKind::Srp, params)
            }
        ),
    ]
    .boxed()
}

/// A ServerKeyExchange of any shape, for any version.
fn server_key_exchange() -> BoxedStrategy<(ProtocolVersion, ServerShape, ServerKeyExchange)> {
    version()
        .prop_flat_map(|version| {
            let fields = (
                proptest::option::of(bytes(0..50)),
                server_params(),
                proptest::option::of(signed(version)),
            );
            fields.prop_map(move |(hint, (kind, params), signed)| {
                let shape = ServerShape {
                    hint: hint.is_some(),
                    params: kind,
                    signed: signed.is_some(),
                };
                (
                    version,
                    shape,
                    ServerKeyExchange {
                        hint,
                        params,
                        signed,
                    },
                )
            })
        })
        .boxed()
}

/// A ClientKeyExchange of any shape but the one without content.
fn client_key_exchange() -> BoxedStrategy<(ClientShape, ClientKeyExchange)> {
    let width = prop_oneof![
        Just(ClientShape::POINT),
        Just(ClientShape::NUMBER),
        Just(None)
    ];
    (proptest::option::of(bytes(0..50)), width, bytes(1..=255))
        .prop_map(|(identity, width, exchange)| {
            let shape = ClientShape {
                identity: identity.is_some(),
                exchange: width,
            };
            (
                shape,
                ClientKeyExchange {
                    identity,
                    exchange: width.map(|_: Prefix| exchange),
                },
            )
        })
        .prop_filter("has content", |(shape, _)| {
            shape.identity || shape.exchange.is_some()
        })
        .boxed()
}

/// Emits, parses, and checks that the body parses neither with its last byte missing nor with one more.
fn round_trip<T: PartialEq + std::fmt::Debug, E: std::fmt::Debug>(
    value: &T,
    msg_type: HandshakeType,
    emit: impl FnOnce(&T, &mut Vec<u8>),
    parse: impl Fn(&[u8]) -> Result<T, E>,
) {
    let mut out = vec![0xee];
    emit(value, &mut out);
    let out = &out[1..];
    assert_eq!(out[0], msg_type.0);
    let len = u32::from_be_bytes([0, out[1], out[2], out[3]]) as usize;
    let body = &out[4..];
    assert_eq!(body.len(), len);
    assert_eq!(&parse(body).unwrap(), value);
    parse(&body[..len - 1]).unwrap_err();
    parse(&[body, &[0]].concat()).unwrap_err();
}

/// What a response may answer to: everything.
fn everything() -> Offered {
    let all = ROWS
        .iter()
        .map(|(code, _)| Extension::Unknown(*code, Vec::new()));
    let unknown = Extension::Unknown(ExtensionType(0x7a7a), Vec::new());
    Offered::of(&Extensions::new(all.chain([unknown]).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn client_hellos(hello in client_hello()) {
        let emit = |hello: &ClientHello, out: &mut Vec<u8>| hello.emit(out).unwrap();
        round_trip(&hello, HandshakeType::CLIENT_HELLO, emit, ClientHello::parse);
    }

    #[test]
    fn server_hellos((hello, extensions) in server_hello(Place::ServerHello)) {
        prop_assume!(!hello.is_retry());
        let emit = |hello: &ServerHello, out: &mut Vec<u8>| hello.emit(out).unwrap();
        round_trip(&hello, HandshakeType::SERVER_HELLO, emit, ServerHello::parse);
        prop_assert_eq!(hello.version().unwrap(), extensions.version_selected().unwrap_or(hello.legacy_version));
        prop_assert_eq!(hello.extensions(&everything()).unwrap(), extensions);
    }

    #[test]
    fn server_hellos_of_old((hello, extensions) in server_hello(Place::ServerHello12)) {
        prop_assume!(!hello.is_retry());
        let emit = |hello: &ServerHello, out: &mut Vec<u8>| hello.emit(out).unwrap();
        round_trip(&hello, HandshakeType::SERVER_HELLO, emit, ServerHello::parse);
        prop_assert_eq!(hello.version().unwrap(), hello.legacy_version);
        prop_assert_eq!(hello.extensions12(&everything()).unwrap(), extensions);
    }

    #[test]
    fn hello_retry_requests((hello, extensions) in server_hello(Place::HelloRetryRequest)) {
        prop_assert!(hello.is_retry());
        let emit = |hello: &ServerHello, out: &mut Vec<u8>| hello.emit(out).unwrap();
        round_trip(&hello, HandshakeType::SERVER_HELLO, emit, ServerHello::parse);
        prop_assert_eq!(hello.extensions(&everything()).unwrap(), extensions);
    }

    #[test]
    fn encrypted_extensions(extensions in extensions(Place::EncryptedExtensions)) {
        let message = EncryptedExtensions { extensions };
        let emit = |message: &EncryptedExtensions, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::ENCRYPTED_EXTENSIONS, emit, |body| {
            EncryptedExtensions::parse(body, &everything())
        });
    }

    #[test]
    fn certificate_requests(context in bytes(0..=255), extensions in extensions(Place::CertificateRequest)) {
        let message = CertificateRequest { context, extensions };
        let emit = |message: &CertificateRequest, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE_REQUEST, emit, CertificateRequest::parse);
    }

    #[test]
    fn certificates(
        context in bytes(0..=255),
        entries in vec((bytes(1..300), extensions(Place::Certificate)), 0..5),
    ) {
        let entry = |(certificate, extensions)| CertificateEntry { certificate, extensions };
        let message = Certificate { context, entries: entries.into_iter().map(entry).collect() };
        let emit = |message: &Certificate, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE, emit, |body| Certificate::parse(body, 5, &everything()));
    }

    #[test]
    fn certificate_verifies(scheme in any::<u16>(), signature in bytes(0..600)) {
        let message = CertificateVerify { scheme: SignatureScheme(scheme), signature };
        let emit = |message: &CertificateVerify, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE_VERIFY, emit, CertificateVerify::parse);
    }

    #[test]
    fn finisheds(verify_data in bytes(0..100)) {
        let mut out = Vec::new();
        Finished { verify_data: verify_data.clone() }.emit(&mut out).unwrap();
        prop_assert_eq!(Finished::parse(&out[4..]).verify_data, verify_data);
    }

    #[test]
    fn new_session_tickets(
        lifetime in any::<u32>(),
        age_add in any::<u32>(),
        nonce in bytes(0..=255),
        ticket in bytes(1..400),
        extensions in extensions(Place::NewSessionTicket),
    ) {
        let message = NewSessionTicket { lifetime, age_add, nonce, ticket, extensions };
        let emit = |message: &NewSessionTicket, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::NEW_SESSION_TICKET, emit, NewSessionTicket::parse);
    }

    #[test]
    fn key_updates(requested in any::<bool>()) {
        let message = KeyUpdate { requested };
        let emit = |message: &KeyUpdate, out: &mut Vec<u8>| out.extend(message.bytes());
        round_trip(&message, HandshakeType::KEY_UPDATE, emit, KeyUpdate::parse);
    }

    #[test]
    fn certificates_of_old(chain in vec(bytes(1..300), 0..5)) {
        let message = Certificate12 { chain };
        let emit = |message: &Certificate12, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE, emit, |body| Certificate12::parse(body, 5));
    }

    #[test]
    fn certificate_statuses(response in bytes(1..300)) {
        let message = CertificateStatus { response };
        let emit = |message: &CertificateStatus, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE_STATUS, emit, CertificateStatus::parse);
    }

    #[test]
    fn certificate_requests_of_old(
        version in version(),
        types in bytes(0..9),
        schemes in schemes(),
        authorities in vec(bytes(1..30), 0..9),
    ) {
        let message = CertificateRequest12 {
            types: types.into_iter().map(CertificateType).collect(),
            schemes: (version == ProtocolVersion::TLS12).then_some(schemes),
            authorities,
        };
        let emit = |message: &CertificateRequest12, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE_REQUEST, emit, |body| CertificateRequest12::parse(body, version));
    }

    #[test]
    fn certificate_verifies_of_old((version, message) in version().prop_flat_map(|version| (Just(version), signed(version)))) {
        let emit = |message: &DigitallySigned, out: &mut Vec<u8>| message.emit_certificate_verify(out).unwrap();
        round_trip(&message, HandshakeType::CERTIFICATE_VERIFY, emit, |body| {
            DigitallySigned::parse_certificate_verify(body, version)
        });
    }

    #[test]
    fn server_key_exchanges((version, shape, message) in server_key_exchange()) {
        prop_assume!(message.hint.is_some() || message.params != ServerParams::None || message.signed.is_some());
        let emit = |message: &ServerKeyExchange, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::SERVER_KEY_EXCHANGE, emit, |body| {
            ServerKeyExchange::parse(body, shape, version)
        });
    }

    #[test]
    fn client_key_exchanges((shape, message) in client_key_exchange()) {
        let emit = |message: &ClientKeyExchange, out: &mut Vec<u8>| message.emit(shape, out).unwrap();
        round_trip(&message, HandshakeType::CLIENT_KEY_EXCHANGE, emit, |body| ClientKeyExchange::parse(body, shape));
    }

    #[test]
    fn next_protocols(protocol in bytes(0..=255)) {
        let message = NextProtocol { protocol };
        let emit = |message: &NextProtocol, out: &mut Vec<u8>| message.emit(out).unwrap();
        round_trip(&message, HandshakeType::NEXT_PROTOCOL, emit, NextProtocol::parse);
        let mut out = Vec::new();
        message.emit(&mut out).unwrap();
        prop_assert_eq!((out.len() - 4) % 32, 0);
    }

    /// Each extension alone: its raw form is its body, and a body cut or lengthened is another extension or none.
    #[test]
    fn extensions_one_by_one(extension in extension(Place::ClientHello)) {
        let one = Extensions::new(vec![extension.clone()]);
        let (code, body) = one.raw().remove(0);
        let parse = |body: &[u8]| {
            let mut block = code.to_be_bytes().to_vec();
            block.extend((body.len() as u16).to_be_bytes());
            block.extend(body);
            Extensions::parse(Place::ClientHello, &block, None)
        };
        prop_assert_eq!(parse(&body).unwrap(), one.clone());
        if let Some((_, cut)) = body.split_last() {
            prop_assert_ne!(parse(cut).ok(), Some(one.clone()));
        }
        prop_assert_ne!(parse(&[&body[..], &[0]].concat()).ok(), Some(one));
    }

    /// Bytes of any kind, in every parser.
    #[test]
    fn nothing_panics(body in bytes(0..300)) {
        let _ = ClientHello::parse(&body);
        if let Ok(hello) = ServerHello::parse(&body) {
            let _ = (hello.version(), hello.extensions(&everything()), hello.raw_extensions());
        }
        let _ = EncryptedExtensions::parse(&body, &everything());
        let _ = CertificateRequest::parse(&body);
        let _ = Certificate::parse(&body, 10, &everything());
        let _ = CertificateVerify::parse(&body);
        let _ = NewSessionTicket::parse(&body);
        let _ = KeyUpdate::parse(&body);
        let _ = Certificate12::parse(&body, 10);
        let _ = CertificateStatus::parse(&body);
        let _ = NextProtocol::parse(&body);
        for version in [ProtocolVersion::TLS10, ProtocolVersion::TLS12] {
            let _ = CertificateRequest12::parse(&body, version);
            let _ = DigitallySigned::parse_certificate_verify(&body, version);
            for params in [ParamsKind::None, ParamsKind::Ecdh, ParamsKind::Dh, ParamsKind::Srp] {
                for bits in 0..4 {
                    let shape = ServerShape { hint: bits & 1 != 0, params, signed: bits & 2 != 0 };
                    let _ = ServerKeyExchange::parse(&body, shape, version);
                }
            }
        }
        for exchange in [None, ClientShape::POINT, ClientShape::NUMBER] {
            for identity in [false, true] {
                let _ = ClientKeyExchange::parse(&body, ClientShape { identity, exchange });
            }
        }
    }
}

#[test]
fn messages_without_content_have_none() {
    for empty in [Empty::HelloRequest, Empty::ServerHelloDone] {
        assert_eq!(empty.bytes()[1..], [0; 3]);
        empty.check(&[]).unwrap();
        empty.check(&[0]).unwrap_err();
    }
    assert_eq!(Empty::HelloRequest.bytes()[0], 0);
    assert_eq!(Empty::ServerHelloDone.bytes()[0], 14);
}

#[test]
fn explicit_curves_are_an_offence_of_their_own() {
    let shape = ServerShape {
        hint: false,
        params: ParamsKind::Ecdh,
        signed: false,
    };
    let parse = |body: &[u8]| ServerKeyExchange::parse(body, shape, ProtocolVersion::TLS12);
    assert!(parse(&[3, 0, 23, 1, 4]).is_ok());
    for kind in [0, 1, 2, 4] {
        assert_eq!(
            parse(&[kind, 0, 23, 1, 4]),
            Err(Offence::ExplicitCurve.into())
        );
    }
}

#[test]
fn a_hello_without_an_extension_block_is_one_of_old() {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    let hello = ClientHello::parse(&body).unwrap();
    assert!(hello.extensions.is_empty());
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0xc0, 0x2f, 0]);
    let hello = ServerHello::parse(&body).unwrap();
    assert_eq!(hello.version().unwrap(), 0x0303);
}

#[test]
fn the_table_has_no_row_twice() {
    let mut codes: Vec<u16> = ROWS.iter().map(|(code, _)| code.0).collect();
    codes.sort_unstable();
    assert!(codes.windows(2).all(|pair| pair[0] != pair[1]));
    // Every extension that has a name has a row, but the one that certificates only had before TLS 1.3.
    for code in ExtensionType::KNOWN {
        let known = codes.contains(&code.0);
        assert_eq!(
            known,
            *code != ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
            "{code:?}"
        );
    }
}
