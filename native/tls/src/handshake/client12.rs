//! A client's handshake of TLS 1.0 to 1.2 (RFC 5246 section 7.3; RFC 5746 for renegotiation, RFC 7627 for the extended master
//! secret, RFC 6066 section 8 for the OCSP response, draft-agl-tls-nextprotoneg for NPN).
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
//! Whatever the server chooses must have been offered (CVE-2026-55953). A HelloRequest during the handshake is ignored, as
//! RFC 5246 section 7.4.1.1 wants it, and no part of the transcript.

use super::authentication12 as auth;
use super::client12_kx::{check_params, Exchange, Exchanged};
use super::client_hello::{Offer, UNCOMPRESSED};
use super::common12::{own_credential, Keyed12, Previous, Session12, Transcript12};
use super::credential::{self, Selected, WantedOld};
use super::job::{ChainJob, Park};
use super::negotiation::FragmentLength;
use super::premaster::{server_key_exchange, server_shape, Presence};
use super::{expect, Cx, Step};
use crate::config::{Config, Npn};
use crate::connection::Info;
use crate::crypto::suites::{suite, Authentication, KeyExchange, SuiteRow};
use crate::enums::{CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::query::ServerHelloInfo;
use crate::record::HandshakeMessage;
use crate::schedule::tls12::{MasterSecret, Prf};
use crate::session::SavedSession;
use crate::wire::extension::{Extensions, Offered};
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::message12::{
    CertificateRequest12, CertificateStatus, Empty, NextProtocol, ServerKeyExchange, ServerParams,
};
use crate::x509::{KeyType, LeafInfo};
use std::sync::Arc;

const TLS13: ProtocolVersion = ProtocolVersion::TLS13;
const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

/// Is it a HelloRequest, to be ignored?
pub(super) fn is_noise(message: &HandshakeMessage) -> Result<bool, Error> {
    if message.msg_type() != HandshakeType::HELLO_REQUEST {
        return Ok(false);
    }
    Empty::HelloRequest.check(message.body())?;
    Ok(true)
}

// ---- hellos ----

/// A ClientHello that is out, as far as versions before TLS 1.3 need it.
pub(super) struct Sent {
    pub hello: ClientHello,
    pub raw: Vec<u8>,
    pub versions: Vec<ProtocolVersion>,
    pub session: Option<SavedSession>,
}

/// Begins a renegotiation.
pub(super) fn renegotiate(cx: &mut Cx<'_>) -> Result<Step, Error> {
    let previous = cx.common.previous.as_ref().ok_or(LocalFailure::Order)?;
    let offer = Offer::again(cx.config(), previous.info.version, previous.client_info())?;
    let hello = offer.hello(cx, &[])?;
    let mut raw = Vec::new();
    hello.emit(&mut raw)?;
    cx.tx.handshake(&raw)?;
    Ok(WaitServerHello(Sent {
        hello,
        raw,
        versions: offer.versions,
        session: None,
    })
    .into())
}

/// A ClientHello is out that does not offer TLS 1.3, the first one or one of a renegotiation.
pub(crate) struct WaitServerHello(pub(super) Sent);

impl WaitServerHello {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        expect(&message, HandshakeType::SERVER_HELLO)?;
        let reply = ServerHello::parse(message.body())?;
        let version = selected_version(&self.0.versions, &reply)?;
        self.0.answered(cx, version, reply, message)
    }
}

/// The version that the server has selected of those offered (RFC 5246 section 7.4.1.3, RFC 8446 sections 4.1.3 and 4.2.1).
pub(super) fn selected_version(
    offered: &[ProtocolVersion],
    reply: &ServerHello,
) -> Result<ProtocolVersion, Error> {
    let version = ProtocolVersion(reply.version()?);
    let highest = offered.iter().copied().max().unwrap_or(TLS13);
    if version < highest && highest >= TLS12 && reply.shows_downgrade() {
        return Err(Offence::DowngradeDetected.into());
    }
    if offered.contains(&version) {
        return Ok(version);
    }
    // Before TLS 1.3 it is protocol_version in any case (RFC 5246 appendix E.1).
    if version > highest && highest >= TLS13 {
        return Err(Offence::VersionNotOffered.into());
    }
    Err(Offence::UnsupportedVersion.into())
}

