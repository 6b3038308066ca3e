//! A server's handshake (RFC 8446 appendix A.2).

use super::authentication::{self as auth, PeerCertificate};
use super::established::Established;
use super::job::{ChainJob, Park};
use super::negotiation::{check_shares, choose, choose_version, Choice};
use super::server12;
use super::transcript::Transcript;
use super::{expect, Cx, Step};
use crate::connection::Info;
use crate::crypto::{self, Secret};
use crate::enums::{ExtensionType, HandshakeType, ProtocolVersion, Role};
use crate::error::{Error, Offence};
use crate::limits::{COOKIE_LEN, MAX_SKIPPED_EARLY_DATA};
use crate::query::ClientHelloInfo;
use crate::record::HandshakeMessage;
use crate::schedule::tls13::{Exporter, KeySchedule, TrafficSecret};
use crate::wire::extension::{Extension, Extensions, KeyShare, KeyShareEntry, Offered, Versions};
use crate::wire::hello::{extension_block, ClientHello, ServerHello, RETRY_RANDOM};
use crate::wire::message::{CertificateRequest, EncryptedExtensions};
use std::sync::Arc;

const LEGACY_VERSION: u16 = ProtocolVersion::TLS12.0;

// ---- hello ----

/// Nothing has come yet.
pub(crate) struct WaitClientHello {
    name: &'static str,
}

/// Waits for the client.
pub(super) fn start(cx: &mut Cx<'_>) -> Step {
    // Alerts before a version is chosen are of the best one (RFC 8446 section 5.1 for TLS 1.3).
    if let Some(best) = cx.config().versions.iter().copied().max() {
        cx.tx.set_plain_version(best.min(ProtocolVersion::TLS12).0);
    }
    let name = match cx.config().versions.as_slice() {
        [ProtocolVersion::TLS13] => "start",
        _ => "hello",
    };
    WaitClientHello { name }.into()
}

impl WaitClientHello {
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        expect(&message, HandshakeType::CLIENT_HELLO)?;
        let hello = ClientHello::parse(message.body())?;
        if cx.config().ask_hello {
            let info = Box::new(hello_info(&hello));
            return Ok(Park::ClientHello(
                info,
                Box::new(move |cx, ()| first_hello(cx, hello, &message)),
            )
            .into());
        }
        first_hello(cx, hello, &message)
    }
}

fn hello_info(hello: &ClientHello) -> ClientHelloInfo {
    let extensions = &hello.extensions;
    let schemes =
        |list: &[crate::enums::SignatureScheme]| list.iter().map(|scheme| scheme.0).collect();
    ClientHelloInfo {
        server_name: extensions.server_name().flatten().map(<[u8]>::to_vec),
        versions: extensions
            .versions_offered()
            .map_or_else(|| vec![hello.legacy_version], <[u16]>::to_vec),
        cipher_suites: hello.cipher_suites.iter().map(|suite| suite.0).collect(),
        groups: extensions
            .groups()
            .unwrap_or_default()
            .iter()
            .map(|group| group.0)
            .collect(),
        signature_algs: extensions
            .signature_algorithms()
            .map(schemes)
            .unwrap_or_default(),
        signature_algs_cert: extensions.signature_algorithms_cert().map(schemes),
        alpn: extensions.alpn().map(<[Vec<u8>]>::to_vec),
        extensions: extensions.clone(),
    }
}

fn first_hello(
    cx: &mut Cx<'_>,
    hello: ClientHello,
    message: &HandshakeMessage,
) -> Result<Step, Error> {
    let version = choose_version(cx.config(), &hello)?;
    if version < ProtocolVersion::TLS13 {
        return server12::hello(cx, hello, message, version);
    }
    let choice = choose(cx.config(), &hello)?;
    // A flight ends with the hello.
    cx.aligned()?;
    let early_data = hello.extensions.early_data().is_some();
    if choice.share.is_none() {
        return retry(cx, hello, message, choice);
    }
    let transcript = Transcript::new(choice.suite.hash, message.raw());
    Ok(respond(Hello {
        hello,
        choice,
        transcript,
        hrr: false,
        early_data,
    }))
}

