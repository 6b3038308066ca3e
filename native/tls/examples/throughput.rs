//! The core against rustls, in memory and on one thread: full TLS 1.3 handshakes (X25519, AES-128-GCM, a chain of
//! root, intermediate and leaf, verified by the client), and 16 KB records sealed and opened. Both use the same
//! certificates, made by the openssl command line at the start.
//!
//! `cargo run --release -p tls-core --example throughput [seconds]`: alternates the two, prints medians and ratios.

use rustls::pki_types::{pem::PemObject, CertificateDer, PrivateKeyDer, ServerName};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tls_core::config::{Config, NativeVerify};
use tls_core::connection::{ClientParams, Connection, VerifyName};
use tls_core::crypto::sign::{CertifiedKey, KeyKind, PrivateKey};
use tls_core::crypto::SystemRandom;
use tls_core::enums::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use tls_core::query::{Event, Output};
use tls_core::x509::TrustStore;

type Failure = Box<dyn std::error::Error>;
const ROUNDS: usize = 5;
const RECORD: usize = 16384;

/// One implementation: makes a connected pair, and moves one record from client to server.
trait Implementation {
    type Pair;
    fn handshake(&self) -> Result<Self::Pair, Failure>;
    fn record(pair: &mut Self::Pair, data: &[u8]) -> Result<usize, Failure>;
}

