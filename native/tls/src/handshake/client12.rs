//! A client's handshake of TLS 1.0 to 1.2 after the hellos (RFC 5246 section 7.3; RFC 7627 for the extended master secret, RFC
//! 6066 section 8 for the OCSP response, draft-agl-tls-nextprotoneg for NPN).
//!
//! ```text
//!  hello
//!   | ServerHello (ask)
//!   |--- a session of ours: abbreviated --change_cipher_spec, Finished--> change_cipher_spec, Finished: connection
//!   | Certificate [CertificateStatus] (verify_chain)          certify, wait_stapling
//!   | ServerKeyExchange (verify_signature)
//!   | CertificateRequest
//!   | ServerHelloDone (key exchange, sign)
//!   | [Certificate] ClientKeyExchange [CertificateVerify] change_cipher_spec [NextProtocol] Finished
//!  cipher --change_cipher_spec, Finished--> connection
//! ```
//!
//! A HelloRequest during the handshake is ignored, as RFC 5246 section 7.4.1.1 wants it, and no part of the transcript.

use super::authentication12 as auth;
use super::client12_kx::{check_params, Exchange, Exchanged};
use super::common12::{own_credential, Keyed12, Session12};
use super::credential::{self, Selected, WantedOld};
use super::job::{ChainJob, Park};
use super::premaster::{server_key_exchange, server_shape, Presence};
use super::{expect, renegotiation, Cx, Step};
use crate::crypto::suites::{Authentication, KeyExchange, SuiteRow};
use crate::enums::{HandshakeType, NamedGroup, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::record::HandshakeMessage;
use crate::schedule::tls12::MasterSecret;
use crate::session::SavedSession;
use crate::wire::message12::{
    CertificateRequest12, CertificateStatus, Empty, NextProtocol, ServerKeyExchange, ServerParams,
};
use crate::x509::{KeyType, LeafInfo};
use std::sync::Arc;

/// Is it a HelloRequest, to be ignored?
pub(super) fn is_noise(message: &HandshakeMessage) -> Result<bool, Error> {
    if message.msg_type() != HandshakeType::HELLO_REQUEST {
        return Ok(false);
    }
    Empty::HelloRequest.check(message.body())?;
    Ok(true)
}

/// For states that wait for change_cipher_spec: no other message may come.
fn only_noise(state: impl Into<Step>, message: &HandshakeMessage) -> Result<Step, Error> {
    if is_noise(message)? {
        return Ok(state.into());
    }
    Err(Error::UnexpectedMessage(message.msg_type()))
}

// ---- a session resumed ----

/// The server has taken our session: its Finished comes first.
pub(super) fn abbreviated(
    cx: &mut Cx<'_>,
    mut session: Session12,
    saved: &SavedSession,
    next_protocol: Option<Vec<u8>>,
) -> Result<Step, Error> {
    let master = MasterSecret::from_bytes(saved.master_secret.as_ref());
    let master = master.ok_or(LocalFailure::Configuration)?;
    let info = &mut session.info;
    info.max_fragment_length = saved.max_fragment_length;
    info.peer_chain = Arc::clone(&saved.peer_chain);
    info.group = saved.group;
    info.signature_scheme = saved.signature_scheme;
    info.own_credential = own_credential(cx.config(), saved).unwrap_or_default();
    if let Some(bytes) = info.max_fragment_length {
        cx.set_max_fragment(bytes);
    }
    session.transcript.drop_messages();
    Ok(WaitResumedChange {
        keyed: session.with_master(cx, master),
        next_protocol,
    }
    .into())
}

/// The server's change_cipher_spec must come.
pub(crate) struct WaitResumedChange {
    keyed: Keyed12,
    next_protocol: Option<Vec<u8>>,
}

impl WaitResumedChange {
    pub fn handle(self, _: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        only_noise(self, &message)
    }

    pub fn change_cipher_spec(mut self, cx: &mut Cx<'_>) -> Result<Step, Error> {
        self.keyed.read_keys(cx)?;
        Ok(WaitResumedFinished {
            keyed: self.keyed,
            next_protocol: self.next_protocol,
        }
        .into())
    }
}

/// And then its Finished.
pub(crate) struct WaitResumedFinished {
    keyed: Keyed12,
    next_protocol: Option<Vec<u8>>,
}

impl WaitResumedFinished {
    pub fn handle(mut self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        self.keyed.check_finished(&message)?;
        let between = next_protocol(self.next_protocol)?;
        self.keyed.send_finished(cx, &between)?;
        self.keyed.done(cx)
    }
}

/// NextProtocol, if there is something to say.
fn next_protocol(protocol: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    if let Some(protocol) = protocol {
        NextProtocol { protocol }.emit(&mut out)?;
    }
    Ok(out)
}

// ---- the server's flight ----

/// What every state from here on has.
pub(super) struct Flight {
    pub session: Session12,
    /// supported_groups, as offered.
    pub groups: Vec<NamedGroup>,
    /// client_version of the ClientHello.
    pub offered_version: ProtocolVersion,
    /// What NextProtocol is to say.
    pub next_protocol: Option<Vec<u8>>,
}

/// The server's certificate must come.
pub(crate) struct WaitCertificate {
    flight: Flight,
    /// CertificateStatus may follow.
    stapling: bool,
}

impl WaitCertificate {
    pub(super) fn new(flight: Flight, stapling: bool) -> Self {
        Self { flight, stapling }
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        let Self {
            mut flight,
            stapling,
        } = self;
        expect(&message, HandshakeType::CERTIFICATE)?;
        let (chain, leaf) =
            auth::read_chain(message.body())?.ok_or(Offence::EmptyServerCertificate)?;
        check_leaf(flight.session.suite, &leaf)?;
        renegotiation::same_server(cx, &chain)?;
        flight.session.info.peer_chain = chain;
        flight.session.transcript.add(message.raw());
        if stapling {
            return Ok(WaitCertificateStatus { flight, leaf }.into());
        }
        verify_chain(cx, flight, leaf, None, None)
    }
}

/// Is the certificate's key good for the suite (RFC 5246 section 7.4.2, RFC 8422 section 5.3)?
fn check_leaf(row: &SuiteRow, leaf: &LeafInfo) -> Result<(), Offence> {
    let right_type = match (row.kx, row.auth) {
        (KeyExchange::Ecdh, _) | (_, Authentication::Ecdsa) => matches!(leaf.key, KeyType::Ec(_)),
        (KeyExchange::Rsa | KeyExchange::RsaPsk, _) => leaf.key == KeyType::Rsa,
        (_, Authentication::Rsa) => matches!(leaf.key, KeyType::Rsa | KeyType::RsaPss(_)),
        (_, Authentication::Dss) => leaf.key == KeyType::Dsa,
        (_, Authentication::Any | Authentication::None) => false,
    };
    if !right_type {
        return Err(Offence::WrongCertificateType);
    }
    match row.kx {
        KeyExchange::Rsa | KeyExchange::RsaPsk if !leaf.may_encipher => {
            Err(Offence::CertificateMayNotAgree)
        }
        // As OTP has it, not for ECDH_RSA.
        KeyExchange::Ecdh if !leaf.may_agree && row.auth != Authentication::Rsa => {
            Err(Offence::CertificateMayNotAgree)
        }
        KeyExchange::Rsa | KeyExchange::RsaPsk | KeyExchange::Ecdh => Ok(()),
        _ if !leaf.may_sign => Err(Offence::CertificateMayNotSign),
        _ => Ok(()),
    }
}

/// The server may send the OCSP response that it has announced, or leave it out after all.
pub(crate) struct WaitCertificateStatus {
    flight: Flight,
    leaf: LeafInfo,
}

impl WaitCertificateStatus {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        let Self { mut flight, leaf } = self;
        if message.msg_type() != HandshakeType::CERTIFICATE_STATUS {
            return verify_chain(cx, flight, leaf, None, Some(message));
        }
        let CertificateStatus { response } = CertificateStatus::parse(message.body())?;
        flight.session.transcript.add(message.raw());
        verify_chain(cx, flight, leaf, Some(response), None)
    }
}