/// Asks for another share (RFC 8446 section 4.1.4).
fn retry(
    cx: &mut Cx<'_>,
    hello: ClientHello,
    message: &HandshakeMessage,
    choice: Choice,
) -> Result<Step, Error> {
    let mut extensions = Extensions::new(vec![
        Extension::SupportedVersions(Versions::Selected(ProtocolVersion::TLS13.0)),
        Extension::KeyShare(KeyShare::Retry(choice.group)),
    ]);
    let mut cookie = None;
    if cx.config().cookie {
        let mut bytes = vec![0; COOKIE_LEN];
        cx.common.random.fill(&mut bytes)?;
        extensions.push(Extension::Cookie(bytes.clone()));
        cookie = Some(bytes);
    }
    let mut out = Vec::new();
    ServerHello {
        legacy_version: LEGACY_VERSION,
        random: RETRY_RANDOM,
        session_id: hello.session_id.clone(),
        cipher_suite: choice.suite.id,
        compression_method: 0,
        extension_block: extension_block(&extensions)?,
    }
    .emit(&mut out)?;
    cx.tx.handshake(&out)?;
    if wants_change_cipher_spec(cx, &hello) {
        cx.tx.change_cipher_spec()?;
    }
    if hello.extensions.early_data().is_some() {
        cx.reader.skip_early_data(MAX_SKIPPED_EARLY_DATA);
    }
    let transcript = Transcript::after_retry(choice.suite.hash, message.raw(), &out);
    Ok(WaitSecondClientHello {
        first: hello,
        choice,
        cookie,
        transcript,
    }
    .into())
}

/// RFC 8446 appendix D.4: a client that sent a session id expects it.
fn wants_change_cipher_spec(cx: &Cx<'_>, hello: &ClientHello) -> bool {
    cx.config().middlebox_comp_mode && !hello.session_id.is_empty()
}

/// After a HelloRetryRequest.
pub(crate) struct WaitSecondClientHello {
    first: ClientHello,
    choice: Choice,
    cookie: Option<Vec<u8>>,
    transcript: Transcript,
}

impl WaitSecondClientHello {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        expect(&message, HandshakeType::CLIENT_HELLO)?;
        cx.reader.stop_skipping();
        // What follows comes under other keys.
        cx.aligned()?;
        let hello = ClientHello::parse(message.body())?;
        let share = self.check(&hello)?;
        let Self {
            mut choice,
            mut transcript,
            ..
        } = self;
        choice.share = Some(share);
        transcript.add(message.raw());
        Ok(respond(Hello {
            hello,
            choice,
            transcript,
            hrr: true,
            early_data: false,
        }))
    }

    /// RFC 8446 section 4.1.2: what a second ClientHello may change is listed there. Gives the share.
    fn check(&self, hello: &ClientHello) -> Result<Vec<u8>, Offence> {
        let (old, new) = (&self.first.extensions, &hello.extensions);
        let unchanged = self.first.legacy_version == hello.legacy_version
            && self.first.random == hello.random
            && self.first.session_id == hello.session_id
            && self.first.cipher_suites == hello.cipher_suites
            && self.first.compression_methods == hello.compression_methods
            && old.versions_offered() == new.versions_offered()
            && old.server_name() == new.server_name()
            && old.groups() == new.groups()
            && old.signature_algorithms() == new.signature_algorithms()
            && old.signature_algorithms_cert() == new.signature_algorithms_cert()
            && old.alpn() == new.alpn()
            && old.max_fragment_length() == new.max_fragment_length();
        if !unchanged {
            return Err(Offence::RetryChangedHello);
        }
        if new.early_data().is_some() {
            return Err(Offence::RetryEarlyData);
        }
        match (&self.cookie, new.cookie()) {
            (None, None) => {}
            (Some(sent), Some(came)) if crypto::eq(sent, came) => {}
            (Some(_), None) => return Err(Offence::MissingCookie),
            (Some(_), Some(_)) => return Err(Offence::WrongCookie),
            (None, Some(_)) => return Err(Offence::UnsolicitedCookie),
        }
        let shares = new.key_shares().ok_or(Offence::MissingKeyShare)?;
        check_shares(shares, new.groups().unwrap_or_default())?;
        match shares {
            [only] if only.group == self.choice.group => Ok(only.key_exchange.clone()),
            _ => Err(Offence::RetryKeyShareMismatch),
        }
    }
}