impl Sent {
    /// The ServerHello came, of a version before TLS 1.3.
    pub fn answered(
        self,
        cx: &mut Cx<'_>,
        version: ProtocolVersion,
        reply: ServerHello,
        message: HandshakeMessage,
    ) -> Result<Step, Error> {
        if reply.compression_method != 0 {
            return Err(Offence::CompressionSelected.into());
        }
        let offered = self.hello.cipher_suites.contains(&reply.cipher_suite);
        let suite = suite(reply.cipher_suite)
            .filter(|row| offered && row.speaks(version))
            .ok_or(Offence::CipherNotOffered)?;
        let extensions = reply.extensions12(&self.may_be_answered())?;
        let ask = cx.config().ask_hello.then(|| extensions.clone());
        let agree = move |cx: &mut Cx<'_>, reply: ServerHello| {
            Hello {
                sent: self,
                version,
                suite,
                reply,
                extensions,
            }
            .agree(cx, &message)
        };
        let Some(extensions) = ask else {
            return agree(cx, reply);
        };
        let info = Box::new(ServerHelloInfo {
            version: version.0,
            cipher_suite: suite.id.0,
            extensions,
        });
        let then = move |cx: &mut Cx<'_>, ()| agree(cx, reply);
        Ok(Park::ServerHello(info, Box::new(then)).into())
    }

    /// The suite that signals renegotiation_info asks for it as well (RFC 5746 section 3.4).
    fn may_be_answered(&self) -> Offered {
        let offered = Offered::of(&self.hello.extensions);
        let signal = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
        match self.hello.cipher_suites.contains(&signal) {
            true => offered.and(ExtensionType::RENEGOTIATION_INFO),
            false => offered,
        }
    }

    fn groups(&self) -> Vec<NamedGroup> {
        let groups = self.hello.extensions.groups();
        groups.unwrap_or_default().to_vec()
    }
}

/// Both hellos.
struct Hello {
    sent: Sent,
    version: ProtocolVersion,
    suite: &'static SuiteRow,
    reply: ServerHello,
    extensions: Extensions,
}

impl Hello {
    fn agree(mut self, cx: &mut Cx<'_>, message: &HandshakeMessage) -> Result<Step, Error> {
        let Self { version, suite, .. } = self;
        let previous = cx.common.previous.as_deref();
        let secure_renegotiation = check_renegotiation(previous, &self.extensions)?;
        let extended_master_secret = self
            .extensions
            .contains(ExtensionType::EXTENDED_MASTER_SECRET);
        if previous.is_some_and(|last| last.info.extended_master_secret != extended_master_secret) {
            return Err(Offence::ExtendedMasterSecretChanged.into());
        }
        if self
            .extensions
            .point_formats()
            .is_some_and(|formats| !formats.contains(&UNCOMPRESSED))
        {
            return Err(Offence::NoUncompressedPoints.into());
        }
        let max_fragment_length = self.max_fragment_length(cx.config(), previous)?;
        let (alpn, ours_to_say) = self.protocol(cx.config(), previous)?;
        let next_protocol = alpn.clone().filter(|_| ours_to_say);
        let resumed = self.resumed()?;
        let prf = Prf::new(version, suite);
        let mut transcript = Transcript12::new(prf.transcript_hash(), &self.sent.raw);
        transcript.add(message.raw());
        let srp = (suite.kx == KeyExchange::Srp).then(|| cx.config().srp_identity.clone());
        let info = Box::new(Info {
            role: Role::Client,
            version,
            cipher_suite: suite.id,
            group: None,
            signature_scheme: None,
            own_signature_scheme: None,
            alpn,
            server_name: cx.common.params.server_name.clone(),
            max_fragment_length,
            peer_chain: Arc::new([]),
            session_id: self.reply.session_id.clone(),
            client_random: self.sent.hello.random,
            server_random: self.reply.random,
            own_credential: None,
            hrr: false,
            resumed: resumed.is_some(),
            extended_master_secret,
            srp_username: srp.flatten(),
        });
        let session = Session12 {
            role: Role::Client,
            version,
            suite,
            prf,
            transcript,
            info,
            secure_renegotiation,
        };
        cx.tx.set_plain_version(version.0);
        if let Some(saved) = resumed {
            return abbreviated(cx, session, &saved, next_protocol);
        }
        if let Some(bytes) = session.info.max_fragment_length {
            set_max_fragment(cx, bytes);
        }
        let flight = Flight {
            session,
            groups: self.sent.groups(),
            offered_version: ProtocolVersion(self.sent.hello.legacy_version),
            next_protocol,
        };
        if suite.auth == Authentication::None {
            return Ok(WaitServerKeyExchange { flight, leaf: None }.into());
        }
        let stapling = self.extensions.status_request().is_some();
        Ok(WaitCertificate { flight, stapling }.into())
    }