/// Goes on with the message that has come already, if one has.
fn verify_chain(
    cx: &mut Cx<'_>,
    flight: Flight,
    leaf: LeafInfo,
    ocsp_response: Option<Vec<u8>>,
    came: Option<HandshakeMessage>,
) -> Result<Step, Error> {
    let job = ChainJob {
        role: Role::Client,
        chain: Arc::clone(&flight.session.info.peer_chain),
        ocsp_response,
    };
    let next = WaitServerKeyExchange {
        flight,
        leaf: Some(leaf),
    };
    let then = move |cx: &mut Cx<'_>, ()| match came {
        None => Ok(next.into()),
        Some(message) => next.handle(cx, message),
    };
    if !cx.config().verify_peer {
        return then(cx, ());
    }
    Ok(Park::VerifyChain(job, Box::new(then)).into())
}

/// ServerKeyExchange comes, if the suite has one.
pub(crate) struct WaitServerKeyExchange {
    flight: Flight,
    leaf: Option<LeafInfo>,
}

impl WaitServerKeyExchange {
    /// Where the server has no certificate.
    pub(super) fn new(flight: Flight) -> Self {
        Self { flight, leaf: None }
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        let Self { mut flight, leaf } = self;
        let Session12 {
            version,
            suite,
            ref mut info,
            ref mut transcript,
            ..
        } = flight.session;
        let comes = message.msg_type() == HandshakeType::SERVER_KEY_EXCHANGE;
        match server_key_exchange(suite) {
            Presence::Always => expect(&message, HandshakeType::SERVER_KEY_EXCHANGE)?,
            Presence::Sometimes if comes => {}
            Presence::Sometimes | Presence::Never => {
                return WaitCertificateRequest {
                    flight,
                    hint: None,
                    params: ServerParams::None,
                }
                .handle(cx, message);
            }
        }
        let ServerKeyExchange {
            hint,
            params,
            signed,
        } = ServerKeyExchange::parse(message.body(), server_shape(suite), version)?;
        check_params(&params, &flight.groups)?;
        transcript.add(message.raw());
        let Some(signed) = signed else {
            return Ok(WaitCertificateRequest {
                flight,
                hint,
                params,
            }
            .into());
        };
        let leaf = leaf.ok_or(Offence::EmptyServerCertificate)?;
        let mut content = [info.client_random, info.server_random].concat();
        params.write(&mut content)?;
        let chain = &info.peer_chain;
        let job = auth::verify_job(cx.config(), version, signed, leaf.key, chain, content)?;
        info.signature_scheme = Some(job.scheme);
        let next = WaitCertificateRequest {
            flight,
            hint,
            params,
        };
        Ok(Park::VerifySignature(job, Box::new(move |_, ()| Ok(next.into()))).into())
    }
}

