//! The handshake of TLS 1.3 (RFC 8446 sections 2 and 4, appendix A).
//!
//! Each state is a type that holds only what it may use; handling a message consumes it. What a state needs computed or
//! decided is a job with a continuation (`job`): the machine parks until the job has its result.
//!
//! ```text
//!  client                                        server
//!  start                                         start
//!   | (kx_generate)* ClientHello                  | ClientHello (ask)
//!  wait_sh --HelloRetryRequest--+                 +--- no share of ours: HelloRetryRequest --> start (second hello)
//!   |  ^    (kx_generate)       |                 | (kx_respond)
//!   |  +---- ClientHello -------+                 | ServerHello, EncryptedExtensions, [CertificateRequest],
//!   | ServerHello (ask) (kx_agree)                | Certificate, (sign) CertificateVerify, Finished
//!  wait_ee                                       negotiated: wait_cert [if asked for one] --empty--> wait_finished
//!   | EncryptedExtensions                         | Certificate (verify_chain)
//!  wait_cert_cr --CertificateRequest--> wait_cert wait_cv
//!   | Certificate (verify_chain)                  | CertificateVerify (verify_signature)
//!  wait_cv                                       wait_finished
//!   | CertificateVerify (verify_signature)        | Finished
//!  wait_finished                                 connection
//!   | Finished; [Certificate, (sign) CertificateVerify], Finished
//!  connection
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod authentication;
mod authentication12;
mod client;
mod client12;
mod client12_hello;
mod client12_kx;
mod client_hello;
mod codes;
mod common12;
mod credential;
mod established;
mod job;
mod kx12;
mod negotiation;
mod negotiation12;
pub(crate) mod premaster;
mod renegotiation;
mod server;
mod server12;
mod transcript;
mod world;

pub(crate) use common12::{saved_session, Previous};
pub(crate) use established::Established;
pub(crate) use job::{Advance, Park};
#[cfg(test)]
pub(crate) use premaster::server_shape as shape_of;
pub(crate) use renegotiation::{asked, begin};

use crate::config::Config;
use crate::connection::{ClientParams, Info, Tx};
use crate::crypto::{Random, Secret};
use crate::enums::{HandshakeType, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::MAX_REFUSED_RENEGOTIATIONS;
use crate::query::{Event, Output};
use crate::record::limits::Budget;
use crate::record::{Aligned, HandshakeJoiner, HandshakeMessage, RecordReader};
use crate::wire::codec::EncodeError;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a connection has during its handshake only.
pub(crate) struct Common {
    pub config: Arc<Config>,
    pub params: ClientParams,
    pub random: Box<dyn Random>,
    pub now: u64,
    /// TLS 1.2 and below: the handshake before this one.
    pub previous: Option<Box<Previous>>,
    pub renegotiation: Renegotiation,
}

/// Who wanted one more handshake, and how often.
pub(crate) struct Renegotiation {
    /// A HelloRequest of ours stands open.
    pub asked: bool,
    /// When a client was last granted one.
    pub last: Option<u64>,
    /// How many were refused in a row.
    pub refused: Budget,
}

impl Default for Renegotiation {
    fn default() -> Self {
        Self {
            asked: false,
            last: None,
            refused: Budget::new(MAX_REFUSED_RENEGOTIATIONS),
        }
    }
}

/// What a state may use of the connection.
pub(crate) struct Cx<'a> {
    pub common: &'a mut Common,
    pub tx: &'a mut Tx,
    pub reader: &'a mut RecordReader,
    pub joiner: &'a mut HandshakeJoiner,
    pub queue: &'a mut VecDeque<Output>,
}