    /// The session, if it is resumed. Its version and suite do not change (RFC 5246 section 7.4.1.3), nor does what its
    /// master secret depends on (RFC 7627 section 5.3).
    fn resumed(&mut self) -> Result<Option<SavedSession>, Error> {
        let theirs = &self.reply.session_id;
        if theirs.is_empty() || *theirs != self.sent.hello.session_id {
            return Ok(None);
        }
        let extended = self
            .extensions
            .contains(ExtensionType::EXTENDED_MASTER_SECRET);
        // Without a session the id was for middleboxes of TLS 1.3 only.
        let saved = self.sent.session.take().ok_or(Offence::SessionIdEchoed)?;
        if saved.version != self.version || saved.suite != self.suite.id {
            return Err(Offence::SessionChanged.into());
        }
        if saved.extended_master_secret != extended {
            return Err(Offence::ExtendedMasterSecretChanged.into());
        }
        Ok(Some(saved))
    }

    /// RFC 6066 section 4. A renegotiation keeps what was agreed on, a resumed session what it had.
    fn max_fragment_length(
        &self,
        config: &Config,
        previous: Option<&Previous>,
    ) -> Result<Option<u16>, Error> {
        let Some(code) = self.extensions.max_fragment_length() else {
            return Ok(previous.and_then(|last| last.info.max_fragment_length));
        };
        let agreed = FragmentLength::of_code(code).map(|length| length.bytes);
        if agreed.is_none() || agreed != config.max_fragment_length {
            return Err(Offence::WrongMaxFragmentLength.into());
        }
        Ok(agreed)
    }

    /// The application protocol, and whether it is for us to say in a NextProtocol.
    fn protocol(
        &self,
        config: &Config,
        previous: Option<&Previous>,
    ) -> Result<(Option<Vec<u8>>, bool), Error> {
        match (self.extensions.alpn(), self.extensions.next_protocols()) {
            (None, None) => Ok((previous.and_then(|last| last.info.alpn.clone()), false)),
            (Some(_), Some(_)) => Err(Offence::TwoProtocolNegotiations.into()),
            (Some([protocol]), None) if config.offers_protocol(protocol) => {
                Ok((Some(protocol.clone()), false))
            }
            (Some([_]), None) => Err(Offence::ProtocolNotOffered.into()),
            (Some(_), None) => Err(Error::Malformed("application_layer_protocol_negotiation")),
            (None, Some(theirs)) => {
                let ours = choose_next_protocol(config.npn.as_ref(), theirs);
                Ok((Some(ours), true))
            }
        }
    }
}

/// RFC 5746 sections 3.4 and 3.5: does the server know renegotiation_info, and does it mean the same connection as we do?
fn check_renegotiation(
    previous: Option<&Previous>,
    extensions: &Extensions,
) -> Result<bool, Offence> {
    match (previous, extensions.renegotiated_connection()) {
        (None, None) => Ok(false),
        (None, Some([])) => Ok(true),
        (Some(last), Some(theirs)) if theirs == last.server_info() => Ok(true),
        _ => Err(Offence::WrongRenegotiationInfo),
    }
}

/// draft-agl-tls-nextprotoneg section 4: the first in common, by whose order the options say.
fn choose_next_protocol(npn: Option<&Npn>, theirs: &[Vec<u8>]) -> Vec<u8> {
    let Some(Npn::Choose {
        own_order,
        protocols,
        default,
    }) = npn
    else {
        return Vec::new();
    };
    let (first, second) = match own_order {
        true => (protocols.as_slice(), theirs),
        false => (theirs, protocols.as_slice()),
    };
    let common = first.iter().find(|protocol| second.contains(protocol));
    common.unwrap_or(default).clone()
}

fn set_max_fragment(cx: &mut Cx<'_>, bytes: u16) {
    cx.tx.set_max_fragment(usize::from(bytes));
    cx.reader.set_max_fragment(usize::from(bytes));
}

// ---- a session resumed ----

/// The server has taken our session: its Finished comes first.
fn abbreviated(
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
        set_max_fragment(cx, bytes);
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
        if is_noise(&message)? {
            return Ok(self.into());
        }
        Err(Error::UnexpectedMessage(message.msg_type()))
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
struct Flight {
    session: Session12,
    /// supported_groups, as offered.
    groups: Vec<NamedGroup>,
    /// client_version of the ClientHello.
    offered_version: ProtocolVersion,
    next_protocol: Option<Vec<u8>>,
}

/// The server's certificate must come.
pub(crate) struct WaitCertificate {
    flight: Flight,
    /// CertificateStatus may follow.
    stapling: bool,
}

impl WaitCertificate {
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
        KeyExchange::Ecdh if !leaf.may_agree => Err(Offence::CertificateMayNotAgree),
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
        if is_noise(&message)? {
            return Ok(self.into());
        }
        Err(Error::UnexpectedMessage(message.msg_type()))
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
