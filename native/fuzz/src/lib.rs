//! What the fuzz targets share: certificates made at start, configurations by number, endpoints that never ask twice, and
//! scripts for rogues.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tls_core::config::{Config, DhParams, Npn};
use tls_core::connection::{ClientParams, Connection, TamperFn};
use tls_core::crypto::sign::{CertifiedKey, KeyKind, PrivateKey};
use tls_core::crypto::suites::{Authentication, KeyExchange, SuiteRow, SUITES};
use tls_core::crypto::{Random, RandomFailed, Secret};
use tls_core::enums::*;
use tls_core::error::Error;
use tls_core::query::{Answer, Event, Output, Query};
use tls_core::record::Opened;
use tls_core::wire::extension::{Extension, Extensions, Offered, ROWS};

/// A response may answer to anything.
pub fn everything() -> Offered {
    let all = ROWS.iter().map(|(code, _)| Extension::Unknown(*code, Vec::new()));
    Offered::of(&Extensions::new(all.collect()))
}

/// The same bytes in every run, so that an input leads to the same path.
struct Fixed(u64);

impl Random for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        for byte in out {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = (self.0 >> 33) as u8;
        }
        Ok(())
    }
}

/// A certificate with a key of this kind, made once.
fn credential(at: usize) -> Arc<CertifiedKey> {
    static KEYS: OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let kinds = [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256];
        let make = |kind: &&'static rcgen::SignatureAlgorithm| {
            let key = rcgen::KeyPair::generate_for(kind).unwrap();
            let params = rcgen::CertificateParams::new(vec!["fuzz.test".to_string()]).unwrap();
            (params.self_signed(&key).unwrap().der().to_vec(), key.serialize_der())
        };
        kinds.iter().map(make).collect()
    });
    let (certificate, key) = &keys[at];
    let key = PrivateKey::from_der(KeyKind::Pkcs8, key).unwrap();
    Arc::new(CertifiedKey::new(vec![certificate.clone()], key).unwrap())
}

/// A chain that is good for a server and a client: certificates in DER.
pub struct Chain {
    pub leaf: Vec<u8>,
    pub intermediate: Vec<u8>,
    pub ca: Vec<u8>,
}

/// Made once.
pub fn chain() -> &'static Chain {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
    static CHAIN: OnceLock<Chain> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let key = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(3));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            params
        };
        let (ca_key, intermediate_key) = (key(), key());
        let params = authority("CA");
        let ca = params.self_signed(&ca_key).unwrap().der().to_vec();
        let issuer = Issuer::new(params, ca_key);
        let params = authority("intermediate");
        let intermediate = params.signed_by(&intermediate_key, &issuer).unwrap().der().to_vec();
        let issuer = Issuer::new(params, intermediate_key);
        let params = CertificateParams::new(vec!["fuzz.test".to_string()]).unwrap();
        let leaf = params.signed_by(&key(), &issuer).unwrap().der().to_vec();
        Chain { leaf, intermediate, ca }
    })
}

/// The versions that bits 8 to 10 turn on.
fn versions(choice: u16) -> Vec<ProtocolVersion> {
    use ProtocolVersion as V;
    match choice >> 8 & 7 {
        0..=2 => vec![V::TLS13],
        3 => vec![V::TLS13, V::TLS12],
        4 => vec![V::TLS12],
        5 => vec![V::TLS12, V::TLS11, V::TLS10],
        6 => vec![V::TLS11],
        _ => vec![V::TLS10],
    }
}

/// All suites whose certificates there are, SRP excepted, the list begun where bits 11 and up say.
fn suites(choice: u16) -> Vec<CipherSuite> {
    let usable = |row: &&SuiteRow| {
        !matches!(row.auth, Authentication::Rsa | Authentication::Dss) && row.kx != KeyExchange::Srp
    };
    let mut all: Vec<CipherSuite> = SUITES.iter().filter(usable).map(|row| row.id).collect();
    let at = usize::from(choice >> 11) * 5 % all.len();
    all.rotate_left(at);
    all
}

/// The bits of `choice` turn things on.
fn config(choice: u16) -> Config {
    let on = |bit: u16| choice & (1 << bit) != 0;
    let schemes = vec![SignatureScheme::ED25519, SignatureScheme::ECDSA_SECP256R1_SHA256];
    // A prime it is not, but odd and long enough.
    let dh = DhParams { prime: vec![0xfd; 256], generator: vec![2] };
    Config {
        versions: versions(choice),
        cipher_suites: suites(choice),
        honor_cipher_order: on(0),
        groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
        key_share_groups: vec![NamedGroup::X25519],
        signature_algs: schemes.clone(),
        signature_algs_cert: on(1).then_some(schemes),
        alpn: on(2).then(|| vec![b"h2".to_vec()]),
        max_fragment_length: on(3).then_some(512),
        max_handshake_size: 16384,
        key_update_at: if on(4) { 100 } else { u64::MAX },
        middlebox_comp_mode: !on(4),
        cookie: on(5),
        credentials: vec![credential(0), credential(1)],
        verify_peer: on(6),
        fail_if_no_peer_cert: on(0),
        certificate_authorities: on(1).then(|| vec![vec![0x30, 0]]),
        status_request: on(2),
        ask_hello: on(3),
        key_log: on(0),
        curves: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
        dh: Some(dh),
        client_renegotiation: on(7),
        psk_identity: Some(b"identity".to_vec()),
        srp_identity: Some(b"user".to_vec()),
        user_lookup: true,
        extended_master_secret: !on(5),
        reuse_sessions: on(7),
        ..Config::default()
    }
}

