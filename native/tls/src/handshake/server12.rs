//! A server's handshake of TLS 1.0 to 1.2 (RFC 5246 section 7.3), full or abbreviated, the first or a renegotiation.
//!
//! ```text
//!  hello: ClientHello
//!   | (session_lookup) --found and fit--> ServerHello, [change_cipher_spec], Finished --> abbreviated
//!   | (kx_generate | dh_generate | srp_server) (sign)
//!   | ServerHello, [Certificate], [ServerKeyExchange], [CertificateRequest], ServerHelloDone
//!  certify: [Certificate (verify_chain)], ClientKeyExchange (kx_agree | dh_agree | srp_agree | rsa_decrypt, psk_lookup)
//!  wait_cert_verify [after a certificate]: CertificateVerify (verify_signature)
//!  cipher | abbreviated: [change_cipher_spec], [NextProtocol], Finished
//!   | full handshake: [change_cipher_spec], Finished
//!  connection
//! ```

use super::authentication12 as auth;
use super::client_hello::UNCOMPRESSED;
use super::common12::{in_scope, own_credential, Keyed12, Session12, Transcript12};
use super::job::{ChainJob, Park, SignJob};
use super::kx12::{self, Half};
use super::negotiation::{choose_protocol, FragmentLength};
use super::negotiation12::choose;
use super::premaster::client_shape;
use super::world;
use super::{expect, Cx, Step};
use crate::config::{Config, Npn};
use crate::connection::Info;
use crate::crypto;
use crate::crypto::schemes;
use crate::crypto::suites::{suite, KeyExchange, SuiteRow};
use crate::enums::{
    CipherSuite, ExtensionType, HandshakeType, ProtocolVersion, Role, SignatureScheme,
};
use crate::error::{Error, LocalFailure, Offence};
use crate::record::HandshakeMessage;
use crate::schedule::tls12::{MasterSecret, Prf};
use crate::session::SavedSession;
use crate::wire::extension::{Extension, Extensions};
use crate::wire::hello::{extension_block, ClientHello, ServerHello, DOWNGRADE_SENTINELS};
use crate::wire::message12::{
    CertificateRequest12, CertificateType, ClientKeyExchange, DigitallySigned, Empty, NextProtocol,
    ServerKeyExchange, ServerParams,
};
use crate::x509;
use std::sync::Arc;

/// Length of our session ids: the longest, beyond guessing.
const SESSION_ID_LEN: usize = 32;

// ---- hello ----

/// A ClientHello, and what was settled before a certificate or session was chosen.
struct Hello12 {
    hello: ClientHello,
    raw: Vec<u8>,
    version: ProtocolVersion,
    extended_master_secret: bool,
    /// The client knows renegotiation_info.
    secure_renegotiation: bool,
    alpn: Option<Vec<u8>>,
    /// NextProtocol will come; these are our protocols.
    next_protocols: Option<Vec<Vec<u8>>>,
    max_fragment_length: Option<FragmentLength>,
}

impl Hello12 {
    fn server_name(&self) -> Option<Vec<u8>> {
        let name = self.hello.extensions.server_name().flatten();
        name.map(<[u8]>::to_vec)
    }
}

