//! What the tests share: certificates made on the spot, configurations, and two connections talking in memory.
#![allow(dead_code)]

pub mod dsa;
pub mod world;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::sync::{Arc, OnceLock};
use tls_core::config::{Config, DhParams, NativeVerify};
use tls_core::connection::{ClientParams, Connection, Info, VerifyName};
use tls_core::crypto::sign::{CertifiedKey, KeyKind, PrivateKey};
use tls_core::crypto::suites::{Authentication, KeyExchange, SuiteRow, SUITES as SUITES_OF_ALL};
use tls_core::crypto::SystemRandom;
use tls_core::enums::*;
use tls_core::error::Error;
use tls_core::query::{Answer, Event, Output, Query};
use tls_core::x509::TrustStore;
use world::World12;

/// The name in every leaf.
pub const HOST: &str = "server.test";

/// Unix seconds: within the validity of the certificates.
pub const NOW: u64 = 1_790_000_000;

/// A leaf, its key, and the CA that signed it, all with keys of one kind. Key and CA are empty for DSA, which is the world's.
pub struct Identity {
    pub scheme: SignatureScheme,
    pub chain: Vec<Vec<u8>>,
    pub key_pkcs8: Vec<u8>,
    pub ca: Vec<u8>,
}

impl Identity {
    pub fn credential(&self) -> Arc<CertifiedKey> {
        if self.key_pkcs8.is_empty() {
            let key = PrivateKey::external(dsa::KEY_ID, dsa::SCHEMES.to_vec());
            return Arc::new(CertifiedKey::new(self.chain.clone(), key).unwrap());
        }
        let key = PrivateKey::from_der(KeyKind::Pkcs8, &self.key_pkcs8).unwrap();
        Arc::new(CertifiedKey::new(self.chain.clone(), key).unwrap())
    }

    /// The same key, as one that others hold.
    pub fn external_credential(&self, id: u64) -> Arc<CertifiedKey> {
        let key = PrivateKey::external(id, vec![self.scheme]);
        Arc::new(CertifiedKey::new(self.chain.clone(), key).unwrap())
    }

    pub fn store(&self) -> Arc<TrustStore> {
        let (store, skipped) = TrustStore::from_ders([&self.ca]);
        assert_eq!(skipped, 0);
        Arc::new(store)
    }
}

/// One identity for each kind of key, made once.
pub fn identities() -> &'static [Identity] {
    static IDENTITIES: OnceLock<Vec<Identity>> = OnceLock::new();
    IDENTITIES.get_or_init(|| {
        vec![
            identity(
                &rcgen::PKCS_ECDSA_P256_SHA256,
                SignatureScheme::ECDSA_SECP256R1_SHA256,
            ),
            identity(
                &rcgen::PKCS_ECDSA_P384_SHA384,
                SignatureScheme::ECDSA_SECP384R1_SHA384,
            ),
            identity(
                &rcgen::PKCS_ECDSA_P521_SHA512,
                SignatureScheme::ECDSA_SECP521R1_SHA512,
            ),
            identity(&rcgen::PKCS_ED25519, SignatureScheme::ED25519),
            identity(
                &rcgen::PKCS_RSA_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA256,
            ),
        ]
    })
}

/// The P-256 one.
pub fn p256() -> &'static Identity {
    &identities()[0]
}

/// The one with RSA.
pub fn rsa() -> &'static Identity {
    identities()
        .iter()
        .find(|identity| identity.scheme == SignatureScheme::RSA_PSS_RSAE_SHA256)
        .unwrap()
}

/// Whose certificate fits the suite.
pub fn identity_for(row: &SuiteRow) -> &'static Identity {
    match (row.kx, row.auth) {
        (_, Authentication::Dss) => dsa::identity(),
        (KeyExchange::Ecdh, Authentication::Rsa) => ec_by_rsa(),
        (_, Authentication::Rsa) => rsa(),
        _ => p256(),
    }
}

/// A key of P-256 in a certificate signed with RSA, for ECDH_RSA.
pub fn ec_by_rsa() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let ca = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let leaf = &rcgen::PKCS_ECDSA_P256_SHA256;
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
        certified(ca, leaf, scheme, USAGES)
    })
}

/// A certificate whose keyUsage has only these.
pub fn limited(
    algorithm: &'static rcgen::SignatureAlgorithm,
    scheme: SignatureScheme,
    usages: &[KeyUsagePurpose],
) -> Identity {
    let ca = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    certified(ca, algorithm, scheme, usages)
}

/// What leaves may do: everything that a key exchange of TLS needs.
const USAGES: &[KeyUsagePurpose] = &[
    KeyUsagePurpose::DigitalSignature,
    KeyUsagePurpose::KeyEncipherment,
    KeyUsagePurpose::KeyAgreement,
];

fn identity(algorithm: &'static rcgen::SignatureAlgorithm, scheme: SignatureScheme) -> Identity {
    let ca_key = KeyPair::generate_for(algorithm).unwrap();
    certified(ca_key, algorithm, scheme, USAGES)
}

