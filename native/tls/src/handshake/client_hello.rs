//! What a client offers: one ClientHello for all versions that it speaks (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2,
//! and the RFCs of each extension).

use super::common12::in_scope;
use super::job::Share;
use super::negotiation::FragmentLength;
use super::Cx;
use crate::config::{Config, Npn};
use crate::connection::ClientParams;
use crate::crypto::suites::{suite, KeyExchange, SuiteRow};
use crate::enums::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::error::{Error, LocalFailure};
use crate::session::SavedSession;
use crate::wire::extension::{
    Extension, Extensions, KeyShare, KeyShareEntry, StatusRequest, Versions,
};
use crate::wire::hello::ClientHello;

const TLS13: ProtocolVersion = ProtocolVersion::TLS13;
const TLS12: ProtocolVersion = ProtocolVersion::TLS12;

/// The point format that everybody speaks, and the only one that we do (RFC 8422 section 5.1.2).
pub(super) const UNCOMPRESSED: u8 = 0;

/// What goes into a ClientHello, out of the configuration.
pub(super) struct Offer {
    /// Most preferred first.
    pub versions: Vec<ProtocolVersion>,
    /// Those that some of the versions can use, most preferred first.
    pub suites: Vec<&'static SuiteRow>,
    /// The session to resume (TLS 1.2 and before).
    pub session: Option<SavedSession>,
    /// RFC 5746 section 3.5: in a renegotiation, verify_data of our last Finished.
    pub renegotiation: Option<Vec<u8>>,
}

impl Offer {
    /// Of a connection's first handshake.
    pub fn first(config: &Config, params: &ClientParams) -> Result<Self, Error> {
        let offer = Self::new(config, config.versions.clone(), None)?;
        let session = params.session.clone();
        let session = session.filter(|session| offer.resumes(config, params, session));
        Ok(Self { session, ..offer })
    }

    /// Of a renegotiation, which keeps the version.
    pub fn again(
        config: &Config,
        version: ProtocolVersion,
        verify_data: Vec<u8>,
    ) -> Result<Self, Error> {
        Self::new(config, vec![version], Some(verify_data))
    }

    fn new(
        config: &Config,
        versions: Vec<ProtocolVersion>,
        renegotiation: Option<Vec<u8>>,
    ) -> Result<Self, Error> {
        let speaks = |row: &&SuiteRow| versions.iter().any(|version| row.speaks(*version));
        let suites: Vec<_> = config
            .cipher_suites
            .iter()
            .filter_map(|id| suite(*id))
            .filter(speaks)
            .collect();
        let offer = Self {
            versions,
            suites,
            session: None,
            renegotiation,
        };
        let groups = !offer.has(TLS13) || !config.groups.is_empty();
        if offer.suites.is_empty() || !groups {
            return Err(LocalFailure::Configuration.into());
        }
        Ok(offer)
    }

    pub fn has(&self, version: ProtocolVersion) -> bool {
        self.versions.contains(&version)
    }

    /// Is there a version before TLS 1.3?
    pub fn is_old(&self) -> bool {
        self.versions.iter().any(|version| *version < TLS13)
    }

    pub fn highest(&self) -> ProtocolVersion {
        self.versions.iter().copied().max().unwrap_or(TLS13)
    }

    fn has_suite(&self, of: impl Fn(&SuiteRow) -> bool) -> bool {
        self.suites.iter().any(|row| of(row))
    }

    /// May the session be resumed? Only by whom it was made for (CVE-2026-105236), and only what is offered today.
    fn resumes(&self, config: &Config, params: &ClientParams, session: &SavedSession) -> bool {
        let suite = |row: &SuiteRow| row.id == session.suite && row.speaks(session.version);
        !session.session_id.is_empty()
            && self.has(session.version)
            && session.version < TLS13
            && self.has_suite(suite)
            && in_scope(config, session, params.server_name.as_deref())
            // RFC 7627 section 5.3
            && (!session.extended_master_secret || config.extended_master_secret)
    }

    /// The message.
    pub fn hello(&self, cx: &mut Cx<'_>, shares: &[Share]) -> Result<ClientHello, Error> {
        let random = match self.has(TLS13) {
            true => cx.random()?,
            false => cx.timed_random()?,
        };
        let compatible = self.has(TLS13) && cx.config().middlebox_comp_mode;
        let session_id = match &self.session {
            Some(session) => session.session_id.clone(),
            None if compatible => cx.random()?.to_vec(),
            None => Vec::new(),
        };
        let config = cx.config();
        Ok(ClientHello {
            legacy_version: self.highest().min(TLS12).0,
            random,
            session_id,
            cipher_suites: self.suite_list(config),
            compression_methods: vec![0],
            extensions: self.extensions(config, cx.common.params.server_name.as_deref(), shares),
        })
    }