/// The first message, or one that begins a renegotiation; `version` was chosen for it.
pub(super) fn hello(
    cx: &mut Cx<'_>,
    hello: ClientHello,
    message: &HandshakeMessage,
    version: ProtocolVersion,
) -> Result<Step, Error> {
    // A flight ends with the hello.
    cx.aligned()?;
    if !hello.compression_methods.contains(&0) {
        return Err(Offence::NoNullCompression.into());
    }
    let extensions = &hello.extensions;
    if extensions
        .point_formats()
        .is_some_and(|formats| !formats.contains(&UNCOMPRESSED))
    {
        return Err(Offence::NoUncompressedPoints.into());
    }
    let secure_renegotiation = check_renegotiation(cx, &hello)?;
    let extended_master_secret = cx.config().extended_master_secret
        && extensions.contains(ExtensionType::EXTENDED_MASTER_SECRET);
    let again = cx.common.previous.as_ref();
    if again.is_some_and(|before| before.info.extended_master_secret != extended_master_secret) {
        return Err(Offence::ExtendedMasterSecretChanged.into());
    }
    let name = extensions.server_name().flatten();
    if again.is_some_and(|before| before.info.server_name.as_deref() != name) {
        return Err(Offence::RenegotiationChangedName.into());
    }
    // ALPN, NPN and max_fragment_length are not negotiated anew.
    let (mut alpn, mut next_protocols, mut max_fragment_length) = (None, None, None);
    if let Some(before) = again {
        alpn.clone_from(&before.info.alpn);
    } else {
        alpn = choose_protocol(cx.config(), extensions)?;
        if alpn.is_none() {
            next_protocols = advertised(cx.config(), extensions);
        }
        if let Some(code) = extensions.max_fragment_length() {
            let length = FragmentLength::of_code(code).ok_or(Offence::BadMaxFragmentLength)?;
            max_fragment_length = Some(length);
        }
    }
    cx.tx.set_plain_version(version.0);
    let hello = Hello12 {
        raw: message.raw().to_vec(),
        hello,
        version,
        extended_master_secret,
        secure_renegotiation,
        alpn,
        next_protocols,
        max_fragment_length,
    };
    if hello.hello.session_id.is_empty() || !cx.config().reuse_sessions {
        return full(cx, hello);
    }
    let (id, name) = (hello.hello.session_id.clone(), hello.server_name());
    let then = move |cx: &mut Cx<'_>, saved: Option<Box<SavedSession>>| match saved {
        Some(saved) if resumable(cx, &hello, &saved)? => resume(cx, hello, *saved),
        _ => full(cx, hello),
    };
    Ok(world::session_lookup(id, name, Box::new(then)))
}

fn advertised(config: &Config, extensions: &Extensions) -> Option<Vec<Vec<u8>>> {
    match &config.npn {
        Some(Npn::Advertised(protocols)) if extensions.next_protocols().is_some() => {
            Some(protocols.clone())
        }
        _ => None,
    }
}

/// RFC 5746 sections 3.6 and 3.7. Gives whether the client knows renegotiation_info.
fn check_renegotiation(cx: &Cx<'_>, hello: &ClientHello) -> Result<bool, Offence> {
    let signalled = hello
        .cipher_suites
        .contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    let sent = hello.extensions.renegotiated_connection();
    let expected = cx.common.previous.as_ref();
    match (expected, sent) {
        (None, None) => Ok(signalled),
        (None, Some([])) => Ok(true),
        (None, Some(_)) => Err(Offence::WrongRenegotiationInfo),
        (Some(_), _) if signalled => Err(Offence::WrongRenegotiationInfo),
        (Some(before), Some(info)) if before.secure && crypto::eq(info, &before.client_info()) => {
            Ok(true)
        }
        (Some(_), Some(_)) => Err(Offence::WrongRenegotiationInfo),
        (Some(_), None) => Err(Offence::InsecureRenegotiation),
    }
}

/// The random of our ServerHello (RFC 8446 section 4.1.3: its end tells when we could do better).
fn server_random(cx: &mut Cx<'_>, version: ProtocolVersion) -> Result<[u8; 32], Error> {
    let mut random = cx.timed_random()?;
    let best = cx.config().versions.iter().copied().max();
    let [from_13, from_12] = &DOWNGRADE_SENTINELS;
    let sentinel = match best {
        Some(best) if best <= version => None,
        _ if version == ProtocolVersion::TLS12 => Some(from_13),
        _ => Some(from_12),
    };
    if let (Some(sentinel), Some(end)) = (sentinel, random.last_chunk_mut()) {
        *end = *sentinel;
    }
    Ok(random)
}