// ---- the server's flight ----

/// A hello with everything in it that is needed.
struct Hello {
    hello: ClientHello,
    choice: Choice,
    transcript: Transcript,
    hrr: bool,
    early_data: bool,
}

fn respond(mut hello: Hello) -> Step {
    let share = hello.choice.share.take().unwrap_or_default();
    let group = hello.choice.group;
    Park::KxRespond(
        group,
        share,
        Box::new(move |cx, result| flight(cx, hello, result)),
    )
    .into()
}

fn flight(
    cx: &mut Cx<'_>,
    hello: Hello,
    (share, shared): (Vec<u8>, Secret),
) -> Result<Step, Error> {
    let Hello {
        hello,
        choice,
        mut transcript,
        hrr,
        early_data,
    } = hello;
    let suite = choice.suite;
    let server_random = cx.random()?;

    let mut out = Vec::new();
    ServerHello {
        legacy_version: LEGACY_VERSION,
        random: server_random,
        session_id: hello.session_id.clone(),
        cipher_suite: suite.id,
        compression_method: 0,
        extension_block: extension_block(&Extensions::new(vec![
            Extension::SupportedVersions(Versions::Selected(ProtocolVersion::TLS13.0)),
            Extension::KeyShare(KeyShare::Selected(KeyShareEntry {
                group: choice.group,
                key_exchange: share,
            })),
        ]))?,
    }
    .emit(&mut out)?;
    transcript.add(&out);
    cx.tx.handshake(&out)?;
    if !hrr && wants_change_cipher_spec(cx, &hello) {
        cx.tx.change_cipher_spec()?;
    }

    let schedule = KeySchedule::new(suite.hash, None).into_handshake(shared);
    let digest = transcript.current();
    let client_secret = schedule.client_traffic(&digest);
    let server_secret = schedule.server_traffic(&digest);
    auth::log_pair(
        cx,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        ],
        &hello.random,
        [client_secret.secret(), server_secret.secret()],
    );
    cx.tx.set_keys(suite, server_secret.clone())?;
    let aligned = cx.aligned()?;
    cx.reader.set_tls13(suite, client_secret.clone(), aligned)?;
    if early_data {
        cx.reader.skip_early_data(MAX_SKIPPED_EARLY_DATA);
    }
    if let Some(length) = choice.max_fragment_length {
        cx.set_max_fragment(length.bytes);
    }

    let mut out = Vec::new();
    encrypted_extensions(&hello, &choice).emit(&mut out)?;
    if cx.config().verify_peer {
        certificate_request(cx).emit(&mut out)?;
    }
    out.extend(auth::certificate(Some(&choice.credential.key))?);
    transcript.add(&out);

    let info = Box::new(Info {
        role: Role::Server,
        version: ProtocolVersion::TLS13,
        cipher_suite: suite.id,
        group: Some(choice.group),
        signature_scheme: None,
        own_signature_scheme: Some(choice.credential.scheme),
        alpn: choice.alpn,
        server_name: hello.extensions.server_name().flatten().map(<[u8]>::to_vec),
        max_fragment_length: choice.max_fragment_length.map(|length| length.bytes),
        peer_chain: Arc::new([]),
        session_id: hello.session_id.clone(),
        client_random: hello.random,
        server_random,
        own_credential: Some(choice.credential.index),
        hrr,
        resumed: false,
        extended_master_secret: true,
        srp_username: None,
    });
    let scheme = choice.credential.scheme;
    let job = auth::sign_job(&choice.credential, Role::Server, &transcript.current());
    let then = move |cx: &mut Cx<'_>, signature| {
        let message = auth::certificate_verify(scheme, signature)?;
        transcript.add(&message);
        out.extend(message);
        let message = auth::finished(&server_secret, &transcript.current())?;
        transcript.add(&message);
        out.extend(message);
        cx.tx.handshake(&out)?;

        let schedule = schedule.into_master();
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
        cx.tx.set_keys(suite, server_app)?;
        let rest = Rest {
            client_secret,
            client_app,
            exporter,
            transcript,
            info,
        };
        Ok(if cx.config().verify_peer {
            WaitCertificate(rest).into()
        } else {
            WaitFinished(rest).into()
        })
    };
    Ok(Park::Sign(job, Box::new(then)).into())
}

