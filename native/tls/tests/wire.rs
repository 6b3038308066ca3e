//! Wire formats: what is emitted parses to the same, what is cut or lengthened does not parse, and nothing panics.

use proptest::collection::vec;
use proptest::prelude::*;
use tls_core::enums::*;
use tls_core::wire::extension::*;
use tls_core::wire::hello::{extension_block, ClientHello, ServerHello};
use tls_core::wire::message::*;

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
        bytes(0..9).prop_map(Extension::EcPointFormats).boxed(),
        bytes(0..9).prop_map(Extension::Srp).boxed(),
        schemes().prop_map(Extension::SignatureAlgorithms).boxed(),
        bytes(0..9).prop_map(Extension::UseSrtp).boxed(),
        vec(bytes(1..9), 1..5).prop_map(Extension::Alpn).boxed(),
        (0..600u16).prop_map(Extension::Padding).boxed(),
        bytes(0..9)
            .prop_map(Extension::ExtendedMasterSecret)
            .boxed(),
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
        bytes(0..9)
            .prop_map(Extension::NextProtocolNegotiation)
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