/// Writes the ServerHello.
fn server_hello(
    cx: &Cx<'_>,
    hello: &Hello12,
    random: [u8; 32],
    session_id: &[u8],
    suite: &SuiteRow,
    resumed: bool,
) -> Result<Vec<u8>, Error> {
    let theirs = &hello.hello.extensions;
    let mut list = Extensions::default();
    if hello.secure_renegotiation {
        let before = cx.common.previous.as_ref();
        let info = before.map(|before| before.server_info());
        list.push(Extension::RenegotiationInfo(info.unwrap_or_default()));
    }
    // RFC 6066 section 3: not in an abbreviated handshake.
    if theirs.contains(ExtensionType::SERVER_NAME) && !resumed {
        list.push(Extension::ServerName(None));
    }
    if let Some(length) = hello.max_fragment_length.filter(|_| !resumed) {
        list.push(Extension::MaxFragmentLength(length.code));
    }
    if theirs.point_formats().is_some() {
        list.push(Extension::EcPointFormats(vec![UNCOMPRESSED]));
    }
    if let Some(protocol) = hello.alpn.as_ref().filter(|_| cx.common.previous.is_none()) {
        list.push(Extension::Alpn(vec![protocol.clone()]));
    }
    if let Some(protocols) = &hello.next_protocols {
        list.push(Extension::NextProtocols(protocols.clone()));
    }
    if hello.extended_master_secret {
        list.push(Extension::ExtendedMasterSecret(()));
    }
    let mut out = Vec::new();
    ServerHello {
        legacy_version: hello.version.0,
        random,
        session_id: session_id.to_vec(),
        cipher_suite: suite.id,
        compression_method: 0,
        extension_block: extension_block(&list)?,
    }
    .emit(&mut out)?;
    Ok(out)
}

/// What states carry, from the ServerHello on.
fn session(
    cx: &Cx<'_>,
    hello: &Hello12,
    suite: &'static SuiteRow,
    session_id: Vec<u8>,
    server_random: [u8; 32],
    server_hello: &[u8],
) -> Session12 {
    let prf = Prf::new(hello.version, suite);
    let mut transcript = Transcript12::new(prf.transcript_hash(), &hello.raw);
    transcript.add(server_hello);
    let before = cx.common.previous.as_ref();
    let kept = before.and_then(|before| before.info.max_fragment_length);
    Session12 {
        role: Role::Server,
        version: hello.version,
        suite,
        prf,
        transcript,
        info: Box::new(Info {
            role: Role::Server,
            version: hello.version,
            cipher_suite: suite.id,
            group: None,
            signature_scheme: None,
            own_signature_scheme: None,
            alpn: hello.alpn.clone(),
            server_name: hello.server_name(),
            max_fragment_length: hello
                .max_fragment_length
                .map(|length| length.bytes)
                .or(kept),
            peer_chain: Arc::new([]),
            session_id,
            client_random: hello.hello.random,
            server_random,
            own_credential: None,
            hrr: false,
            resumed: false,
            extended_master_secret: hello.extended_master_secret,
            srp_username: None,
        }),
        secure_renegotiation: hello.secure_renegotiation,
    }
}

// ---- the abbreviated handshake ----

/// May the client have this session again? (RFC 5246 section 7.4.1.2; RFC 7627 section 5.3.)
fn resumable(cx: &Cx<'_>, hello: &Hello12, saved: &SavedSession) -> Result<bool, Offence> {
    let config = cx.config();
    let name = hello.hello.extensions.server_name().flatten();
    let row = suite(saved.suite).filter(|row| row.speaks(hello.version));
    let common = |id: &CipherSuite| {
        hello.hello.cipher_suites.contains(id) && config.cipher_suites.contains(id)
    };
    let authenticated = !config.fail_if_no_peer_cert || !saved.peer_chain.is_empty();
    let fits = saved.session_id == hello.hello.session_id
        && saved.version == hello.version
        && row.is_some()
        && common(&saved.suite)
        && authenticated
        && in_scope(config, saved, name);
    let elsewhere = cx
        .common
        .previous
        .as_ref()
        .is_some_and(|last| last.info.session_id != saved.session_id);
    match (saved.extended_master_secret, hello.extended_master_secret) {
        // Somebody has taken it out of the hello, or the client is confused.
        (true, false) if fits => Err(Offence::ExtendedMasterSecretChanged),
        // Without it a session of another connection could be passed on in a renegotiation (triple handshake). This
        // connection's own changes keys and nothing else: OTP's clients ask for it.
        (false, _) if elsewhere => Ok(false),
        (before, now) => Ok(fits && before == now),
    }
}

