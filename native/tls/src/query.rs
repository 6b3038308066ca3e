//! What the core gives out and asks for: outputs, events, queries and their answers.

use crate::config::Config;
use crate::enums::*;
use crate::error::Error;
use std::borrow::Cow;
use std::sync::Arc;

/// One step's result of `Connection::next`, drained until `Idle`.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the transport, in order.
    Transmit(Vec<u8>),
    /// The core stops here until `answer`.
    Ask(Query),
    /// The next step is a computation of more than about 200 µs; call `next_heavy` where that is allowed.
    Heavy,
    /// Something the user of the connection may want to know.
    Event(Event),
    /// Application data, decrypted.
    Data(Vec<u8>),
    /// The connection has failed; its alert, if there is one to send, went out as `Transmit` before. Final.
    Fatal(Error),
    /// Nothing to do until more input, an answer, or a local action.
    Idle,
}

/// Things that happened.
#[derive(Debug)]
pub enum Event {
    /// The handshake is complete, application data may flow both ways.
    Connected(Box<crate::connection::Info>),
    /// One line's worth of the NSS key log.
    KeyLog {
        /// What the secret is for.
        label: Cow<'static, str>,
        /// random of the ClientHello
        client_random: [u8; 32],
        /// The secret.
        secret: crate::crypto::Secret,
    },
    /// The peer updated its sending keys.
    PeerKeyUpdate {
        /// It asks us to do the same. (Done already.)
        update_requested: bool,
    },
    /// The peer's close_notify: no more data will come.
    PeerClosed,
    /// A warning alert other than close_notify (user_canceled).
    WarningAlert(AlertDescription),
    /// A NewSessionTicket came (TLS 1.3 client).
    SessionTicket {
        /// ticket_lifetime in seconds
        lifetime: u32,
        /// ticket_age_add
        age_add: u32,
        /// ticket_nonce
        nonce: Vec<u8>,
        /// ticket
        ticket: Vec<u8>,
        /// max_early_data_size; 0 when the ticket allows none
        max_early_data: u32,
    },
}

/// What only the world can decide.
#[derive(Debug)]
pub enum Query {
    /// Server: a ClientHello came; which configuration applies? (`Config::ask_hello`, SNI.)
    /// Answers: `Continue`, `UseConfig`, `Abort`.
    ClientHello(Box<ClientHelloInfo>),
    /// Client: a ServerHello came and `Config::ask_hello`. Answers: `Continue`, `UseConfig`, `Abort`.
    ServerHello(Box<ServerHelloInfo>),
    /// Is this chain good? Asked when native verification is off or did not accept.
    /// Answers: `Continue`, `Abort`.
    PeerCertificate {
        /// DER, leaf first, as sent.
        chain: Vec<Vec<u8>>,
        /// The stapled OCSP response of the leaf, if one came.
        ocsp_response: Option<Vec<u8>>,
    },
    /// Sign `message` with external key number `key_id`. Answers: `Bytes(signature)`, `Abort`.
    Sign {
        /// The number given to `PrivateKey::external`.
        key_id: u64,
        /// How to sign.
        scheme: SignatureScheme,
        /// What to sign, not hashed yet.
        message: Vec<u8>,
    },
    /// Verify with a scheme that has no native row. Answers: `Verified(bool)`.
    VerifySignature {
        /// How it was signed.
        scheme: SignatureScheme,
        /// DER of the certificate with the key.
        certificate: Vec<u8>,
        /// What was signed, not hashed yet.
        message: Vec<u8>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// Make an ephemeral key of `group`. The asked side keeps the private key until `KxAgree`.
    /// Answers: `Bytes(public)`, `Abort`.
    KxGenerate {
        /// In this group.
        group: NamedGroup,
    },
    /// Client: derive the shared secret with the key made by `KxGenerate`. Answers: `Secret`, `Abort`.
    KxAgree {
        /// In this group.
        group: NamedGroup,
        /// key_exchange of the peer.
        peer_share: Vec<u8>,
    },
    /// Server: answer the client's share. Answers: `KxResponse`, `Abort`.
    KxRespond {
        /// In this group.
        group: NamedGroup,
        /// key_exchange of the peer.
        peer_share: Vec<u8>,
    },
}

/// The answer to the query that stands open.
#[derive(Debug)]
pub enum Answer {
    /// Yes; go on.
    Continue,
    /// Go on with another configuration.
    UseConfig(Arc<Config>),
    /// Fail the connection with this alert.
    Abort(AlertDescription),
    /// A signature or a public key share.
    Bytes(Vec<u8>),
    /// A shared secret.
    Secret(crate::crypto::Secret),
    /// Is the signature valid?
    Verified(bool),
    /// The server's share and the secret.
    KxResponse {
        /// key_exchange for the ServerHello.
        public: Vec<u8>,
        /// The shared secret.
        secret: crate::crypto::Secret,
    },
}

/// What a server may decide by.
#[derive(Debug, Clone, Default)]
pub struct ClientHelloInfo {
    /// host_name of server_name, as sent.
    pub server_name: Option<Vec<u8>>,
    /// Versions offered.
    pub versions: Vec<u16>,
    /// Suites offered.
    pub cipher_suites: Vec<u16>,
    /// Groups offered.
    pub groups: Vec<u16>,
    /// signature_algorithms offered.
    pub signature_algs: Vec<u16>,
    /// signature_algorithms_cert offered.
    pub signature_algs_cert: Option<Vec<u16>>,
    /// ALPN protocols offered.
    pub alpn: Option<Vec<Vec<u8>>>,
    /// All extensions as they came: type and body.
    pub extensions: Vec<(u16, Vec<u8>)>,
}

/// What a paused client sees.
#[derive(Debug, Clone, Default)]
pub struct ServerHelloInfo {
    /// The version selected.
    pub version: u16,
    /// The suite selected.
    pub cipher_suite: u16,
    /// All extensions as they came: type and body.
    pub extensions: Vec<(u16, Vec<u8>)>,
}
