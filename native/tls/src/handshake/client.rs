//! A client's handshake (RFC 8446 appendix A.1). Where the server selects a version before TLS 1.3 `client12` goes on.

use super::authentication::{self as auth, PeerCertificate};
use super::client12::is_noise;
use super::client12_hello::{self, selected_version, Sent};
use super::client_hello::{offered_shares, Offer};
use super::credential::{self, Wanted};
use super::established::Established;
use super::job::{ChainJob, Park, Share, Then};
use super::negotiation::FragmentLength;
use super::transcript::Transcript;
use super::{expect, Cx, Step};
use crate::connection::Info;
use crate::crypto::suites::{suite_of, SuiteRow};
use crate::crypto::Secret;
use crate::enums::{HandshakeType, NamedGroup, ProtocolVersion, Role, SignatureScheme};
use crate::error::{Error, Offence};
use crate::query::ServerHelloInfo;
use crate::record::HandshakeMessage;
use crate::schedule::tls13::{Exporter, Handshake, KeySchedule, TrafficSecret};
use crate::wire::extension::{Extension, Extensions, Offered};
use crate::wire::hello::ServerHello;
use crate::wire::message::{CertificateRequest, EncryptedExtensions};
use std::sync::Arc;

const TLS13: ProtocolVersion = ProtocolVersion::TLS13;
const LEGACY_VERSION: u16 = ProtocolVersion::TLS12.0;
/// legacy_record_version of the first ClientHello, for servers that would not look further (RFC 8446 section 5.1).
const FIRST_RECORD_VERSION: u16 = ProtocolVersion::TLS10.0;

// ---- ClientHello ----

/// Generates the shares and sends the ClientHello.
pub(super) fn start(cx: &mut Cx<'_>) -> Result<Step, Error> {
    let config = cx.config();
    let offer = Offer::first(config, &cx.common.params)?;
    if !offer.has(TLS13) {
        return first_hello(cx, offer, Vec::new());
    }
    let mut groups: Vec<NamedGroup> = config
        .key_share_groups
        .iter()
        .copied()
        .filter(|group| config.groups.contains(group))
        .collect();
    groups.reverse();
    generate(
        cx,
        groups,
        Vec::new(),
        Box::new(move |cx, shares| first_hello(cx, offer, shares)),
    )
}

/// One share after the other, last one first.
fn generate(
    cx: &mut Cx<'_>,
    mut todo: Vec<NamedGroup>,
    mut done: Vec<Share>,
    then: Then<Vec<Share>>,
) -> Result<Step, Error> {
    let Some(group) = todo.pop() else {
        return then(cx, done);
    };
    let next = move |cx: &mut Cx<'_>, share| {
        done.push(share);
        generate(cx, todo, done, then)
    };
    Ok(Park::KxGenerate(group, Box::new(next)).into())
}

fn first_hello(cx: &mut Cx<'_>, offer: Offer, shares: Vec<Share>) -> Result<Step, Error> {
    let hello = offer.hello(cx, &shares)?;
    let mut raw = Vec::new();
    hello.emit(&mut raw)?;
    cx.tx.set_plain_version(FIRST_RECORD_VERSION);
    cx.tx.handshake(&raw)?;
    cx.tx.set_plain_version(hello.legacy_version);
    let (new, old) = (offer.has(TLS13), offer.is_old());
    let sent = Sent {
        hello,
        raw,
        versions: offer.versions,
        session: offer.session,
    };
    if !new {
        return Ok(client12_hello::WaitServerHello(sent).into());
    }
    let next = WaitServerHello {
        sent,
        shares,
        retry: None,
    };
    match old {
        true => Ok(WaitAnyServerHello(next).into()),
        false => Ok(next.into()),
    }
}

// ---- ServerHello ----

/// The first ClientHello is out, and offers versions before TLS 1.3 too.
pub(crate) struct WaitAnyServerHello(WaitServerHello);

impl WaitAnyServerHello {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        if is_noise(&message)? {
            return Ok(self.into());
        }
        self.0.handle(cx, message)
    }
}