fn resume(cx: &mut Cx<'_>, hello: Hello12, saved: SavedSession) -> Result<Step, Error> {
    let suite = suite(saved.suite).ok_or(Offence::NoSharedCipher)?;
    let random = server_random(cx, hello.version)?;
    let out = server_hello(cx, &hello, random, &saved.session_id, suite, true)?;
    let id = saved.session_id.clone();
    let mut session = session(cx, &hello, suite, id, random, &out);
    session.transcript.drop_messages();
    session.info.resumed = true;
    session.info.group = saved.group;
    session.info.signature_scheme = saved.signature_scheme;
    session.info.own_credential = own_credential(cx.config(), &saved).unwrap_or_default();
    session.info.peer_chain = Arc::clone(&saved.peer_chain);
    session.info.srp_username.clone_from(&saved.srp_username);
    // It is that of the session, whatever the client asks for now.
    if cx.common.previous.is_none() {
        session.info.max_fragment_length = saved.max_fragment_length;
        if let Some(bytes) = saved.max_fragment_length {
            cx.set_max_fragment(bytes);
        }
    }
    let master =
        MasterSecret::from_bytes(saved.master_secret.as_ref()).ok_or(LocalFailure::Order)?;
    cx.tx.handshake(&out)?;
    let mut keyed = session.with_master(cx, master);
    keyed.send_finished(cx, &[])?;
    Ok(WaitChangeCipherSpec(Finishing {
        keyed,
        next_protocol: hello.next_protocols.is_some(),
    })
    .into())
}

// ---- the full handshake ----

fn full(cx: &mut Cx<'_>, hello: Hello12) -> Result<Step, Error> {
    let choice = choose(cx.config(), &hello.hello, hello.version)?;
    let random = server_random(cx, hello.version)?;
    let mut session_id = vec![0; SESSION_ID_LEN];
    cx.common.random.fill(&mut session_id)?;
    let out = server_hello(cx, &hello, random, &session_id, choice.suite, false)?;
    let mut session = session(cx, &hello, choice.suite, session_id, random, &out);
    if let Some(length) = hello.max_fragment_length {
        cx.set_max_fragment(length.bytes);
    }
    session.info.group = choice.group;
    let own = choice.credential.as_ref();
    session.info.own_credential = own.map(|own| own.index);
    session.info.own_signature_scheme = own.and_then(|own| own.scheme);
    let user = hello.hello.extensions.srp().map(<[u8]>::to_vec);
    let user = user.filter(|_| choice.suite.kx == KeyExchange::Srp);
    session.info.srp_username.clone_from(&user);

    let mut flight = Flight {
        session,
        client_version: ProtocolVersion(hello.hello.legacy_version),
        next_protocol: hello.next_protocols.is_some(),
        out,
    };
    if let Some(own) = &choice.credential {
        flight.add(&auth::certificate(Some(&own.key))?);
    }
    // The continuation may run later, the parameters are made of the choice now.
    let credential = choice.credential.as_ref().map(|own| Arc::clone(&own.key));
    let scheme = choice.credential.as_ref().and_then(|own| own.scheme);
    let then = move |cx: &mut Cx<'_>, (params, half): (ServerParams, Half)| {
        let message = ServerKeyExchange {
            hint: kx12::hint(cx.config(), flight.session.suite),
            params,
            signed: None,
        };
        match (credential, scheme) {
            (Some(key), Some(scheme)) => {
                let info = &flight.session.info;
                let mut content = [info.client_random, info.server_random].concat();
                message.params.write(&mut content)?;
                let job = SignJob {
                    key,
                    scheme,
                    message: content,
                };
                let then = move |cx: &mut Cx<'_>, signature| {
                    let version = flight.session.version;
                    let message = ServerKeyExchange {
                        signed: Some(auth::signed(version, scheme, signature)),
                        ..message
                    };
                    flight.send(cx, Some(&message), half)
                };
                Ok(Park::Sign(job, Box::new(then)).into())
            }
            _ => {
                let empty = message.hint.is_none() && message.params == ServerParams::None;
                flight.send(cx, (!empty).then_some(&message), half)
            }
        }
    };
    kx12::begin(cx, &choice, user.as_deref(), Box::new(then))
}