fn encrypted_extensions(hello: &ClientHello, choice: &Choice) -> EncryptedExtensions {
    let mut extensions = Extensions::default();
    if hello.extensions.contains(ExtensionType::SERVER_NAME) {
        extensions.push(Extension::ServerName(None));
    }
    if let Some(length) = choice.max_fragment_length {
        extensions.push(Extension::MaxFragmentLength(length.code));
    }
    if let Some(protocol) = &choice.alpn {
        extensions.push(Extension::Alpn(vec![protocol.clone()]));
    }
    EncryptedExtensions { extensions }
}

fn certificate_request(cx: &Cx<'_>) -> CertificateRequest {
    let config = cx.config();
    let mut extensions = Extensions::new(vec![Extension::SignatureAlgorithms(
        config.signature_algs.clone(),
    )]);
    if let Some(schemes) = &config.signature_algs_cert {
        extensions.push(Extension::SignatureAlgorithmsCert(schemes.clone()));
    }
    if let Some(names) = config
        .certificate_authorities
        .as_ref()
        .filter(|names| !names.is_empty())
    {
        extensions.push(Extension::CertificateAuthorities(names.clone()));
    }
    CertificateRequest {
        context: Vec::new(),
        extensions,
    }
}

// ---- the client's flight ----

/// What the client's flight is checked with.
struct Rest {
    client_secret: TrafficSecret,
    client_app: TrafficSecret,
    exporter: Exporter,
    transcript: Transcript,
    info: Box<Info>,
}

/// Asked for a certificate.
pub(crate) struct WaitCertificate(Rest);

impl WaitCertificate {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let mut rest = self.0;
        expect(&message, HandshakeType::CERTIFICATE)?;
        // We ask for nothing beside the certificate.
        let PeerCertificate {
            chain,
            ocsp_response,
        } = auth::read_certificate(message.body(), &Offered::default())?;
        rest.transcript.add(message.raw());
        if chain.is_empty() {
            if cx.config().fail_if_no_peer_cert {
                return Err(Offence::CertificateRequired.into());
            }
            return Ok(WaitFinished(rest).into());
        }
        rest.info.peer_chain = Arc::clone(&chain);
        let job = ChainJob {
            role: Role::Server,
            chain,
            ocsp_response,
        };
        Ok(Park::VerifyChain(
            job,
            Box::new(move |_, ()| Ok(WaitCertificateVerify(rest).into())),
        )
        .into())
    }
}

/// A certificate came.
pub(crate) struct WaitCertificateVerify(Rest);

impl WaitCertificateVerify {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let mut rest = self.0;
        expect(&message, HandshakeType::CERTIFICATE_VERIFY)?;
        let digest = rest.transcript.current();
        let job = auth::read_certificate_verify(
            cx,
            message.body(),
            Role::Client,
            &digest,
            &rest.info.peer_chain,
        )?;
        rest.info.signature_scheme = Some(job.scheme);
        rest.transcript.add(message.raw());
        Ok(Park::VerifySignature(job, Box::new(move |_, ()| Ok(WaitFinished(rest).into()))).into())
    }
}

/// Only the client's Finished is missing.
pub(crate) struct WaitFinished(Rest);

impl WaitFinished {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Rest {
            client_secret,
            client_app,
            exporter,
            transcript,
            info,
        } = self.0;
        expect(&message, HandshakeType::FINISHED)?;
        auth::check_finished(message.body(), &client_secret, &transcript.current())?;
        let aligned = cx.aligned()?;
        let suite = crypto::suites::suite(info.cipher_suite).ok_or(Offence::CipherNotOffered)?;
        cx.reader.set_tls13(suite, client_app, aligned)?;
        Ok(Step::Done(Established::new(Role::Server, exporter), info))
    }
}
