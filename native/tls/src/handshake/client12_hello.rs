//! The hellos of a client of TLS 1.0 to 1.2 (RFC 5246 sections 7.4.1.2 and 7.4.1.3): what the server may answer, and what
//! follows from it. Whatever it chooses must have been offered (CVE-2026-55953).

use super::client12::{abbreviated, is_noise, Flight, WaitCertificate, WaitServerKeyExchange};
use super::client_hello::{Offer, UNCOMPRESSED};
use super::common12::{Previous, Session12, Transcript12};
use super::job::Park;
use super::negotiation::FragmentLength;
use super::{expect, renegotiation, Cx, Step};
use crate::config::{Config, Npn};
use crate::connection::Info;
use crate::crypto::suites::{suite, Authentication, KeyExchange, SuiteRow};
use crate::enums::{CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::query::ServerHelloInfo;
use crate::record::HandshakeMessage;
use crate::schedule::tls12::Prf;
use crate::session::SavedSession;
use crate::wire::extension::{Extensions, Offered};
use crate::wire::hello::{ClientHello, ServerHello};
use std::sync::Arc;

const TLS13: ProtocolVersion = ProtocolVersion::TLS13;
const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

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
            return Err(Offence::CompressionNotOffered.into());
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
            cx.set_max_fragment(bytes);
        }
        let flight = Flight {
            session,
            groups: self.sent.groups(),
            offered_version: ProtocolVersion(self.sent.hello.legacy_version),
            next_protocol,
        };
        if suite.auth == Authentication::None {
            renegotiation::same_server(cx, &[])?;
            return Ok(WaitServerKeyExchange::new(flight).into());
        }
        let stapling = self.extensions.status_request().is_some();
        Ok(WaitCertificate::new(flight, stapling).into())
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