/// CertificateRequest may come, or ServerHelloDone.
pub(crate) struct WaitCertificateRequest {
    flight: Flight,
    hint: Option<Vec<u8>>,
    params: ServerParams,
}

impl WaitCertificateRequest {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        let Self {
            mut flight,
            hint,
            params,
        } = self;
        let requested = if message.msg_type() == HandshakeType::CERTIFICATE_REQUEST {
            let Session12 { version, suite, .. } = flight.session;
            if !may_request(suite) {
                return Err(Offence::UnexpectedCertificateRequest.into());
            }
            flight.session.transcript.add(message.raw());
            Some(CertificateRequest12::parse(message.body(), version)?)
        } else {
            None
        };
        let asked = requested.is_some();
        let next = WaitServerHelloDone {
            flight,
            hint,
            params,
            requested,
        };
        match asked {
            true => Ok(next.into()),
            false => next.handle(cx, message),
        }
    }
}

/// May the server ask for a certificate? Not if it has none itself (RFC 5246 section 7.4.4), nor, as OTP has it, with PSK
/// and SRP.
fn may_request(row: &SuiteRow) -> bool {
    matches!(
        row.kx,
        KeyExchange::Rsa | KeyExchange::Dhe | KeyExchange::Ecdhe | KeyExchange::Ecdh
    )
}

