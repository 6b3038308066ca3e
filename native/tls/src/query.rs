//! What the core gives out and asks for: outputs, events, queries and their answers.

use crate::config::Config;
use crate::enums::*;
use crate::error::Error;
use crate::session::SavedSession;
use crate::wire::extension::Extensions;
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
    /// A handshake message or a record that came or goes (`Connection::set_trace`).
    Trace(crate::trace::Traced),
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
    /// A session that may be resumed (TLS 1.2 and below), right before `Connected` or `Renegotiated` of its handshake.
    Session(Box<SavedSession>),
    /// A renegotiation is complete.
    Renegotiated(Box<crate::connection::Info>),
    /// The peer does not want to renegotiate; the connection goes on as it was.
    RenegotiationRefused,
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
    /// Server, TLS 1.2 and below: is there a session of this id? Answers: `Session`, `Abort`.
    SessionLookup {
        /// session_id of the ClientHello.
        session_id: Vec<u8>,
        /// host_name of its server_name.
        server_name: Option<Vec<u8>>,
    },
    /// The pre-shared key (`Config::user_lookup`). Answers: `Secret`, `Unknown`, `Abort`.
    PskLookup {
        /// Client: the server's hint, if it sent one (it may be empty). Server: the client's identity.
        identity: Option<Vec<u8>>,
    },
    /// Client: SRP with these parameters of the server, which are checked. Answers: `KxResponse` (A and the premaster
    /// secret), `Abort`.
    SrpClient {
        /// I; its password is the world's secret.
        user: Vec<u8>,
        /// N
        prime: Vec<u8>,
        /// g
        generator: Vec<u8>,
        /// s
        salt: Vec<u8>,
        /// B
        peer_public: Vec<u8>,
    },
    /// Server: the parameters for an SRP user. The asked side keeps verifier and private key until `SrpAgree`.
    /// Answers: `SrpParams`, `Unknown`, `Abort`.
    SrpServer {
        /// I
        user: Vec<u8>,
    },
    /// Server: the premaster secret, from the key made by `SrpServer`. Answers: `Secret`, `Abort`.
    SrpAgree {
        /// A
        peer_public: Vec<u8>,
    },
    /// Make a Diffie-Hellman key. The asked side keeps the private key until `DhAgree`. Answers: `Bytes(public)`, `Abort`.
    DhGenerate {
        /// dh_p
        prime: Vec<u8>,
        /// dh_g
        generator: Vec<u8>,
    },
    /// The shared secret with the key made by `DhGenerate`. Answers: `Secret`, `Abort`.
    DhAgree {
        /// dh_p
        prime: Vec<u8>,
        /// dh_g
        generator: Vec<u8>,
        /// dh_Y of the peer, checked: more than 1, less than dh_p - 1.
        peer_public: Vec<u8>,
    },
    /// Server: decrypt a premaster secret (RSAES-PKCS1-v1_5) with external key number `key_id`. Answers: `Secret` or
    /// `Bytes`, the 48 bytes or, better, the encoded message with its padding. All others, `Abort` too, count as failure,
    /// which nobody can tell from success.
    RsaDecrypt {
        /// The number given to `PrivateKey::external`.
        key_id: u64,
        /// What the client sent.
        ciphertext: Vec<u8>,
    },
    /// Agree with the private key of our certificate (static ECDH), external key number `key_id`.
    /// Answers: `Secret`, `Abort`.
    EcdhStatic {
        /// The number given to `PrivateKey::external`.
        key_id: u64,
        /// The curve.
        group: NamedGroup,
        /// The peer's point.
        peer_public: Vec<u8>,
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
    /// The session asked for, if there is one.
    Session(Option<Box<SavedSession>>),
    /// There is no such identity; the ciphertext does not decrypt.
    Unknown,
    /// What a server sends to an SRP user.
    SrpParams {
        /// N
        prime: Vec<u8>,
        /// g
        generator: Vec<u8>,
        /// s
        salt: Vec<u8>,
        /// B
        public: Vec<u8>,
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
    /// All extensions, in their order.
    pub extensions: Extensions,
}

/// What a paused client sees.
#[derive(Debug, Clone, Default)]
pub struct ServerHelloInfo {
    /// The version selected.
    pub version: u16,
    /// The suite selected.
    pub cipher_suite: u16,
    /// All extensions, in their order.
    pub extensions: Extensions,
}
