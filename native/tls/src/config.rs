//! What one endpoint is configured to do. Immutable and shared (`Arc`) by all connections made from it.
//!
//! The Erlang side has validated and defaulted every value; this is the outcome in wire terms.

use crate::crypto::sign::CertifiedKey;
use crate::enums::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::x509::TrustStore;
use std::sync::Arc;

/// Everything a connection needs to know of its options, for both roles.
pub struct Config {
    /// Enabled versions, most preferred first.
    pub versions: Vec<ProtocolVersion>,
    /// Enabled suites, most preferred first.
    pub cipher_suites: Vec<CipherSuite>,
    /// Server: choose by own order of suites (`honor_cipher_order`).
    pub honor_cipher_order: bool,
    /// supported_groups, most preferred first. Groups that no native table knows are asked of the world
    /// (`Query::Kx*`).
    pub groups: Vec<NamedGroup>,
    /// Client: groups to send a key share for in the first ClientHello, in the order of `groups`.
    pub key_share_groups: Vec<NamedGroup>,
    /// signature_algorithms, in order.
    pub signature_algs: Vec<SignatureScheme>,
    /// signature_algorithms_cert, only sent when set.
    pub signature_algs_cert: Option<Vec<SignatureScheme>>,
    /// Client: protocols to offer. Server: protocols by preference. Empty: extension off.
    pub alpn: Vec<Vec<u8>>,
    /// Client: the max_fragment_length to ask for, in bytes (512, 1024, 2048, 4096).
    pub max_fragment_length: Option<u16>,
    /// Upper limit for one handshake message in bytes, header excluded.
    pub max_handshake_size: usize,
    /// Application bytes after which the sender updates its keys (`key_update_at`).
    pub key_update_at: u64,
    /// RFC 8446 appendix D.4.
    pub middlebox_comp_mode: bool,
    /// Server: put a cookie in a HelloRetryRequest (`cookie`).
    pub cookie: bool,
    /// Own certificates with their keys, most preferred first.
    pub credentials: Vec<Arc<CertifiedKey>>,
    /// Is the peer's certificate verified (client), or asked for and verified (server)? A client without it accepts any
    /// chain and asks nothing.
    pub verify_peer: bool,
    /// Server: an empty client certificate list is fatal.
    pub fail_if_no_peer_cert: bool,
    /// DER encoded distinguished names for certificate_authorities; `None`: extension not sent.
    pub certificate_authorities: Option<Vec<Vec<u8>>>,
    /// Native verification (ordinary options only); without it every chain becomes `Query::PeerCertificate`.
    pub native_verify: Option<NativeVerify>,
    /// Client: send status_request.
    pub status_request: bool,
    /// Pause at the peer's hello: `Query::ClientHello` (server), `Query::ServerHello` (client).
    pub ask_hello: bool,
    /// Emit `Event::KeyLog`.
    pub key_log: bool,
}

/// Options of the native certificate verification.
pub struct NativeVerify {
    /// The trust anchors.
    pub store: Arc<TrustStore>,
    /// `depth`: number of intermediates allowed.
    pub depth: usize,
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Config(..)")
    }
}
