//! Jobs: what a state needs computed or decided before it can go on, each with the continuation that takes its result.
//!
//! One mechanism for native keys and groups, sign funs, engines, groups and schemes that only OTP has, and the user's
//! verification. The continuation's argument is the job's result: a wrong kind of result cannot be expressed.

use super::{Cx, Step};
use crate::connection::VerifyName;
use crate::crypto::kx::{native_group, ActiveKx, KxError};
use crate::crypto::rsa;
use crate::crypto::sign::{AgreeError, CertifiedKey};
use crate::crypto::verify::{self, VerifyError};
use crate::crypto::Secret;
use crate::enums::{NamedGroup, ProtocolVersion, Role, SignatureScheme};
use crate::error::{Error, LocalFailure, Offence};
use crate::query::{Answer, ClientHelloInfo, Query, ServerHelloInfo};
use crate::x509::{self, Name};
use std::sync::Arc;

/// What to do with a job's result.
pub(crate) type Then<T> = Box<dyn FnOnce(&mut Cx<'_>, T) -> Result<Step, Error> + Send>;

/// A job under way.
pub(crate) enum Park {
    /// Which configuration applies? (`Query::ClientHello`)
    ClientHello(Box<ClientHelloInfo>, Then<()>),
    /// Go on? (`Query::ServerHello`)
    ServerHello(Box<ServerHelloInfo>, Then<()>),
    /// A key pair for our share.
    KxGenerate(NamedGroup, Then<Share>),
    /// The shared secret, from our key and the server's share.
    KxAgree(Share, Vec<u8>, Then<Secret>),
    /// Our share and the shared secret, from the client's share.
    KxRespond(NamedGroup, Vec<u8>, Then<(Vec<u8>, Secret)>),
    /// A signature by our key.
    Sign(SignJob, Then<Vec<u8>>),
    /// The peer's signature; what is not valid never reaches the continuation.
    VerifySignature(VerifyJob, Then<()>),
    /// The peer's chain; what is not accepted never reaches the continuation.
    VerifyChain(ChainJob, Then<()>),
    /// The premaster secret that a client encrypted for our RSA key; a random one if anything is wrong with it.
    RsaDecrypt(RsaJob, Then<Secret>),
    /// The shared secret with our certificate's key (static ECDH).
    EcdhStatic(EcdhJob, Then<Secret>),
    /// What only the world knows or can do; made by the functions of `world`. `None`: asked already.
    World(Option<Box<Query>>, Take),
}

/// Takes an answer of the world, refusals of the whole connection excepted.
pub(super) type Take = Box<dyn FnOnce(&mut Cx<'_>, Answer) -> Result<Step, Error> + Send>;

/// A key pair of ours, waiting for the server's share.
pub(crate) struct Share {
    pub group: NamedGroup,
    pub public: Vec<u8>,
    /// `None`: the world keeps the private key.
    key: Option<Box<dyn ActiveKx>>,
}

pub(crate) struct SignJob {
    pub key: Arc<CertifiedKey>,
    pub scheme: SignatureScheme,
    pub message: Vec<u8>,
}

pub(crate) struct RsaJob {
    pub key: Arc<CertifiedKey>,
    pub ciphertext: Vec<u8>,
    /// client_version of the ClientHello.
    pub client_version: ProtocolVersion,
}

pub(crate) struct EcdhJob {
    pub key: Arc<CertifiedKey>,
    pub group: NamedGroup,
    pub point: Vec<u8>,
}

pub(crate) struct VerifyJob {
    /// Before TLS 1.3 schemes do not bind curves.
    pub version: ProtocolVersion,
    pub scheme: SignatureScheme,
    pub certificate: Vec<u8>,
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
}

pub(crate) struct ChainJob {
    /// Our own role.
    pub role: Role,
    pub chain: Arc<[Vec<u8>]>,
    pub ocsp_response: Option<Vec<u8>>,
}

/// How far a job came.
pub(crate) enum Advance {
    Step(Step),
    /// It takes long: try again where that is allowed.
    Heavy(Park),
    /// Ask the world and come back with its answer.
    Ask(Query, Park),
}

/// Chains up to this length are verified at once, unless a key is slow: signatures of P-256 or RSA take less than 50 µs.
const LIGHT_CHAIN: usize = 3;

impl From<Park> for Step {
    fn from(park: Park) -> Self {
        Self::Park(park)
    }
}

impl Park {
    /// OTP's name of the state that begins with this job, where one does.
    pub fn state_name(&self) -> Option<&'static str> {
        match self {
            Self::KxRespond(..) => Some("negotiated"),
            _ => None,
        }
    }

    /// Does the job, if it can be done natively and, unless `heavy` is allowed, quickly.
    pub fn advance(self, cx: &mut Cx<'_>, heavy: bool) -> Result<Advance, Error> {
        match self {
            Self::ClientHello(info, then) => Ok(Advance::Ask(
                Query::ClientHello(info),
                Self::ClientHello(Box::default(), then),
            )),
            Self::ServerHello(info, then) => Ok(Advance::Ask(
                Query::ServerHello(info),
                Self::ServerHello(Box::default(), then),
            )),
            Self::KxGenerate(group, then) => match native_group(group) {
                None => Ok(Advance::Ask(
                    Query::KxGenerate { group },
                    Self::KxGenerate(group, then),
                )),
                Some(native) if native.heavy() && !heavy => {
                    Ok(Advance::Heavy(Self::KxGenerate(group, then)))
                }
                Some(native) => {
                    let key = native
                        .generate(&mut *cx.common.random)
                        .map_err(|_| LocalFailure::KeyExchange)?;
                    let public = key.public().to_vec();
                    then(
                        cx,
                        Share {
                            group,
                            public,
                            key: Some(key),
                        },
                    )
                    .map(Advance::Step)
                }
            },
            Self::KxAgree(share, peer, then) => match (native_group(share.group), share.key) {
                (Some(native), Some(key)) => {
                    if native.heavy() && !heavy {
                        let share = Share {
                            key: Some(key),
                            ..share
                        };
                        return Ok(Advance::Heavy(Self::KxAgree(share, peer, then)));
                    }
                    let secret = key.complete(&peer).map_err(kx_error)?;
                    then(cx, secret).map(Advance::Step)
                }
                (_, key) => {
                    let query = Query::KxAgree {
                        group: share.group,
                        peer_share: peer,
                    };
                    Ok(Advance::Ask(
                        query,
                        Self::KxAgree(Share { key, ..share }, Vec::new(), then),
                    ))
                }
            },
            Self::KxRespond(group, peer, then) => match native_group(group) {
                None => {
                    let query = Query::KxRespond {
                        group,
                        peer_share: peer,
                    };
                    Ok(Advance::Ask(
                        query,
                        Self::KxRespond(group, Vec::new(), then),
                    ))
                }
                Some(native) if native.heavy() && !heavy => {
                    Ok(Advance::Heavy(Self::KxRespond(group, peer, then)))
                }
                Some(native) => {
                    let result = native
                        .respond(&peer, &mut *cx.common.random)
                        .map_err(kx_error)?;
                    then(cx, result).map(Advance::Step)
                }
            },
            Self::Sign(job, then) => match job.key.key.external_id() {
                Some(key_id) => {
                    let query = Query::Sign {
                        key_id,
                        scheme: job.scheme,
                        message: job.message.clone(),
                    };
                    Ok(Advance::Ask(query, Self::Sign(job, then)))
                }
                None if job.key.key.heavy(job.scheme) && !heavy => {
                    Ok(Advance::Heavy(Self::Sign(job, then)))
                }
                None => {
                    let signature = job
                        .key
                        .key
                        .sign(job.scheme, &job.message)
                        .map_err(|_| LocalFailure::Sign)?;
                    then(cx, signature).map(Advance::Step)
                }
            },
            Self::VerifySignature(job, then) => {
                if !heavy && verify::heavy(&job.certificate) {
                    return Ok(Advance::Heavy(Self::VerifySignature(job, then)));
                }
                let verify = match job.version {
                    ProtocolVersion::TLS13 => verify::verify,
                    _ => verify::verify_tls12,
                };
                match verify(job.scheme, &job.certificate, &job.message, &job.signature) {
                    Ok(()) => then(cx, ()).map(Advance::Step),
                    Err(VerifyError::BadSignature) => Err(Offence::BadSignature.into()),
                    Err(VerifyError::BadKey) => Err(Offence::WrongSignatureScheme.into()),
                    Err(VerifyError::NoNativeRow) => {
                        let query = Query::VerifySignature {
                            scheme: job.scheme,
                            certificate: job.certificate.clone(),
                            message: job.message.clone(),
                            signature: job.signature.clone(),
                        };
                        Ok(Advance::Ask(query, Self::VerifySignature(job, then)))
                    }
                }
            }
            Self::VerifyChain(job, then) => job.advance(cx, heavy, then),
            Self::RsaDecrypt(job, then) => job.advance(cx, heavy, then),
            Self::EcdhStatic(job, then) => job.advance(cx, heavy, then),
            Self::World(query, take) => {
                let query = query.ok_or(LocalFailure::WrongAnswer)?;
                Ok(Advance::Ask(*query, Self::World(None, take)))
            }
        }
    }

    /// Takes the world's answer.
    pub fn answer(self, cx: &mut Cx<'_>, answer: Answer) -> Result<Step, Error> {
        let answer = match (&self, answer) {
            // Whatever went wrong, nobody is to see it.
            (Self::RsaDecrypt(..), answer) => answer,
            (_, Answer::Abort(alert)) => return Err(Error::Aborted(alert)),
            (_, other) => other,
        };
        match (self, answer) {
            (Self::RsaDecrypt(job, then), answer) => {
                let encoded = match &answer {
                    Answer::Secret(secret) => secret.as_ref(),
                    Answer::Bytes(bytes) => bytes,
                    _ => &[],
                };
                let random = &mut *cx.common.random;
                let premaster = rsa::premaster(encoded, job.client_version, random)?;
                then(cx, premaster)
            }
            (Self::EcdhStatic(_, then), Answer::Secret(secret)) => then(cx, secret),
            (
                Self::ClientHello(_, then) | Self::ServerHello(_, then),
                Answer::UseConfig(config),
            ) => {
                cx.joiner.set_max(config.max_handshake_size);
                cx.tx.reconfigure(&config);
                cx.common.config = config;
                then(cx, ())
            }
            (Self::ClientHello(_, then) | Self::ServerHello(_, then), Answer::Continue)
            | (Self::VerifyChain(_, then), Answer::Continue)
            | (Self::VerifySignature(_, then), Answer::Verified(true)) => then(cx, ()),
            (Self::VerifySignature(..), Answer::Verified(false)) => {
                Err(Offence::BadSignature.into())
            }
            (Self::KxGenerate(group, then), Answer::Bytes(public)) => then(
                cx,
                Share {
                    group,
                    public,
                    key: None,
                },
            ),
            (Self::KxAgree(_, _, then), Answer::Secret(secret)) => then(cx, secret),
            (Self::KxRespond(_, _, then), Answer::KxResponse { public, secret }) => {
                then(cx, (public, secret))
            }
            (Self::Sign(_, then), Answer::Bytes(signature)) => then(cx, signature),
            (Self::World(_, take), answer) => take(cx, answer),
            _ => Err(LocalFailure::WrongAnswer.into()),
        }
    }
}

fn kx_error(error: KxError) -> Error {
    match error {
        KxError::BadShare => Offence::BadKeyShare.into(),
        KxError::Failed => LocalFailure::KeyExchange.into(),
    }
}

impl RsaJob {
    fn advance(self, cx: &mut Cx<'_>, heavy: bool, then: Then<Secret>) -> Result<Advance, Error> {
        if let Some(key_id) = self.key.key.external_id() {
            let query = Query::RsaDecrypt {
                key_id,
                ciphertext: self.ciphertext.clone(),
            };
            return Ok(Advance::Ask(query, Park::RsaDecrypt(self, then)));
        }
        if !heavy {
            return Ok(Advance::Heavy(Park::RsaDecrypt(self, then)));
        }
        let random = &mut *cx.common.random;
        let premaster = self
            .key
            .key
            .decrypt_premaster(&self.ciphertext, self.client_version, random)
            .ok_or(LocalFailure::KeyExchange)??;
        then(cx, premaster).map(Advance::Step)
    }
}

impl EcdhJob {
    fn advance(self, cx: &mut Cx<'_>, heavy: bool, then: Then<Secret>) -> Result<Advance, Error> {
        let slow = native_group(self.group).is_some_and(|group| group.heavy());
        if slow && !heavy && self.key.key.external_id().is_none() {
            return Ok(Advance::Heavy(Park::EcdhStatic(self, then)));
        }
        match self.key.key.ecdh_static(&self.point) {
            Ok(secret) => then(cx, secret).map(Advance::Step),
            Err(AgreeError::BadShare) => Err(Offence::BadKeyShare.into()),
            Err(AgreeError::External) => {
                let query = Query::EcdhStatic {
                    key_id: self
                        .key
                        .key
                        .external_id()
                        .ok_or(LocalFailure::KeyExchange)?,
                    group: self.group,
                    peer_public: self.point.clone(),
                };
                Ok(Advance::Ask(query, Park::EcdhStatic(self, then)))
            }
        }
    }
}

impl ChainJob {
    fn advance(self, cx: &mut Cx<'_>, heavy: bool, then: Then<()>) -> Result<Advance, Error> {
        let config = Arc::clone(&cx.common.config);
        // With status_request the verdict depends on the staple, which is the world's to judge.
        if let Some(native) = config
            .native_verify
            .as_ref()
            .filter(|_| !config.status_request)
        {
            let slow = || {
                self.chain
                    .iter()
                    .any(|certificate| verify::heavy(certificate))
            };
            if !heavy && (self.chain.len() > LIGHT_CHAIN || slow()) {
                return Ok(Advance::Heavy(Park::VerifyChain(self, then)));
            }
            let schemes = config
                .signature_algs_cert
                .as_deref()
                .unwrap_or(&config.signature_algs);
            let now = cx.common.now;
            let accepted = match self.role {
                Role::Client => {
                    let name = cx
                        .common
                        .params
                        .verify_name
                        .as_ref()
                        .map(|name| match name {
                            VerifyName::Dns(name) => Name::Dns(name),
                            VerifyName::Ip(address) => Name::Ip(address),
                        });
                    x509::verify_server_chain(native, schemes, &self.chain, name, now)
                }
                Role::Server => x509::verify_client_chain(native, schemes, &self.chain, now),
            };
            if accepted.is_ok() {
                return then(cx, ()).map(Advance::Step);
            }
        }
        let query = Query::PeerCertificate {
            chain: self.chain.to_vec(),
            ocsp_response: self.ocsp_response.clone(),
        };
        Ok(Advance::Ask(query, Park::VerifyChain(self, then)))
    }
}