/// A ClientHello is out, the first or the second.
pub(crate) struct WaitServerHello {
    sent: Sent,
    shares: Vec<Share>,
    retry: Option<Retry>,
}

/// What a HelloRetryRequest settled.
struct Retry {
    suite: &'static SuiteRow,
    /// Up to the second ClientHello.
    transcript: Transcript,
}

impl WaitServerHello {
    pub fn is_retry(&self) -> bool {
        self.retry.is_some()
    }

    /// OTP's: a HelloRetryRequest is followed by the change_cipher_spec for middleboxes.
    pub fn name(&self) -> &'static str {
        if self.is_retry() && !self.sent.hello.session_id.is_empty() {
            "hello_retry_middlebox_assert"
        } else {
            "wait_sh"
        }
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        expect(&message, HandshakeType::SERVER_HELLO)?;
        let reply = ServerHello::parse(message.body())?;
        let version = self.check_version(&reply)?;
        if version != TLS13 {
            return self.sent.answered(cx, version, reply, message);
        }
        let suite = self.check_fixed_fields(&reply)?;
        let extensions = reply.extensions(&Offered::of(&self.sent.hello.extensions))?;
        if extensions.version_selected().is_none() {
            return Err(Offence::MissingSupportedVersions.into());
        }
        if reply.is_retry() {
            return self.second_hello(cx, suite, &extensions, message);
        }
        if cx.config().ask_hello {
            let info = Box::new(ServerHelloInfo {
                version: TLS13.0,
                cipher_suite: suite.id.0,
                extensions: extensions.clone(),
            });
            let then = move |cx: &mut Cx<'_>, ()| {
                self.agree(cx, suite, reply.random, &extensions, message)
            };
            return Ok(Park::ServerHello(info, Box::new(then)).into());
        }
        self.agree(cx, suite, reply.random, &extensions, message)
    }

    /// After a HelloRetryRequest there is no version but 1.3 (RFC 8446 section 4.1.4).
    fn check_version(&self, reply: &ServerHello) -> Result<ProtocolVersion, Error> {
        match self.retry {
            None => selected_version(&self.sent.versions, reply),
            Some(_) => selected_version(&[TLS13], reply),
        }
    }

    fn check_fixed_fields(&self, reply: &ServerHello) -> Result<&'static SuiteRow, Error> {
        if reply.is_retry() && self.retry.is_some() {
            return Err(Offence::SecondHelloRetryRequest.into());
        }
        if reply.legacy_version != LEGACY_VERSION {
            return Err(Offence::BadLegacyVersion.into());
        }
        if reply.compression_method != 0 {
            return Err(Offence::CompressionSelected.into());
        }
        if reply.session_id != self.sent.hello.session_id {
            return Err(Offence::SessionIdMismatch.into());
        }
        if !self.sent.hello.cipher_suites.contains(&reply.cipher_suite) {
            return Err(Offence::CipherNotOffered.into());
        }
        if self
            .retry
            .as_ref()
            .is_some_and(|retry| retry.suite.id != reply.cipher_suite)
        {
            return Err(Offence::CipherChanged.into());
        }
        suite_of(reply.cipher_suite, TLS13).ok_or(Offence::CipherNotOffered.into())
    }

    /// RFC 8446 section 4.1.4.
    fn second_hello(
        self,
        cx: &mut Cx<'_>,
        suite: &'static SuiteRow,
        extensions: &Extensions,
        message: HandshakeMessage,
    ) -> Result<Step, Error> {
        let group = extensions.retry_group();
        let cookie = extensions.cookie().map(<[u8]>::to_vec);
        if group.is_none() && cookie.is_none() {
            return Err(Offence::RetryWithoutChange.into());
        }
        if let Some(group) = group {
            if !cx.config().groups.contains(&group) {
                return Err(Offence::RetryGroupNotOffered.into());
            }
            if self.shares.iter().any(|share| share.group == group) {
                return Err(Offence::RetryGroupAlreadyShared.into());
            }
        }
        cx.aligned()?;
        let Self { sent, shares, .. } = self;
        let transcript = Transcript::after_retry(suite.hash, &sent.raw, message.raw());
        let send = move |cx: &mut Cx<'_>, shares: Vec<Share>| {
            let Sent { mut hello, .. } = sent;
            let mut transcript = transcript;
            hello
                .extensions
                .set(Extension::KeyShare(offered_shares(&shares)));
            if let Some(cookie) = cookie {
                hello.extensions.set(Extension::Cookie(cookie));
            }
            let mut raw = Vec::new();
            hello.emit(&mut raw)?;
            transcript.add(&raw);
            if cx.config().middlebox_comp_mode {
                cx.tx.change_cipher_spec()?;
            }
            cx.tx.handshake(&raw)?;
            Ok(WaitServerHello {
                sent: Sent {
                    hello,
                    raw,
                    versions: vec![TLS13],
                    session: None,
                },
                shares,
                retry: Some(Retry { suite, transcript }),
            }
            .into())
        };
        match group {
            Some(group) => generate(cx, vec![group], Vec::new(), Box::new(send)),
            None => send(cx, shares),
        }
    }

    /// The server's share must belong to one of ours; then the secret.
    fn agree(
        self,
        cx: &mut Cx<'_>,
        suite: &'static SuiteRow,
        server_random: [u8; 32],
        extensions: &Extensions,
        message: HandshakeMessage,
    ) -> Result<Step, Error> {
        let theirs = extensions
            .key_share()
            .ok_or(Offence::MissingServerKeyShare)?;
        let Self {
            sent,
            shares,
            retry,
        } = self;
        let Sent { hello, raw, .. } = sent;
        let ours = shares
            .into_iter()
            .find(|share| share.group == theirs.group)
            .ok_or(Offence::WrongGroup)?;
        // What follows comes under other keys.
        cx.aligned()?;
        let hrr = retry.is_some();
        let mut transcript = retry.map_or_else(
            || Transcript::new(suite.hash, &raw),
            |retry| retry.transcript,
        );
        transcript.add(message.raw());
        let info = Box::new(Info {
            role: Role::Client,
            version: TLS13,
            cipher_suite: suite.id,
            group: Some(theirs.group),
            signature_scheme: None,
            own_signature_scheme: None,
            alpn: None,
            server_name: cx.common.params.server_name.clone(),
            max_fragment_length: None,
            peer_chain: Arc::new([]),
            session_id: hello.session_id,
            client_random: hello.random,
            server_random,
            own_credential: None,
            hrr,
            resumed: false,
            extended_master_secret: true,
            srp_username: None,
        });
        let offered = Offered::of(&hello.extensions);
        let then = move |cx: &mut Cx<'_>, shared| {
            handshake_keys(cx, suite, transcript, info, offered, shared)
        };
        Ok(Park::KxAgree(ours, theirs.key_exchange.clone(), Box::new(then)).into())
    }
}