/// A client.
pub fn client(choice: u16) -> Connection {
    let mut config = config(choice);
    if choice & 4 == 0 {
        let protocols = vec![b"h2".to_vec()];
        config.npn = Some(Npn::Choose { own_order: false, protocols, default: Vec::new() });
    }
    let params = ClientParams { server_name: Some(b"fuzz.test".to_vec()), ..Default::default() };
    Connection::client(Arc::new(config), params, Box::new(Fixed(1)))
}

/// A server; with bit 5 it has no share of the client's.
pub fn server(choice: u16) -> Connection {
    let mut config = config(choice);
    config.npn = Some(Npn::Advertised(vec![b"h2".to_vec()]));
    if choice & 32 != 0 {
        config.groups.remove(0);
    }
    Connection::server(Arc::new(config), Box::new(Fixed(2)))
}

/// Yes to everything; what both sides compute is the same, if not by arithmetic.
fn answer(query: &Query) -> Answer {
    let secret = || Secret::new(vec![9; 32]);
    let number = || vec![5; 255];
    match query {
        Query::SessionLookup { .. } => Answer::Session(None),
        Query::PskLookup { .. }
        | Query::DhAgree { .. }
        | Query::KxAgree { .. }
        | Query::EcdhStatic { .. } => Answer::Secret(secret()),
        Query::DhGenerate { .. } | Query::KxGenerate { .. } => Answer::Bytes(number()),
        Query::KxRespond { .. } => Answer::KxResponse { public: number(), secret: secret() },
        Query::VerifySignature { .. } => Answer::Verified(true),
        _ => Answer::Continue,
    }
}

/// An endpoint that says yes to everything.
pub struct Peer {
    pub connection: Connection,
    pub data: Vec<u8>,
    pub error: Option<Error>,
    pub connected: bool,
    /// The first handshake and renegotiations.
    pub handshakes: usize,
    closed: bool,
    sent_alert: bool,
}

impl Peer {
    pub fn new(connection: Connection) -> Self {
        Self { connection, data: Vec::new(), error: None, connected: false, handshakes: 0, closed: false, sent_alert: false }
    }

    pub fn run(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 100_000, "no progress");
            let Connection { rx, tx } = &mut self.connection;
            match rx.next_heavy(tx) {
                Output::Transmit(bytes) => {
                    assert!(!bytes.is_empty());
                    sent.extend(bytes);
                }
                Output::Data(data) => {
                    assert!(self.connected && !self.closed && self.error.is_none());
                    self.data.extend(data);
                }
                Output::Event(Event::Connected(_)) => {
                    self.connected = true;
                    self.handshakes += 1;
                }
                Output::Event(Event::Renegotiated(_)) => self.handshakes += 1,
                Output::Event(Event::PeerClosed) => self.closed = true,
                Output::Event(_) => {}
                Output::Heavy => panic!("heavy is allowed"),
                Output::Ask(query) => {
                    let answer = answer(&query);
                    rx.answer(tx, answer);
                }
                Output::Fatal(error) => {
                    assert!(self.error.is_none());
                    self.error = Some(error);
                    self.connected = false;
                }
                Output::Idle => break,
            }
        }
        self.connection.tx.take_pending(&mut sent);
        self.sent_alert |= self.error.is_some() && !sent.is_empty();
        sent
    }

    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.connection.rx.feed(bytes);
        self.run()
    }

    pub fn open(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let opened = self.connection.rx.open(bytes, &mut data);
        assert!(data.is_empty() || (self.connected && !self.closed));
        self.data.extend(data);
        match opened {
            Opened::Data => Vec::new(),
            Opened::Control => self.run(),
        }
    }

    /// What holds at the end: whoever found an error said so, and it is none of our own making.
    pub fn check(&self) {
        match self.error {
            None | Some(Error::AlertReceived(_)) => {}
            Some(Error::Local(failure)) => panic!("{failure:?}"),
            Some(error) => assert!(self.sent_alert, "{error:?} without alert"),
        }
    }
}

/// Until both are silent.
pub fn talk(client: &mut Peer, server: &mut Peer) {
    let mut to_server = client.run();
    let mut to_client = Vec::new();
    for _ in 0..10 {
        to_client.extend(server.feed(&std::mem::take(&mut to_server)));
        to_server.extend(client.feed(&std::mem::take(&mut to_client)));
        if to_server.is_empty() {
            return;
        }
    }
    panic!("they never stop");
}

/// What the rogue has sent as it should be, up to the first change.
pub struct Honest(Arc<AtomicUsize>);

impl Honest {
    /// So many handshakes may be complete for a peer: renegotiations that are changed do not take back what was before.
    pub fn handshakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads a script.
struct Script(std::vec::IntoIter<u8>);

impl Script {
    fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or(0)
    }