    fn suite_list(&self, config: &Config) -> Vec<CipherSuite> {
        let mut list = Vec::new();
        // RFC 5746 section 3.4: instead of an empty renegotiation_info, for servers that do not like extensions.
        if self.is_old() && self.renegotiation.is_none() {
            list.push(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
        }
        list.extend(self.suites.iter().map(|row| row.id));
        if config.fallback && self.renegotiation.is_none() {
            list.push(CipherSuite::TLS_FALLBACK_SCSV);
        }
        list
    }

    fn extensions(
        &self,
        config: &Config,
        server_name: Option<&[u8]>,
        shares: &[Share],
    ) -> Extensions {
        let mut list = Extensions::default();
        if let Some(name) = server_name {
            list.push(Extension::ServerName(Some(name.to_vec())));
        }
        if let Some(length) = config
            .max_fragment_length
            .and_then(FragmentLength::of_bytes)
        {
            list.push(Extension::MaxFragmentLength(length.code));
        }
        if config.status_request {
            list.push(Extension::StatusRequest(StatusRequest::ocsp()));
        }
        let groups = self.groups(config);
        if !groups.is_empty() {
            list.push(Extension::SupportedGroups(groups));
        }
        if self.has_suite(uses_curve) {
            list.push(Extension::EcPointFormats(vec![UNCOMPRESSED]));
        }
        if self.highest() >= TLS12 {
            list.push(Extension::SignatureAlgorithms(
                config.signature_algs.clone(),
            ));
            if let Some(schemes) = &config.signature_algs_cert {
                list.push(Extension::SignatureAlgorithmsCert(schemes.clone()));
            }
        }
        // Application protocols are settled by the first handshake, as OTP has it.
        let first = self.renegotiation.is_none();
        if let Some(protocols) = config.alpn.as_ref().filter(|_| first) {
            list.push(Extension::Alpn(protocols.clone()));
        }
        if self.is_old() {
            self.push_old(config, &mut list);
        }
        if self.has(TLS13) {
            self.push_tls13(config, shares, &mut list);
        }
        list
    }

    /// One list for all versions. As OTP has it, it is that of TLS 1.3 wherever TLS 1.3 is offered; before, `eccs`, if any
    /// suite uses a curve.
    fn groups(&self, config: &Config) -> Vec<NamedGroup> {
        if self.has(TLS13) {
            config.groups.clone()
        } else if self.has_suite(uses_curve) {
            let curves = config.curves.iter().copied();
            curves.filter(|group| group.is_curve()).collect()
        } else {
            Vec::new()
        }
    }

    fn push_old(&self, config: &Config, list: &mut Extensions) {
        if config.extended_master_secret {
            list.push(Extension::ExtendedMasterSecret(()));
        }
        if let Some(user) = &config.srp_identity {
            if self.has_suite(|row| row.kx == KeyExchange::Srp) {
                list.push(Extension::Srp(user.clone()));
            }
        }
        match &self.renegotiation {
            Some(verify_data) => list.push(Extension::RenegotiationInfo(verify_data.clone())),
            None => {
                if let Some(Npn::Choose { .. }) = config.npn {
                    list.push(Extension::NextProtocols(Vec::new()));
                }
            }
        }
    }

    fn push_tls13(&self, config: &Config, shares: &[Share], list: &mut Extensions) {
        if let Some(names) = config
            .certificate_authorities
            .as_ref()
            .filter(|names| !names.is_empty())
        {
            list.push(Extension::CertificateAuthorities(names.clone()));
        }
        let versions = self.versions.iter().map(|version| version.0);
        list.push(Extension::SupportedVersions(Versions::Offered(
            versions.collect(),
        )));
        list.push(Extension::KeyShare(offered_shares(shares)));
    }
}

/// Does the suite's key exchange use a curve of supported_groups (RFC 8422 section 5.1)?
fn uses_curve(row: &SuiteRow) -> bool {
    matches!(
        row.kx,
        KeyExchange::Ecdhe | KeyExchange::Ecdh | KeyExchange::EcdhAnon | KeyExchange::EcdhePsk
    )
}

/// The shares' public parts.
pub(super) fn offered_shares(shares: &[Share]) -> KeyShare {
    let entry = |share: &Share| KeyShareEntry {
        group: share.group,
        key_exchange: share.public.clone(),
    };
    KeyShare::Offered(shares.iter().map(entry).collect())
}