fn handshake_keys(
    cx: &mut Cx<'_>,
    suite: &'static SuiteRow,
    transcript: Transcript,
    info: Box<Info>,
    offered: Offered,
    shared: Secret,
) -> Result<Step, Error> {
    let schedule = KeySchedule::new(transcript.hash(), None).into_handshake(shared);
    let digest = transcript.current();
    let client_secret = schedule.client_traffic(&digest);
    let server_secret = schedule.server_traffic(&digest);
    auth::log_pair(
        cx,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        ],
        &info.client_random,
        [client_secret.secret(), server_secret.secret()],
    );
    let aligned = cx.aligned()?;
    cx.reader.set_tls13(suite, server_secret.clone(), aligned)?;
    // After a HelloRetryRequest change_cipher_spec went out already.
    let change_cipher_spec = cx.config().middlebox_comp_mode && !info.hrr;
    cx.tx
        .stage_keys(suite, client_secret.clone(), change_cipher_spec);
    let keys = Keys {
        suite,
        schedule,
        client_secret,
        server_secret,
    };
    Ok(WaitEncryptedExtensions {
        session: Session {
            keys,
            transcript,
            info,
        },
        offered,
    }
    .into())
}

// ---- the server's flight ----

/// Keys and secrets of the handshake.
struct Keys {
    suite: &'static SuiteRow,
    schedule: KeySchedule<Handshake>,
    client_secret: TrafficSecret,
    server_secret: TrafficSecret,
}