/// The server's flight must end.
pub(crate) struct WaitServerHelloDone {
    flight: Flight,
    hint: Option<Vec<u8>>,
    params: ServerParams,
    requested: Option<CertificateRequest12>,
}

impl WaitServerHelloDone {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        let Self {
            mut flight,
            hint,
            params,
            requested,
        } = self;
        expect(&message, HandshakeType::SERVER_HELLO_DONE)?;
        Empty::ServerHelloDone.check(message.body())?;
        // It is our turn.
        cx.aligned()?;
        let Session12 {
            version,
            ref mut transcript,
            ref mut info,
            suite,
            ..
        } = flight.session;
        transcript.add(message.raw());
        let selected = requested.as_ref().and_then(|request| {
            let wanted = WantedOld {
                version,
                types: &request.types,
                schemes: request.schemes.as_deref(),
                authorities: &request.authorities,
            };
            credential::select_old(cx.config(), &wanted)
        });
        match &selected {
            None => transcript.drop_messages(),
            Some(selected) => {
                info.own_credential = Some(selected.index);
                info.own_signature_scheme = Some(selected.scheme);
            }
        }
        let exchange = Exchange {
            row: suite,
            offered_version: flight.offered_version,
            hint,
            params,
            chain: Arc::clone(&info.peer_chain),
        };
        let answer = Answer {
            flight,
            requested: requested.is_some(),
            selected,
        };
        exchange.run(
            cx,
            Box::new(move |cx, exchanged| answer.key_exchange(cx, exchanged)),
        )
    }
}

// ---- our flight ----

/// Everything is checked; our flight is under way.
struct Answer {
    flight: Flight,
    requested: bool,
    selected: Option<Selected>,
}

impl Answer {
    fn key_exchange(self, cx: &mut Cx<'_>, exchanged: Exchanged) -> Result<Step, Error> {
        let Self {
            flight:
                Flight {
                    mut session,
                    next_protocol,
                    ..
                },
            requested,
            selected,
        } = self;
        session.info.group = exchanged.group;
        let mut messages = Vec::new();
        if requested {
            let key = selected.as_ref().map(|selected| &*selected.key);
            messages = auth::certificate(key)?;
        }
        messages.extend(exchanged.message);
        session.transcript.add(&messages);
        let version = session.version;
        let mut keyed = session.agreed(cx, &exchanged.premaster);
        let Some(selected) = selected else {
            return finish(cx, keyed, messages, next_protocol);
        };
        let transcript = &mut keyed.session.transcript;
        let job = auth::sign_job(&selected, transcript.signed_content());
        transcript.drop_messages();
        let then = move |cx: &mut Cx<'_>, signature| {
            let at = messages.len();
            auth::signed(version, selected.scheme, signature)
                .emit_certificate_verify(&mut messages)?;
            let verify = messages.get(at..).unwrap_or_default();
            keyed.session.transcript.add(verify);
            finish(cx, keyed, messages, next_protocol)
        };
        Ok(Park::Sign(job, Box::new(then)).into())
    }
}

fn finish(
    cx: &mut Cx<'_>,
    mut keyed: Keyed12,
    messages: Vec<u8>,
    protocol: Option<Vec<u8>>,
) -> Result<Step, Error> {
    cx.tx.handshake(&messages)?;
    keyed.send_finished(cx, &next_protocol(protocol)?)?;
    Ok(WaitChange(keyed).into())
}

/// The server's change_cipher_spec is missing.
pub(crate) struct WaitChange(Keyed12);

impl WaitChange {
    pub fn handle(self, _: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        only_noise(self, &message)
    }

    pub fn change_cipher_spec(mut self, cx: &mut Cx<'_>) -> Result<Step, Error> {
        self.0.read_keys(cx)?;
        Ok(WaitFinished(self.0).into())
    }
}

/// And its Finished.
pub(crate) struct WaitFinished(Keyed12);

impl WaitFinished {
    pub fn handle(mut self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        self.0.check_finished(&message)?;
        self.0.done(cx)
    }
}
