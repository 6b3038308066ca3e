//! What one endpoint is configured to do. Immutable and shared (`Arc`) by all connections made from it.
//!
//! The Erlang side has validated and defaulted every value; this is the outcome in wire terms.

use crate::crypto::sign::CertifiedKey;
use crate::enums::{BeastMitigation, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
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
    /// Client: protocols to offer. Server: protocols by preference. `None`: extension off. An empty list is one that
    /// nobody can agree with: a client offers it as it is (OTP's do), a server refuses everybody.
    pub alpn: Option<Vec<Vec<u8>>>,
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

    // ---- TLS 1.0 to 1.2 ----
    /// Curves for ECDHE and ECDH below TLS 1.3 (`eccs`), most preferred first.
    pub curves: Vec<NamedGroup>,
    /// Server: choose by own order of curves (`honor_ecc_order`).
    pub honor_ecc_order: bool,
    /// Server: the group for ephemeral Diffie-Hellman; without it no suite with DHE is chosen.
    pub dh: Option<DhParams>,
    /// Server: may a client ask for a renegotiation?
    pub client_renegotiation: bool,
    /// Records sent under one key after which it is time for a renegotiation (`Tx::renegotiation_due`).
    pub renegotiate_at: u64,
    /// Client: send TLS_FALLBACK_SCSV (RFC 7507).
    pub fallback: bool,
    /// Sending with CBC suites of TLS 1.0.
    pub beast_mitigation: BeastMitigation,
    /// Check the padding's bytes of CBC records of TLS 1.0.
    pub padding_check: bool,
    /// Client: the identity to send with PSK suites. Server: the hint (RFC 4279).
    pub psk_identity: Option<Vec<u8>>,
    /// Client: user name for SRP suites (RFC 5054). The password is the world's to know (`Query::SrpClient`).
    pub srp_identity: Option<Vec<u8>>,
    /// The world knows the secrets of PSK identities and SRP users (`Query::PskLookup`, `Query::SrpServer`). Without it
    /// PSK suites are neither offered nor chosen, SRP suites not chosen.
    pub user_lookup: bool,
    /// Next protocol negotiation.
    pub npn: Option<Npn>,
    /// Offer and honour extended_master_secret (RFC 7627).
    pub extended_master_secret: bool,
    /// What a session depends on beside the protocol: a digest over verification settings, trust store and such. A session
    /// resumes only under the scope that it was made under.
    pub session_scope: Vec<u8>,
    /// Server: resume sessions (`Query::SessionLookup`). Both: say when there is one to keep (`Event::Session`).
    pub reuse_sessions: bool,
}

/// A group for ephemeral Diffie-Hellman, both numbers big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhParams {
    /// dh_p
    pub prime: Vec<u8>,
    /// dh_g
    pub generator: Vec<u8>,
}

/// Next protocol negotiation (draft-agl-tls-nextprotoneg-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Npn {
    /// Server: the protocols to advertise.
    Advertised(Vec<Vec<u8>>),
    /// Client: how to choose.
    Choose {
        /// By our order, or else by the server's?
        own_order: bool,
        /// What we speak, most preferred first.
        protocols: Vec<Vec<u8>>,
        /// What to say when nothing is in common.
        default: Vec<u8>,
    },
}

impl Default for Config {
    /// Nothing enabled, nothing limited but handshake messages.
    fn default() -> Self {
        Self {
            versions: Vec::new(),
            cipher_suites: Vec::new(),
            honor_cipher_order: false,
            groups: Vec::new(),
            key_share_groups: Vec::new(),
            signature_algs: Vec::new(),
            signature_algs_cert: None,
            alpn: None,
            max_fragment_length: None,
            max_handshake_size: 256 * 1024,
            key_update_at: u64::MAX,
            middlebox_comp_mode: true,
            cookie: true,
            credentials: Vec::new(),
            verify_peer: false,
            fail_if_no_peer_cert: false,
            certificate_authorities: None,
            native_verify: None,
            status_request: false,
            ask_hello: false,
            key_log: false,
            curves: Vec::new(),
            honor_ecc_order: false,
            dh: None,
            client_renegotiation: false,
            renegotiate_at: u64::MAX,
            fallback: false,
            beast_mitigation: BeastMitigation::OneNMinusOne,
            padding_check: true,
            psk_identity: None,
            srp_identity: None,
            user_lookup: false,
            npn: None,
            extended_master_secret: true,
            session_scope: Vec::new(),
            reuse_sessions: false,
        }
    }
}

impl Config {
    /// Client: is this one of the application protocols that were offered?
    pub fn offers_protocol(&self, protocol: &[u8]) -> bool {
        let names = self.alpn.iter().flatten();
        names.into_iter().any(|name| name == protocol)
    }
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