/// What every state from here on has.
struct Session {
    keys: Keys,
    transcript: Transcript,
    info: Box<Info>,
}

/// The ServerHello came.
pub(crate) struct WaitEncryptedExtensions {
    session: Session,
    offered: Offered,
}

impl WaitEncryptedExtensions {
    /// OTP's: first comes the change_cipher_spec for middleboxes, if it did not follow a HelloRetryRequest.
    pub fn name(&self) -> &'static str {
        let info = &self.session.info;
        if info.hrr || info.session_id.is_empty() {
            "wait_ee"
        } else {
            "hello_middlebox_assert"
        }
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Self {
            mut session,
            offered,
        } = self;
        expect(&message, HandshakeType::ENCRYPTED_EXTENSIONS)?;
        let extensions = EncryptedExtensions::parse(message.body(), &offered)?.extensions;
        session.info.alpn = match extensions.alpn() {
            None => None,
            Some([protocol]) if cx.config().offers_protocol(protocol) => Some(protocol.clone()),
            Some([_]) => return Err(Offence::ProtocolNotOffered.into()),
            Some(_) => return Err(Error::Malformed("application_layer_protocol_negotiation")),
        };
        if let Some(code) = extensions.max_fragment_length() {
            let agreed = FragmentLength::of_code(code).map(|length| length.bytes);
            if agreed.is_none() || agreed != cx.config().max_fragment_length {
                return Err(Offence::WrongMaxFragmentLength.into());
            }
            session.info.max_fragment_length = agreed;
            cx.set_max_fragment(agreed.unwrap_or_default());
        }
        session.transcript.add(message.raw());
        Ok(WaitCertificateOrRequest { session, offered }.into())
    }
}

/// What a server's CertificateRequest asks for.
struct Requested {
    schemes: Vec<SignatureScheme>,
    schemes_cert: Option<Vec<SignatureScheme>>,
    authorities: Vec<Vec<u8>>,
}

/// CertificateRequest may come, or Certificate.
pub(crate) struct WaitCertificateOrRequest {
    session: Session,
    offered: Offered,
}

impl WaitCertificateOrRequest {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Self {
            mut session,
            offered,
        } = self;
        if message.msg_type() != HandshakeType::CERTIFICATE_REQUEST {
            return WaitCertificate {
                session,
                offered,
                requested: None,
            }
            .handle(cx, message);
        }
        let CertificateRequest {
            context,
            extensions,
        } = CertificateRequest::parse(message.body())?;
        if !context.is_empty() {
            return Err(Offence::CertificateContext.into());
        }
        let requested = Requested {
            schemes: extensions
                .signature_algorithms()
                .ok_or(Offence::MissingRequestSchemes)?
                .to_vec(),
            schemes_cert: extensions
                .signature_algorithms_cert()
                .map(<[SignatureScheme]>::to_vec),
            authorities: extensions
                .certificate_authorities()
                .unwrap_or_default()
                .to_vec(),
        };
        session.transcript.add(message.raw());
        Ok(WaitCertificate {
            session,
            offered,
            requested: Some(requested),
        }
        .into())
    }
}

/// The server's certificate must come.
pub(crate) struct WaitCertificate {
    session: Session,
    offered: Offered,
    requested: Option<Requested>,
}

impl WaitCertificate {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Self {
            mut session,
            offered,
            requested,
        } = self;
        expect(&message, HandshakeType::CERTIFICATE)?;
        let PeerCertificate {
            chain,
            ocsp_response,
        } = auth::read_certificate(message.body(), &offered)?;
        if chain.is_empty() {
            return Err(Offence::EmptyServerCertificate.into());
        }
        session.info.peer_chain = Arc::clone(&chain);
        session.transcript.add(message.raw());
        let next = WaitCertificateVerify { session, requested };
        if !cx.config().verify_peer {
            return Ok(next.into());
        }
        let job = ChainJob {
            role: Role::Client,
            chain,
            ocsp_response,
        };
        Ok(Park::VerifyChain(job, Box::new(move |_, ()| Ok(next.into()))).into())
    }
}