/// Our flight, under way.
struct Flight {
    session: Session12,
    client_version: ProtocolVersion,
    next_protocol: bool,
    /// All of it so far; the ServerHello is in the transcript already.
    out: Vec<u8>,
}

impl Flight {
    fn add(&mut self, message: &[u8]) {
        self.session.transcript.add(message);
        self.out.extend_from_slice(message);
    }

    fn send(
        mut self,
        cx: &mut Cx<'_>,
        key_exchange: Option<&ServerKeyExchange>,
        half: Half,
    ) -> Result<Step, Error> {
        let mut rest = Vec::new();
        if let Some(message) = key_exchange {
            message.emit(&mut rest)?;
        }
        let asks = cx.config().verify_peer && asks_for_certificate(self.session.suite);
        if asks {
            certificate_request(cx.config(), self.session.version).emit(&mut rest)?;
        } else {
            self.session.transcript.drop_messages();
        }
        rest.extend(Empty::ServerHelloDone.bytes());
        self.add(&rest);
        cx.tx.handshake(&self.out)?;
        let wait = WaitClientKeyExchange {
            session: self.session,
            half,
            client_version: self.client_version,
            next_protocol: self.next_protocol,
        };
        Ok(match asks {
            true => WaitCertificate(wait).into(),
            false => wait.into(),
        })
    }
}

/// Suites without a signed key exchange by the server ask for none (RFC 5246 section 7.4.4), those with pre-shared keys or
/// passwords neither, as OTP has it.
fn asks_for_certificate(row: &SuiteRow) -> bool {
    use KeyExchange as K;
    matches!(row.kx, K::Ecdhe | K::Ecdh | K::Dhe | K::Rsa)
}

fn certificate_request(config: &Config, version: ProtocolVersion) -> CertificateRequest12 {
    let signing = |scheme: &SignatureScheme| schemes::signs(*scheme, ProtocolVersion::TLS12);
    let schemes = config.signature_algs.iter().copied().filter(signing);
    CertificateRequest12 {
        types: vec![
            CertificateType::ECDSA_SIGN,
            CertificateType::RSA_SIGN,
            CertificateType::DSS_SIGN,
        ],
        schemes: (version == ProtocolVersion::TLS12).then(|| schemes.collect()),
        authorities: config.certificate_authorities.clone().unwrap_or_default(),
    }
}

// ---- the client's flight ----

/// Asked for a certificate.
pub(crate) struct WaitCertificate(WaitClientKeyExchange);

impl WaitCertificate {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let mut next = self.0;
        expect(&message, HandshakeType::CERTIFICATE)?;
        let chain = auth::read_chain(message.body())?;
        next.session.transcript.add(message.raw());
        let Some((chain, leaf)) = chain else {
            if cx.config().fail_if_no_peer_cert {
                return Err(Offence::NoClientCertificate.into());
            }
            next.session.transcript.drop_messages();
            return Ok(next.into());
        };
        if !leaf.may_sign {
            return Err(Offence::CertificateMayNotSign.into());
        }
        next.session.info.peer_chain = Arc::clone(&chain);
        let job = ChainJob {
            role: Role::Server,
            chain,
            ocsp_response: None,
        };
        Ok(Park::VerifyChain(job, Box::new(move |_, ()| Ok(next.into()))).into())
    }
}