impl Cx<'_> {
    fn config(&self) -> &Config {
        &self.common.config
    }

    /// Proof that no handshake data follows in the records read so far: what comes next is under other keys, or after an
    /// answer of ours.
    fn aligned(&self) -> Result<Aligned, Error> {
        Ok(self.joiner.aligned()?)
    }

    fn random(&mut self) -> Result<[u8; 32], Error> {
        let mut bytes = [0; 32];
        self.common.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Before TLS 1.3 the random of a hello begins with the time (RFC 5246 section 7.4.1.2), where it is known.
    fn timed_random(&mut self) -> Result<[u8; 32], Error> {
        let mut bytes = self.random()?;
        let now = self.common.now;
        if let (Some(start), true) = (bytes.first_chunk_mut(), now > 0) {
            // gmt_unix_time has 32 bits.
            *start = (now as u32).to_be_bytes();
        }
        Ok(bytes)
    }

    /// max_fragment_length as agreed on, in bytes: for both directions (RFC 6066 section 4).
    fn set_max_fragment(&mut self, bytes: u16) {
        self.tx.set_max_fragment(usize::from(bytes));
        self.reader.set_max_fragment(usize::from(bytes));
    }

    fn key_log(&mut self, label: &'static str, client_random: &[u8; 32], secret: &Secret) {
        if self.common.config.key_log {
            self.queue.push_back(Output::Event(Event::KeyLog {
                label: label.into(),
                client_random: *client_random,
                secret: secret.clone(),
            }));
        }
    }
}

/// What handling a message, or the result of a job, leads to.
pub(crate) enum Step {
    /// The next message.
    Wait(State),
    /// A job.
    Park(Park),
    /// The handshake is over.
    Done(Box<Established>, Box<Info>),
}

/// What a change_cipher_spec does to a state.
pub(crate) enum Spec {
    /// Nothing: it is there for middleboxes (RFC 8446 section 5).
    Noise(State),
    /// The peer's keys have changed (RFC 5246 section 7.1).
    Step(Step),
}

/// The third column of `states!`.
macro_rules! change_cipher_spec {
    (noise, $variant:ident, $state:ident, $cx:ident) => {
        Ok(Spec::Noise(State::$variant($state)))
    };
    (early, $variant:ident, $state:ident, $cx:ident) => {
        Err(Offence::EarlyChangeCipherSpec.into())
    };
    (refused, $variant:ident, $state:ident, $cx:ident) => {
        Err(Offence::UnexpectedChangeCipherSpec.into())
    };
    (keys, $variant:ident, $state:ident, $cx:ident) => {
        $state.change_cipher_spec($cx).map(Spec::Step)
    };
}

macro_rules! changes_cipher {
    (noise) => {
        false
    };
    ($other:ident) => {
        true
    };
}

/// The second column of `states!`.
macro_rules! state_name {
    (own, $state:ident) => {
        $state.name()
    };
    ($name:literal, $state:ident) => {
        $name
    };
}

macro_rules! states {
    ($($variant:ident($type:ty), $name:tt, $spec:ident;)*) => {
        /// A state that waits for a message.
        pub(crate) enum State { $($variant(Box<$type>)),* }

        impl State {
            pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
                match self { $(Self::$variant(state) => state.handle(cx, message)),* }
            }

            /// A change_cipher_spec came.
            #[allow(unused_variables)]
            pub fn change_cipher_spec(self, cx: &mut Cx<'_>) -> Result<Spec, Error> {
                match self {
                    $(Self::$variant(state) => change_cipher_spec!($spec, $variant, state, cx)),*
                }
            }

            /// Is change_cipher_spec more than noise?
            fn changes_cipher(&self) -> bool {
                match self { $(Self::$variant(_) => changes_cipher!($spec)),* }
            }

            /// OTP's name of the state.
            #[allow(unused_variables)]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(state) => state_name!($name, state)),* }
            }
        }

        $(impl From<$type> for Step {
            fn from(state: $type) -> Self {
                Self::Wait(State::$variant(Box::new(state)))
            }
        })*
    };
}

/// A client's names while the change_cipher_spec for middleboxes is due (RFC 8446 appendix D.4), and once it came.
const BEFORE_CHANGE: [(&str, &str); 2] = [
    ("hello_retry_middlebox_assert", "wait_sh"),
    ("hello_middlebox_assert", "wait_ee"),
];