/// The certificate came.
pub(crate) struct WaitCertificateVerify {
    session: Session,
    requested: Option<Requested>,
}

impl WaitCertificateVerify {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Self {
            mut session,
            requested,
        } = self;
        expect(&message, HandshakeType::CERTIFICATE_VERIFY)?;
        let digest = session.transcript.current();
        let job = auth::read_certificate_verify(
            cx,
            message.body(),
            Role::Server,
            &digest,
            &session.info.peer_chain,
        )?;
        session.info.signature_scheme = Some(job.scheme);
        session.transcript.add(message.raw());
        let next = WaitFinished { session, requested };
        Ok(Park::VerifySignature(job, Box::new(move |_, ()| Ok(next.into()))).into())
    }
}

/// The server's Finished is missing.
pub(crate) struct WaitFinished {
    session: Session,
    requested: Option<Requested>,
}

impl WaitFinished {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Session {
            keys,
            mut transcript,
            mut info,
        } = self.session;
        expect(&message, HandshakeType::FINISHED)?;
        auth::check_finished(message.body(), &keys.server_secret, &transcript.current())?;
        transcript.add(message.raw());

        let schedule = keys.schedule.into_master();
        let digest = transcript.current();
        let client_app = schedule.client_app(&digest);
        let server_app = schedule.server_app(&digest);
        let exporter = schedule.exporter(&digest);
        auth::log_pair(
            cx,
            ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"],
            &info.client_random,
            [client_app.secret(), server_app.secret()],
        );
        cx.key_log("EXPORTER_SECRET", &info.client_random, exporter.secret());
        let aligned = cx.aligned()?;
        cx.reader.set_tls13(keys.suite, server_app, aligned)?;

        let mut finish = Finish {
            suite: keys.suite,
            client_secret: keys.client_secret,
            client_app,
            exporter,
            transcript,
            flight: Vec::new(),
        };
        let Some(requested) = self.requested else {
            return finish.send(cx, info);
        };
        let wanted = Wanted::new(
            cx.config(),
            &requested.schemes,
            requested.schemes_cert.as_deref(),
            Some(&requested.authorities),
        );
        let selected = credential::select(cx.config(), Role::Client, &wanted);
        finish.add(auth::certificate(
            selected.as_ref().map(|selected| &*selected.key),
        )?);
        let Some(selected) = selected else {
            return finish.send(cx, info);
        };
        info.own_credential = Some(selected.index);
        info.own_signature_scheme = Some(selected.scheme);
        let job = auth::sign_job(&selected, Role::Client, &finish.transcript.current());
        let then = move |cx: &mut Cx<'_>, signature| {
            finish.add(auth::certificate_verify(selected.scheme, signature)?);
            finish.send(cx, info)
        };
        Ok(Park::Sign(job, Box::new(then)).into())
    }
}

// ---- our flight ----

/// Everything is checked; our flight is under way.
struct Finish {
    suite: &'static SuiteRow,
    client_secret: TrafficSecret,
    client_app: TrafficSecret,
    exporter: Exporter,
    transcript: Transcript,
    flight: Vec<u8>,
}

impl Finish {
    fn add(&mut self, message: Vec<u8>) {
        self.transcript.add(&message);
        self.flight.extend(message);
    }

    fn send(mut self, cx: &mut Cx<'_>, info: Box<Info>) -> Result<Step, Error> {
        self.add(auth::finished(
            &self.client_secret,
            &self.transcript.current(),
        )?);
        cx.tx.handshake(&self.flight)?;
        cx.tx.set_keys(self.suite, self.client_app)?;
        Ok(Step::Done(
            Established::new(Role::Client, self.exporter),
            info,
        ))
    }
}
