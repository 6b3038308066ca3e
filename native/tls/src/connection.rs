//! One connection, as its user sees it: two halves that can be locked apart once the handshake is over.
//!
//! During the handshake: `rx.feed`, then `rx.next` until `Idle`, doing what each `Output` says. Afterwards `rx.open` and
//! `tx.seal` carry the data; when `open` says `Control`, `next` handles what came until it is `Idle` again.

mod rx;
mod tx;

pub use rx::Rx;
pub use tx::Tx;
#[cfg(any(test, fuzzing))]
pub use tx::{Tamper, TamperFn};

use crate::config::Config;
use crate::crypto::Random;
use crate::enums::{CipherSuite, NamedGroup, ProtocolVersion, Role, SignatureScheme};
use crate::session::SavedSession;
use std::sync::Arc;

/// Both halves.
#[derive(Debug)]
pub struct Connection {
    /// Receiving: the record reader and the handshake machine.
    pub rx: Rx,
    /// Sending.
    pub tx: Tx,
}

impl Connection {
    /// A client. The ClientHello comes out of the first `rx.next`.
    pub fn client(config: Arc<Config>, params: ClientParams, random: Box<dyn Random>) -> Self {
        Self {
            tx: Tx::new(&config),
            rx: Rx::new(Role::Client, config, params, random),
        }
    }

    /// A server, waiting for a ClientHello.
    pub fn server(config: Arc<Config>, random: Box<dyn Random>) -> Self {
        Self {
            tx: Tx::new(&config),
            rx: Rx::new(Role::Server, config, ClientParams::default(), random),
        }
    }

    /// Another configuration for a connection that has neither sent nor received anything.
    pub fn use_config(&mut self, config: Arc<Config>) -> Result<(), Started> {
        self.rx.use_config(Arc::clone(&config))?;
        self.tx = Tx::new(&config);
        Ok(())
    }
}

impl Connection {
    /// Are messages and records given out, as `Event::Trace`?
    pub fn set_trace(rx: &mut Rx, tx: &mut Tx, on: bool) {
        rx.set_trace(on);
        tx.set_trace(on);
    }
}

/// The connection is under way; its configuration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started;

/// What a client knows of one connection only.
#[derive(Debug, Clone, Default)]
pub struct ClientParams {
    /// host_name for server_name; `None`: extension not sent.
    pub server_name: Option<Vec<u8>>,
    /// Whom the server's certificate must be issued to (native verification); `None`: not checked.
    pub verify_name: Option<VerifyName>,
    /// The session to offer for resumption (TLS 1.2 and below).
    pub session: Option<SavedSession>,
}

/// The identity that a server's certificate must be issued to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyName {
    /// A host name.
    Dns(Vec<u8>),
    /// An address: 4 or 16 bytes.
    Ip(Vec<u8>),
}

/// What was negotiated.
#[derive(Debug, Clone)]
pub struct Info {
    /// Our side.
    pub role: Role,
    /// Protocol version.
    pub version: ProtocolVersion,
    /// Cipher suite.
    pub cipher_suite: CipherSuite,
    /// Key exchange group; `None`: the key exchange of TLS 1.2 or below had none (RSA, PSK, SRP, Diffie-Hellman with
    /// parameters of the server's own), or the session was resumed that had none.
    pub group: Option<NamedGroup>,
    /// Scheme of the peer's CertificateVerify; `None`: the peer did not authenticate.
    pub signature_scheme: Option<SignatureScheme>,
    /// Scheme of our own CertificateVerify.
    pub own_signature_scheme: Option<SignatureScheme>,
    /// Application protocol.
    pub alpn: Option<Vec<u8>>,
    /// host_name of server_name, as sent.
    pub server_name: Option<Vec<u8>>,
    /// max_fragment_length agreed on, in bytes.
    pub max_fragment_length: Option<u16>,
    /// DER, leaf first, as sent; empty: the peer did not authenticate.
    pub peer_chain: Arc<[Vec<u8>]>,
    /// TLS 1.3: legacy_session_id as the server echoed it; empty without middlebox compatibility (RFC 8446 appendix D.4).
    /// Before: the session's id, empty if it cannot be resumed.
    pub session_id: Vec<u8>,
    /// random of the ClientHello.
    pub client_random: [u8; 32],
    /// random of the ServerHello.
    pub server_random: [u8; 32],
    /// Which of `Config::credentials` was used.
    pub own_credential: Option<usize>,
    /// Was there a HelloRetryRequest?
    pub hrr: bool,
    /// Is it a session of an earlier connection?
    pub resumed: bool,
    /// RFC 7627; always so in TLS 1.3, whose secrets depend on the whole handshake.
    pub extended_master_secret: bool,
    /// The SRP user: server, as the client said; client, its own.
    pub srp_username: Option<Vec<u8>>,
}