/// The name of a state to which a change_cipher_spec is noise, after it.
pub(crate) fn after_change(name: &'static str) -> &'static str {
    BEFORE_CHANGE
        .iter()
        .find_map(|(before, after)| (*before == name).then_some(*after))
        .unwrap_or(name)
}

// The state, its name, and what a change_cipher_spec is to it.
states! {
    AnyServerHello(client::WaitAnyServerHello), "hello", noise;
    ServerHello(client::WaitServerHello), own, noise;
    EncryptedExtensions(client::WaitEncryptedExtensions), own, noise;
    CertificateOrRequest(client::WaitCertificateOrRequest), "wait_cert_cr", noise;
    ServerCertificate(client::WaitCertificate), "wait_cert", noise;
    ServerCertificateVerify(client::WaitCertificateVerify), "wait_cv", noise;
    ServerFinished(client::WaitFinished), "wait_finished", noise;
    OldServerHello(client12_hello::WaitServerHello), "hello", refused;
    OldServerCertificate(client12::WaitCertificate), "certify", refused;
    OldCertificateStatus(client12::WaitCertificateStatus), "wait_stapling", refused;
    OldServerKeyExchange(client12::WaitServerKeyExchange), "certify", refused;
    OldCertificateRequest(client12::WaitCertificateRequest), "certify", refused;
    OldServerHelloDone(client12::WaitServerHelloDone), "certify", refused;
    OldServerChange(client12::WaitChange), "cipher", keys;
    OldServerFinished(client12::WaitFinished), "cipher", refused;
    ResumedServerChange(client12::WaitResumedChange), "abbreviated", keys;
    ResumedServerFinished(client12::WaitResumedFinished), "abbreviated", refused;
    ClientHello(server::WaitClientHello), own, early;
    SecondClientHello(server::WaitSecondClientHello), "start", noise;
    ClientCertificate(server::WaitCertificate), "wait_cert", noise;
    ClientCertificateVerify(server::WaitCertificateVerify), "wait_cv", noise;
    ClientFinished(server::WaitFinished), "wait_finished", noise;
    OldClientCertificate(server12::WaitCertificate), "certify", refused;
    OldClientKeyExchange(server12::WaitClientKeyExchange), "certify", refused;
    OldClientCertificateVerify(server12::WaitCertificateVerify), "wait_cert_verify", refused;
    OldClientChange(server12::WaitChangeCipherSpec), own, keys;
    OldClientFinished(server12::WaitFinished), own, refused;
}

impl State {
    /// A server that has heard nothing yet?
    pub fn is_first(&self) -> bool {
        matches!(self, Self::ClientHello(_))
    }

    /// Was a HelloRetryRequest sent or received just before?
    pub fn is_retry(&self) -> bool {
        match self {
            Self::SecondClientHello(_) => true,
            Self::ServerHello(state) => state.is_retry(),
            _ => false,
        }
    }

    /// Does the peer speak a version before TLS 1.3, or may it still turn out to?
    pub fn is_old(&self) -> bool {
        match self {
            Self::AnyServerHello(_) => true,
            Self::ServerHello(state) => !state.is_retry(),
            other => other.changes_cipher(),
        }
    }

    /// May the peer still say that it does not want this handshake?
    pub fn is_refusable(&self) -> bool {
        matches!(self, Self::OldServerHello(_))
    }

    /// In a renegotiation: may application data come in this state? Not between the peer's change_cipher_spec and its
    /// Finished.
    pub fn takes_data(&self) -> bool {
        !matches!(
            self,
            Self::OldServerFinished(_)
                | Self::ResumedServerFinished(_)
                | Self::OldClientFinished(_)
        )
    }
}

/// The first step.
pub(crate) fn start(role: Role, cx: &mut Cx<'_>) -> Result<Step, Error> {
    match role {
        Role::Client => client::start(cx),
        Role::Server => Ok(server::start(cx)),
    }
}

/// Fails unless the message is the one expected.
fn expect(message: &HandshakeMessage, msg_type: HandshakeType) -> Result<(), Error> {
    if message.msg_type() == msg_type {
        Ok(())
    } else {
        Err(Error::UnexpectedMessage(message.msg_type()))
    }
}

impl From<EncodeError> for Error {
    fn from(_: EncodeError) -> Self {
        LocalFailure::TooLong.into()
    }
}