    fn index(&mut self, len: usize) -> usize {
        let at = usize::from(self.byte()) << 8 | usize::from(self.byte());
        if len == 0 { 0 } else { at % len }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = usize::from(self.byte());
        self.0.by_ref().take(len).collect()
    }
}

fn with_length(mut message: Vec<u8>) -> Vec<u8> {
    message.resize(message.len().max(4), 0);
    let len = (message.len() - 4) as u32;
    message[1..4].copy_from_slice(&len.to_be_bytes()[1..]);
    message
}

/// Without HelloRequests, which a client ignores and no transcript has (RFC 5246 section 7.4.1.1).
fn significant(mut messages: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [msg_type, a, b, c, rest @ ..] = messages {
        let len = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let end = 4 + len.min(rest.len());
        if (*msg_type, len) != (0, 0) {
            out.extend(&messages[..end]);
        }
        messages = &messages[end..];
    }
    out.extend(messages);
    out
}

/// Makes a rogue of a peer.
pub fn rogue(peer: &mut Peer, script: &[u8]) -> Honest {
    let honest = Arc::new(AtomicUsize::new(0));
    let mut script = Script(script.to_vec().into_iter());
    let count = Arc::clone(&honest);
    let mut changed = false;
    let tamper: TamperFn = Box::new(move |message| {
        let mut bytes = message.to_vec();
        let mut records = Vec::new();
        for _ in 0..script.byte() % 4 {
            match script.byte() % 12 {
                0 => {
                    let at = script.index(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= script.byte();
                    }
                }
                1 => {
                    let at = script.index(bytes.len());
                    bytes.truncate(at);
                }
                2 => bytes.extend(script.bytes()),
                3 => bytes = with_length(bytes),
                4 => {
                    let at = script.index(bytes.len() + 1);
                    let new = script.bytes();
                    bytes.splice(at..at, new);
                    bytes = with_length(bytes);
                }
                5 => {
                    bytes.truncate(4);
                    bytes.extend(script.bytes());
                    bytes = with_length(bytes);
                }
                6 => {
                    if let Some(first) = bytes.first_mut() {
                        *first = script.byte();
                    }
                }
                7 => bytes.extend_from_within(..),
                8 => records.push((ContentType(script.byte()), script.bytes())),
                9 => {
                    let at = script.index(bytes.len() + 1);
                    let rest = bytes.split_off(at);
                    records.push((ContentType::HANDSHAKE, std::mem::replace(&mut bytes, rest)));
                }
                10 => bytes.clear(),
                _ => {
                    let (from, to) = (script.index(bytes.len()), script.index(bytes.len()));
                    bytes.drain(from.min(to)..from.max(to));
                    bytes = with_length(bytes);
                }
            }
        }
        records.push((ContentType::HANDSHAKE, bytes));
        let handshake = records.iter().filter(|(content_type, _)| *content_type == ContentType::HANDSHAKE);
        let sent: Vec<u8> = handshake.flat_map(|(_, content)| content).copied().collect();
        // Before TLS 1.3 the keys do not change after Finished: what follows it belongs to what comes later.
        let finished = message.first() == Some(&HandshakeType::FINISHED.0);
        let later = finished && sent.starts_with(message);
        changed |= significant(&sent) != message && !later;
        if finished && !changed {
            count.fetch_add(1, Ordering::Relaxed);
        }
        records.retain(|(_, content)| !content.is_empty());
        // Before there are keys the writer refuses application data.
        records.retain(|(content_type, _)| *content_type != ContentType::APPLICATION_DATA);
        records
    });
    peer.connection.tx.tamper.0 = Some(tamper);
    Honest(honest)
}

/// Records of all kinds from an established sender to an established receiver.
pub fn after_handshake(sender: &mut Peer, receiver: &mut Peer, script: &[u8]) {
    let mut script = Script(script.to_vec().into_iter());
    for _ in 0..64 {
        let Some(choice) = script.0.next() else { break };
        let mut out = Vec::new();
        match choice % 8 {
            0 => {
                let _ = sender.connection.tx.seal(&[&script.bytes()], &mut out);
            }
            1 => {
                let _ = sender.connection.tx.update_keys(choice & 8 != 0);
            }
            2 => sender.connection.tx.write_record(ContentType(script.byte()), &script.bytes()),
            3 => sender.connection.tx.write_record(ContentType::HANDSHAKE, &script.bytes()),
            4 => sender.connection.tx.alert(AlertDescription(script.byte())),
            5 => out = script.bytes(),
            6 => {
                let mut answer = Vec::new();
                let _ = receiver.connection.tx.seal(&[&script.bytes()], &mut answer);
                sender.open(&answer);
            }
            _ => sender.connection.tx.close_notify(),
        }
        sender.connection.tx.take_pending(&mut out);
        let step = usize::from(script.byte()).max(1);
        for piece in out.chunks(step) {
            let answer = if choice & 16 == 0 { receiver.open(piece) } else { receiver.feed(piece) };
            sender.open(&answer);
        }
    }
}
