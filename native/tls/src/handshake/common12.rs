//! What both sides of a handshake of TLS 1.0 to 1.2 have in common: the transcript, the change of keys, Finished, and what
//! is left when it is over (RFC 5246 sections 7.1, 7.4.9 and 8.1; RFC 5746; RFC 7627).
//!
//! `Session12` is carried by every state from the ServerHello on; with a master secret it becomes `Keyed12`.

use super::established::Established;
use super::{expect, Cx, Step};
use crate::config::Config;
use crate::connection::Info;
use crate::crypto;
use crate::crypto::hash::{Digest, HashAlg, HashContext};
use crate::crypto::sign::CertifiedKey;
use crate::crypto::suites::SuiteRow;
use crate::crypto::Secret;
use crate::enums::{HandshakeType, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::limits::MAX_SAVED_CHAIN;
use crate::query::{Event, Output};
use crate::record::HandshakeMessage;
use crate::schedule::tls12::{DirectionKeys, MasterSecret, Prf, VERIFY_DATA_LEN};
use crate::session::SavedSession;
use crate::wire::message::Finished;

/// The content of a Finished.
pub(super) type VerifyData = [u8; VERIFY_DATA_LEN];

// ---- transcript ----

/// The messages so far: hashed for Finished, and as they are for the CertificateVerify that may still come, whose hash is
/// another one.
pub(super) struct Transcript12 {
    context: HashContext,
    messages: Option<Vec<u8>>,
}

impl Transcript12 {
    /// Begins with the ClientHello, header included.
    pub fn new(hash: HashAlg, client_hello: &[u8]) -> Self {
        let mut context = hash.start();
        context.update(client_hello);
        Self {
            context,
            messages: Some(client_hello.to_vec()),
        }
    }

    /// One more message, or several, with their headers.
    pub fn add(&mut self, messages: &[u8]) {
        self.context.update(messages);
        if let Some(all) = &mut self.messages {
            all.extend_from_slice(messages);
        }
    }

    /// The hash up to here.
    pub fn current(&self) -> Digest {
        self.context.current()
    }

    /// No CertificateVerify comes any more.
    pub fn drop_messages(&mut self) {
        self.messages = None;
    }

    /// What a CertificateVerify signs (RFC 5246 section 7.4.8): all messages before it.
    pub fn signed_content(&self) -> Vec<u8> {
        self.messages.clone().unwrap_or_default()
    }
}

// ---- what went before ----

/// What a renegotiation is bound to (RFC 5746 section 3).
pub(crate) struct Previous {
    pub info: Box<Info>,
    pub client_verify_data: VerifyData,
    pub server_verify_data: VerifyData,
    /// The peer knows renegotiation_info. Others are not negotiated with again.
    pub secure: bool,
}

impl Previous {
    /// renegotiated_connection of a ClientHello.
    pub fn client_info(&self) -> Vec<u8> {
        self.client_verify_data.to_vec()
    }

    /// renegotiated_connection of a ServerHello.
    pub fn server_info(&self) -> Vec<u8> {
        [self.client_verify_data, self.server_verify_data].concat()
    }
}

// ---- the handshake under way ----

/// Version, suite and secrets are settled, or about to be.
pub(super) struct Session12 {
    pub role: Role,
    pub version: ProtocolVersion,
    pub suite: &'static SuiteRow,
    pub prf: Prf,
    pub transcript: Transcript12,
    /// Both randoms and `extended_master_secret` are set; what is found out later is added.
    pub info: Box<Info>,
    /// The peer knows renegotiation_info.
    pub secure_renegotiation: bool,
}

impl Session12 {
    /// A full handshake's master secret, when ClientKeyExchange is in the transcript.
    pub fn agreed(self, cx: &mut Cx<'_>, premaster: &Secret) -> Keyed12 {
        let master = if self.info.extended_master_secret {
            let session_hash = self.transcript.current();
            self.prf
                .extended_master_secret(premaster, session_hash.as_ref())
        } else {
            self.prf.master_secret(
                premaster,
                &self.info.client_random,
                &self.info.server_random,
            )
        };
        self.with_master(cx, master)
    }

    /// With the master secret of a session.
    pub fn with_master(self, cx: &mut Cx<'_>, master: MasterSecret) -> Keyed12 {
        let secret = Secret::from(&master.as_bytes()[..]);
        cx.key_log("CLIENT_RANDOM", &self.info.client_random, &secret);
        let block = self
            .prf
            .key_block(&master, &self.info.client_random, &self.info.server_random);
        let (write, read) = block.into_sides(self.role);
        Keyed12 {
            session: self,
            master,
            write: Some(write),
            read: Some(read),
            client_verify_data: VerifyData::default(),
            server_verify_data: VerifyData::default(),
        }
    }
}

/// There is a master secret; the keys made of it begin with each side's change_cipher_spec.
pub(super) struct Keyed12 {
    pub session: Session12,
    master: MasterSecret,
    write: Option<DirectionKeys>,
    read: Option<DirectionKeys>,
    client_verify_data: VerifyData,
    server_verify_data: VerifyData,
}

impl Keyed12 {
    /// Our change_cipher_spec, then, under the new keys, `between` (NextProtocol) and Finished.
    pub fn send_finished(&mut self, cx: &mut Cx<'_>, between: &[u8]) -> Result<(), Error> {
        let keys = self.write.take().ok_or(LocalFailure::Order)?;
        let beast = cx.common.config.beast_mitigation;
        cx.tx.change_cipher(keys, beast, &mut *cx.common.random)?;
        self.session.transcript.add(between);
        let verify_data = self.verify_data(self.session.role);
        let mut out = between.to_vec();
        let finished_at = out.len();
        Finished {
            verify_data: verify_data.to_vec(),
        }
        .emit(&mut out)?;
        self.session
            .transcript
            .add(out.get(finished_at..).unwrap_or_default());
        self.remember(self.session.role, verify_data);
        cx.tx.handshake(&out)
    }

    /// The peer's change_cipher_spec.
    pub fn read_keys(&mut self, cx: &mut Cx<'_>) -> Result<(), Error> {
        let aligned = cx.aligned()?;
        let keys = self
            .read
            .take()
            .ok_or(Offence::UnexpectedChangeCipherSpec)?;
        cx.reader
            .set_tls12(keys, cx.common.config.padding_check, aligned)?;
        Ok(())
    }

    /// The peer's Finished.
    pub fn check_finished(&mut self, message: &HandshakeMessage) -> Result<(), Error> {
        expect(message, HandshakeType::FINISHED)?;
        let peer = self.session.role.peer();
        let expected = self.verify_data(peer);
        let Finished { verify_data } = Finished::parse(message.body());
        if !crypto::eq(&verify_data, &expected) {
            return Err(Offence::BadFinished.into());
        }
        self.session.transcript.add(message.raw());
        self.remember(peer, expected);
        Ok(())
    }

    fn verify_data(&self, side: Role) -> VerifyData {
        let digest = self.session.transcript.current();
        self.session
            .prf
            .verify_data(&self.master, side, digest.as_ref())
    }

    fn remember(&mut self, side: Role, verify_data: VerifyData) {
        match side {
            Role::Client => self.client_verify_data = verify_data,
            Role::Server => self.server_verify_data = verify_data,
        }
    }

    /// Both Finished are through.
    pub fn done(self, cx: &mut Cx<'_>) -> Result<Step, Error> {
        if let Some(saved) = self.saved(cx) {
            cx.queue
                .push_back(Output::Event(Event::Session(Box::new(saved))));
        }
        let session = self.session;
        cx.common.params.session = None;
        cx.common.previous = Some(Box::new(Previous {
            info: session.info.clone(),
            client_verify_data: self.client_verify_data,
            server_verify_data: self.server_verify_data,
            secure: session.secure_renegotiation,
        }));
        let rest = Established::tls12(session.role, session.prf, self.master, &session.info);
        Ok(Step::Done(rest, session.info))
    }

    /// The session of a full handshake, if it has an id and may be kept.
    fn saved(&self, cx: &Cx<'_>) -> Option<SavedSession> {
        let info = &self.session.info;
        if info.resumed || !cx.config().reuse_sessions {
            return None;
        }
        saved_session(info, &self.master, cx.config())
    }
}

/// What must be known to resume the session of a connection. Without an id it cannot be, and one with certificates of unusual
/// length is not worth its place.
pub(crate) fn saved_session(
    info: &Info,
    master: &MasterSecret,
    config: &Config,
) -> Option<SavedSession> {
    let chain_len: usize = info.peer_chain.iter().map(Vec::len).sum();
    if info.session_id.is_empty() || chain_len > MAX_SAVED_CHAIN {
        return None;
    }
    Some(SavedSession {
        version: info.version,
        suite: info.cipher_suite,
        session_id: info.session_id.clone(),
        master_secret: Secret::from(&master.as_bytes()[..]),
        extended_master_secret: info.extended_master_secret,
        scope: config.session_scope.clone(),
        server_name: info.server_name.clone(),
        max_fragment_length: info.max_fragment_length,
        peer_chain: info.peer_chain.clone(),
        group: info.group,
        signature_scheme: info.signature_scheme,
        own_certificate: info
            .own_credential
            .and_then(|index| config.credentials.get(index))
            .map(|key| leaf_digest(key)),
        srp_username: info.srp_username.clone(),
    })
}

/// By which a session knows our own certificate again.
fn leaf_digest(key: &CertifiedKey) -> Vec<u8> {
    let leaf = key.chain.first().map(Vec::as_slice).unwrap_or_default();
    HashAlg::Sha256.hash(&[leaf]).as_ref().to_vec()
}

/// Which of our credentials the session was made with; `Err`: it is gone.
pub(super) fn own_credential(config: &Config, saved: &SavedSession) -> Result<Option<usize>, ()> {
    let Some(digest) = &saved.own_certificate else {
        return Ok(None);
    };
    let mut credentials = config.credentials.iter();
    let found = credentials.position(|key| leaf_digest(key) == *digest);
    found.map(Some).ok_or(())
}

/// Is `saved` a session of this configuration, for this host? It never resumes across hosts, verification settings or own
/// certificates (RFC 5246 section 7.4.1.2, RFC 6066 section 3).
pub(super) fn in_scope(config: &Config, saved: &SavedSession, server_name: Option<&[u8]>) -> bool {
    saved.server_name.as_deref() == server_name
        && crypto::eq(&saved.scope, &config.session_scope)
        && own_credential(config, saved).is_ok()
        && MasterSecret::from_bytes(saved.master_secret.as_ref()).is_some()
}