fn main() -> Result<(), Failure> {
    let seconds: f64 = std::env::args().nth(1).map_or(Ok(1.0), |s| s.parse())?;
    let window = Duration::from_secs_f64(seconds);
    println!("| figure | rustls | this core | ratio | unit | good |\n|---|---|---|---|---|---|");
    for kind in ["P-256", "RSA-2048"] {
        let dir = certificates(kind)?;
        let (core, rustls) = (Core::new(&dir)?, Rustls::new(&dir)?);
        let mut handshakes = (Vec::new(), Vec::new());
        let mut bytes = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            handshakes.0.push(handshake_time(&rustls, window)?);
            handshakes.1.push(handshake_time(&core, window)?);
            bytes.0.push(record_time(&rustls, window)?);
            bytes.1.push(record_time(&core, window)?);
        }
        row(
            &format!("handshake, {kind} leaf, both sides"),
            "us",
            median(handshakes.0),
            median(handshakes.1),
            "low",
        );
        if kind == "P-256" {
            row(
                "16 KB sealed and opened",
                "us",
                median(bytes.0),
                median(bytes.1),
                "low",
            );
        }
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

fn row(figure: &str, unit: &str, other: f64, ours: f64, good: &str) {
    println!(
        "| {figure} | {other:.2} | {ours:.2} | {:.2} | {unit} | {good} |",
        ours / other
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Microseconds per full handshake.
fn handshake_time<I: Implementation>(implementation: &I, window: Duration) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut count = 0u32;
    while start.elapsed() < window {
        implementation.handshake()?;
        count += 1;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

/// Microseconds per record sealed by the client and opened by the server.
fn record_time<I: Implementation>(implementation: &I, window: Duration) -> Result<f64, Failure> {
    let mut pair = implementation.handshake()?;
    let data = vec![0x5a; RECORD];
    let start = Instant::now();
    let mut count = 0u32;
    while start.elapsed() < window {
        for _ in 0..100 {
            if I::record(&mut pair, &data)? != RECORD {
                return Err("a record did not arrive whole".into());
            }
        }
        count += 100;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

// ---- certificates ----

fn certificates(kind: &str) -> Result<PathBuf, Failure> {
    let dir =
        std::env::temp_dir().join(format!("tls-core-throughput-{}-{kind}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let ec = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let authority = [
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign",
    ];
    let leaf = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    certificate(&dir, "root", None, &ec, &authority)?;
    certificate(&dir, "intermediate", Some("root"), &ec, &authority)?;
    let key: &[&str] = if kind == "P-256" { &ec } else { &["rsa:2048"] };
    certificate(&dir, "leaf", Some("intermediate"), key, &leaf)?;
    Ok(dir)
}

fn certificate(
    dir: &Path,
    name: &str,
    issuer: Option<&str>,
    key: &[&str],
    extensions: &[&str],
) -> Result<(), Failure> {
    let mut command = Command::new("openssl");
    command.current_dir(dir).args([
        "req",
        "-x509",
        "-nodes",
        "-days",
        "30",
        "-subj",
        &format!("/CN={name}"),
        "-newkey",
    ]);
    command
        .args(key)
        .args([
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.pem"),
        ])
        .args(extensions);
    if let Some(issuer) = issuer {
        command.args([
            "-CA",
            &format!("{issuer}.pem"),
            "-CAkey",
            &format!("{issuer}.key"),
        ]);
    }
    let output = command.output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

fn der(dir: &Path, name: &str) -> Result<CertificateDer<'static>, Failure> {
    Ok(CertificateDer::from_pem_file(
        dir.join(format!("{name}.pem")),
    )?)
}

// ---- rustls ----

struct Rustls {
    client: Arc<rustls::ClientConfig>,
    server: Arc<rustls::ServerConfig>,
}

impl Rustls {
    fn new(dir: &Path) -> Result<Self, Failure> {
        use rustls::crypto::aws_lc_rs;
        let provider = Arc::new(rustls::crypto::CryptoProvider {
            cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
            kx_groups: vec![aws_lc_rs::kx_group::X25519],
            ..aws_lc_rs::default_provider()
        });
        let versions = [&rustls::version::TLS13];
        let mut server = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)?
            .with_no_client_auth()
            .with_single_cert(
                vec![der(dir, "leaf")?, der(dir, "intermediate")?],
                PrivateKeyDer::from_pem_file(dir.join("leaf.key"))?,
            )?;
        server.send_tls13_tickets = 0;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(der(dir, "root")?)?;
        let mut client = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            client: Arc::new(client),
            server: Arc::new(server),
        })
    }
}

impl Implementation for Rustls {
    type Pair = (
        rustls::ClientConnection,
        rustls::ServerConnection,
        Vec<u8>,
        Vec<u8>,
    );

    fn handshake(&self) -> Result<Self::Pair, Failure> {
        let mut client =
            rustls::ClientConnection::new(self.client.clone(), ServerName::try_from("localhost")?)?;
        let mut server = rustls::ServerConnection::new(self.server.clone())?;
        let mut wire = Vec::with_capacity(8192);
        while client.is_handshaking() || server.is_handshaking() {
            wire.clear();
            while client.wants_write() {
                client.write_tls(&mut wire)?;
            }
            let mut unread = wire.as_slice();
            while !unread.is_empty() {
                server.read_tls(&mut unread)?;
                server.process_new_packets()?;
            }
            wire.clear();
            while server.wants_write() {
                server.write_tls(&mut wire)?;
            }
            let mut unread = wire.as_slice();
            while !unread.is_empty() {
                client.read_tls(&mut unread)?;
                client.process_new_packets()?;
            }
        }
        Ok((client, server, wire, vec![0; RECORD]))
    }

    fn record(
        (client, server, wire, plain): &mut Self::Pair,
        data: &[u8],
    ) -> Result<usize, Failure> {
        client.writer().write_all(data)?;
        wire.clear();
        client.write_tls(wire)?;
        let mut unread = wire.as_slice();
        while !unread.is_empty() {
            server.read_tls(&mut unread)?;
            server.process_new_packets()?;
        }
        server.reader().read_exact(plain)?;
        Ok(plain.len())
    }
}

// ---- this core ----

struct Core {
    client: Arc<Config>,
    server: Arc<Config>,
    now: u64,
}

impl Core {
    fn new(dir: &Path) -> Result<Self, Failure> {
        let chain = vec![
            der(dir, "leaf")?.to_vec(),
            der(dir, "intermediate")?.to_vec(),
        ];
        let key = PrivateKeyDer::from_pem_file(dir.join("leaf.key"))?;
        let key =
            PrivateKey::from_der(KeyKind::Pkcs8, key.secret_der()).map_err(|e| format!("{e:?}"))?;
        let credential = CertifiedKey::new(chain, key).map_err(|e| format!("{e:?}"))?;
        let (store, skipped) = TrustStore::from_ders([der(dir, "root")?]);
        if skipped != 0 {
            return Err("the root was not taken".into());
        }
        let verify = NativeVerify {
            store: Arc::new(store),
            depth: 10,
        };
        Ok(Self {
            client: Arc::new(config(Vec::new(), Some(verify))),
            server: Arc::new(config(vec![Arc::new(credential)], None)),
            now: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        })
    }
}

fn config(credentials: Vec<Arc<CertifiedKey>>, native_verify: Option<NativeVerify>) -> Config {
    Config {
        versions: vec![ProtocolVersion::TLS13],
        cipher_suites: vec![CipherSuite::TLS_AES_128_GCM_SHA256],
        honor_cipher_order: false,
        groups: vec![NamedGroup::X25519],
        key_share_groups: vec![NamedGroup::X25519],
        signature_algs: vec![
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
        ],
        signature_algs_cert: None,
        alpn: None,
        max_fragment_length: None,
        max_handshake_size: 262_144,
        key_update_at: u64::MAX,
        middlebox_comp_mode: true,
        cookie: false,
        credentials,
        verify_peer: native_verify.is_some(),
        fail_if_no_peer_cert: false,
        certificate_authorities: None,
        native_verify,
        status_request: false,
        ask_hello: false,
        ..Config::default()
    }
}

/// What one side has to send now, appended to `wire`; true once it has said that it is connected.
fn drain(side: &mut Connection, wire: &mut Vec<u8>) -> Result<bool, Failure> {
    let mut connected = false;
    loop {
        match side.rx.next_heavy(&mut side.tx) {
            Output::Transmit(bytes) => wire.extend_from_slice(&bytes),
            Output::Event(Event::Connected(_)) => connected = true,
            Output::Event(_) => {}
            Output::Idle => return Ok(connected),
            other => return Err(format!("unexpected {other:?}").into()),
        }
    }
}

impl Implementation for Core {
    type Pair = (Connection, Connection, Vec<u8>, Vec<u8>);

    fn handshake(&self) -> Result<Self::Pair, Failure> {
        let name = b"localhost".to_vec();
        let params = ClientParams {
            server_name: Some(name.clone()),
            verify_name: Some(VerifyName::Dns(name)),
            session: None,
        };
        let mut client = Connection::client(self.client.clone(), params, Box::new(SystemRandom));
        let mut server = Connection::server(self.server.clone(), Box::new(SystemRandom));
        client.rx.set_now(self.now);
        let (mut done, mut wire) = ((false, false), Vec::with_capacity(RECORD + 1024));
        while done != (true, true) {
            wire.clear();
            done.0 |= drain(&mut client, &mut wire)?;
            server.rx.feed(&wire);
            wire.clear();
            done.1 |= drain(&mut server, &mut wire)?;
            client.rx.feed(&wire);
        }
        Ok((client, server, wire, Vec::with_capacity(RECORD)))
    }

    fn record(
        (client, server, wire, plain): &mut Self::Pair,
        data: &[u8],
    ) -> Result<usize, Failure> {
        wire.clear();
        client
            .tx
            .seal(&[data], wire)
            .map_err(|e| format!("{e:?}"))?;
        plain.clear();
        server.rx.open(wire, plain);
        Ok(plain.len())
    }
}