fn certified(
    ca_key: KeyPair,
    algorithm: &'static rcgen::SignatureAlgorithm,
    scheme: SignatureScheme,
    usages: &[KeyUsagePurpose],
) -> Identity {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Test CA {scheme:?}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(params, ca_key);

    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_string()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.key_usages = usages.to_vec();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    Identity {
        scheme,
        chain: vec![leaf.der().to_vec()],
        key_pkcs8: key.serialize_der(),
        ca: ca.der().to_vec(),
    }
}

pub const SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_CCM_SHA256,
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
];

pub const GROUPS: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
];

pub const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ECDSA_SECP521R1_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// Everything on that needs no certificate.
pub fn config() -> Config {
    Config {
        versions: vec![ProtocolVersion::TLS13],
        cipher_suites: SUITES.to_vec(),
        groups: GROUPS.to_vec(),
        key_share_groups: vec![NamedGroup::X25519],
        signature_algs: SCHEMES.to_vec(),
        ..Config::default()
    }
}

/// The schemes of TLS 1.2 beside those of `SCHEMES`.
const OLD_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ECDSA_SHA1,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// Everything that a version before TLS 1.3 has: for clients and servers, still without certificates.
pub fn config12(version: ProtocolVersion) -> Config {
    let suites = SUITES_OF_ALL.iter().filter(|row| row.speaks(version));
    let mut suites: Vec<&SuiteRow> = suites.collect();
    // The common ones first.
    suites.sort_by_key(|row| match row.kx {
        KeyExchange::Ecdhe => 0,
        KeyExchange::Dhe => 1,
        _ => 2,
    });
    Config {
        versions: vec![version],
        cipher_suites: suites.into_iter().map(|row| row.id).collect(),
        curves: GROUPS[1..].to_vec(),
        signature_algs: [SCHEMES, OLD_SCHEMES, dsa::SCHEMES].concat(),
        dh: Some(DhParams {
            prime: world::prime(world::FFDHE2048),
            generator: vec![2],
        }),
        psk_identity: Some(world::PSK_IDENTITY.to_vec()),
        srp_identity: Some(world::SRP_USER.to_vec()),
        user_lookup: true,
        reuse_sessions: true,
        ..config()
    }
}

pub fn server_config12(version: ProtocolVersion, identity: &Identity) -> Config {
    Config {
        credentials: vec![identity.credential()],
        ..config12(version)
    }
}

/// Verifies natively against the identity's CA.
pub fn client_config12(version: ProtocolVersion, identity: &Identity) -> Config {
    Config {
        verify_peer: true,
        native_verify: client_config(identity).native_verify,
        ..config12(version)
    }
}

pub fn server_config(identity: &Identity) -> Config {
    Config {
        credentials: vec![identity.credential()],
        ..config()
    }
}

/// Verifies natively against the identity's CA.
pub fn client_config(identity: &Identity) -> Config {
    Config {
        verify_peer: true,
        native_verify: (!identity.ca.is_empty()).then(|| NativeVerify {
            store: identity.store(),
            depth: 10,
        }),
        ..config()
    }
}

pub fn client(config: Config) -> Connection {
    let params = ClientParams {
        server_name: Some(HOST.as_bytes().to_vec()),
        verify_name: Some(VerifyName::Dns(HOST.as_bytes().to_vec())),
        session: None,
    };
    let mut connection = Connection::client(Arc::new(config), params, Box::new(SystemRandom));
    connection.rx.set_now(NOW);
    connection
}

pub fn server(config: Config) -> Connection {
    let mut connection = Connection::server(Arc::new(config), Box::new(SystemRandom));
    connection.rx.set_now(NOW);
    connection
}

/// Answers queries.
pub type World = Box<dyn FnMut(&Query) -> Answer>;

/// An endpoint with all it has said.
pub struct Peer {
    pub connection: Connection,
    pub data: Vec<u8>,
    pub events: Vec<Event>,
    pub error: Option<Error>,
    pub queries: Vec<&'static str>,
    /// Answers queries; `None` for the default answers.
    pub answer: Option<World>,
    pub heavy: usize,
}