/// The certificate, if there is one, has come.
pub(crate) struct WaitClientKeyExchange {
    session: Session12,
    half: Half,
    client_version: ProtocolVersion,
    next_protocol: bool,
}

impl WaitClientKeyExchange {
    pub fn handle(self, _: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Self {
            mut session,
            half,
            client_version,
            next_protocol,
        } = self;
        expect(&message, HandshakeType::CLIENT_KEY_EXCHANGE)?;
        let row = session.suite;
        let exchange = ClientKeyExchange::parse(message.body(), client_shape(row))?;
        session.transcript.add(message.raw());
        let then = move |cx: &mut Cx<'_>, premaster| {
            let certified = !session.info.peer_chain.is_empty();
            let finishing = Finishing {
                keyed: session.agreed(cx, &premaster),
                next_protocol,
            };
            Ok(match certified {
                true => WaitCertificateVerify(finishing).into(),
                false => WaitChangeCipherSpec(finishing).into(),
            })
        };
        kx12::finish(half, row, client_version, exchange, Box::new(then))
    }
}

/// A certificate came: its key has to sign.
pub(crate) struct WaitCertificateVerify(Finishing);

impl WaitCertificateVerify {
    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let mut finishing = self.0;
        expect(&message, HandshakeType::CERTIFICATE_VERIFY)?;
        let session = &mut finishing.keyed.session;
        let signed = DigitallySigned::parse_certificate_verify(message.body(), session.version)?;
        let chain = &session.info.peer_chain;
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        let key = x509::leaf_info(leaf).map_err(|_| Offence::UndecodableCertificate)?;
        let content = session.transcript.signed_content();
        let job = auth::verify_job(
            cx.config(),
            session.version,
            signed,
            key.key,
            chain,
            content,
        )?;
        session.info.signature_scheme = Some(job.scheme);
        session.transcript.drop_messages();
        session.transcript.add(message.raw());
        let then = move |_: &mut Cx<'_>, ()| Ok(WaitChangeCipherSpec(finishing).into());
        Ok(Park::VerifySignature(job, Box::new(then)).into())
    }
}

/// Only change_cipher_spec and Finished are missing.
struct Finishing {
    keyed: Keyed12,
    /// NextProtocol comes before Finished.
    next_protocol: bool,
}

impl Finishing {
    fn state_name(&self) -> &'static str {
        match self.keyed.session.info.resumed {
            true => "abbreviated",
            false => "cipher",
        }
    }
}

/// The keys change.
pub(crate) struct WaitChangeCipherSpec(Finishing);

impl WaitChangeCipherSpec {
    pub fn name(&self) -> &'static str {
        self.0.state_name()
    }

    pub fn handle(self, _: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        Err(Error::UnexpectedMessage(message.msg_type()))
    }

    pub fn change_cipher_spec(self, cx: &mut Cx<'_>) -> Result<Step, Error> {
        let mut finishing = self.0;
        finishing.keyed.read_keys(cx)?;
        Ok(WaitFinished(finishing).into())
    }
}

/// The keys have changed.
pub(crate) struct WaitFinished(Finishing);

impl WaitFinished {
    pub fn name(&self) -> &'static str {
        self.0.state_name()
    }

    pub fn handle(self, cx: &mut Cx<'_>, message: HandshakeMessage) -> Result<Step, Error> {
        let Finishing {
            mut keyed,
            next_protocol,
        } = self.0;
        if next_protocol {
            expect(&message, HandshakeType::NEXT_PROTOCOL)?;
            let NextProtocol { protocol } = NextProtocol::parse(message.body())?;
            keyed.session.transcript.add(message.raw());
            keyed.session.info.alpn = Some(protocol);
            let next_protocol = false;
            return Ok(Self(Finishing {
                keyed,
                next_protocol,
            })
            .into());
        }
        keyed.check_finished(&message)?;
        if !keyed.session.info.resumed {
            keyed.send_finished(cx, &[])?;
        }
        keyed.done(cx)
    }
}