impl Peer {
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            data: Vec::new(),
            events: Vec::new(),
            error: None,
            queries: Vec::new(),
            answer: None,
            heavy: 0,
        }
    }

    pub fn client(config: Config) -> Self {
        Self::new(client(config))
    }

    pub fn server(config: Config) -> Self {
        Self::new(server(config))
    }

    pub fn answering(mut self, answer: impl FnMut(&Query) -> Answer + 'static) -> Self {
        self.answer = Some(Box::new(answer));
        self
    }

    /// In a world that knows what TLS 1.2 and below ask for.
    pub fn in_world(self, mut world: World12) -> Self {
        self.answering(move |query| world.answer(query))
    }

    /// Everything it has to say; the bytes are what goes to the network.
    pub fn run(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        let mut heavy = false;
        loop {
            let Connection { rx, tx } = &mut self.connection;
            let output = if heavy {
                rx.next_heavy(tx)
            } else {
                rx.next(tx)
            };
            heavy = false;
            match output {
                Output::Transmit(bytes) => sent.extend(bytes),
                Output::Data(bytes) => self.data.extend(bytes),
                Output::Event(event) => self.events.push(event),
                Output::Heavy => {
                    self.heavy += 1;
                    heavy = true;
                }
                Output::Ask(query) => {
                    self.queries.push(query_name(&query));
                    let answer = match &mut self.answer {
                        Some(answer) => answer(&query),
                        None => Answer::Continue,
                    };
                    rx.answer(tx, answer);
                }
                Output::Fatal(error) => {
                    assert!(self.error.is_none(), "two fatal errors");
                    self.error = Some(error);
                }
                Output::Idle => break,
            }
        }
        self.connection.tx.take_pending(&mut sent);
        sent
    }

    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.connection.rx.feed(bytes);
        self.run()
    }

    /// By way of the data path.
    pub fn open(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let opened = self.connection.rx.open(bytes, &mut data);
        self.data.extend(data);
        match opened {
            tls_core::record::Opened::Data => Vec::new(),
            tls_core::record::Opened::Control => self.run(),
        }
    }

    pub fn seal(&mut self, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.connection.tx.seal(&[data], &mut out).unwrap();
        out
    }

    pub fn info(&self) -> &Info {
        self.connection.rx.info().expect("not connected")
    }

    pub fn is_connected(&self) -> bool {
        self.error.is_none() && self.connection.rx.info().is_some()
    }
}

pub fn query_name(query: &Query) -> &'static str {
    match query {
        Query::ClientHello(_) => "client_hello",
        Query::ServerHello(_) => "server_hello",
        Query::PeerCertificate { .. } => "peer_certificate",
        Query::Sign { .. } => "sign",
        Query::VerifySignature { .. } => "verify_signature",
        Query::KxGenerate { .. } => "kx_generate",
        Query::KxAgree { .. } => "kx_agree",
        Query::KxRespond { .. } => "kx_respond",
        Query::SessionLookup { .. } => "session_lookup",
        Query::PskLookup { .. } => "psk_lookup",
        Query::SrpClient { .. } => "srp_client",
        Query::SrpServer { .. } => "srp_server",
        Query::SrpAgree { .. } => "srp_agree",
        Query::DhGenerate { .. } => "dh_generate",
        Query::DhAgree { .. } => "dh_agree",
        Query::RsaDecrypt { .. } => "rsa_decrypt",
        Query::EcdhStatic { .. } => "ecdh_static",
    }
}

/// How bytes get from one to the other.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    Whole,
    ByteByByte,
}

/// Until nobody has anything to say.
pub fn talk_by(client: &mut Peer, server: &mut Peer, delivery: Delivery) {
    let deliver = |to: &mut Peer, bytes: Vec<u8>| -> Vec<u8> {
        match delivery {
            Delivery::Whole => to.feed(&bytes),
            Delivery::ByteByByte => bytes.iter().flat_map(|byte| to.feed(&[*byte])).collect(),
        }
    };
    let mut to_server = client.run();
    let mut to_client = server.run();
    for _ in 0..20 {
        if to_server.is_empty() && to_client.is_empty() {
            return;
        }
        to_client.extend(deliver(server, std::mem::take(&mut to_server)));
        to_server.extend(deliver(client, std::mem::take(&mut to_client)));
    }
    panic!("they never stop");
}

pub fn talk(client: &mut Peer, server: &mut Peer) {
    talk_by(client, server, Delivery::Whole);
}

/// Both connected, and data flows both ways.
pub fn assert_connected(client: &mut Peer, server: &mut Peer) {
    assert_eq!((client.error, server.error), (None, None));
    assert!(client.is_connected() && server.is_connected());
    for size in [1, 100, 16384, 50_000] {
        let data: Vec<u8> = (0..size).map(|i| i as u8).collect();
        let sealed = client.seal(&data);
        // Nothing, or the answer to a request for new keys.
        let answer = server.open(&sealed);
        assert!(client.open(&answer).is_empty());
        assert!(server.data == data);
        server.data.clear();
        let sealed = server.seal(&data);
        let answer = client.open(&sealed);
        assert!(server.open(&answer).is_empty());
        assert!(client.data == data);
        client.data.clear();
    }
    let export = |peer: &Peer| {
        peer.connection
            .rx
            .export(b"EXPORTER-test", Some(b"context"), 48)
            .unwrap()
    };
    assert!(export(client) == export(server));
}

/// A connected pair.
pub fn pair(client_config: Config, server_config: Config) -> (Peer, Peer) {
    let (mut client, mut server) = (Peer::client(client_config), Peer::server(server_config));
    talk(&mut client, &mut server);
    assert_connected(&mut client, &mut server);
    (client, server)
}

/// The alert and cause the two ended with: who found it, and that the other was told the same.
pub fn assert_fails(finder: &Peer, told: &Peer, cause: impl Into<Error>) {
    let cause = cause.into();
    assert_eq!(finder.error, Some(cause));
    assert_eq!(told.error, Some(Error::AlertReceived(cause.alert())));
}
