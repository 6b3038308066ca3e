//! A server's choices out of a ClientHello of TLS 1.0 to 1.2 (RFC 5246 section 7.4.1, RFC 8422 section 4, RFC 4279 section 2,
//! RFC 5054 section 2.5), in the order that OTP makes them: the first of our certificates that has a suite in common with
//! the client, and of these suites the first by the client's order or ours.

use super::codes::in_common;
use super::credential::chain_fits;
use super::premaster::uses_psk;
use crate::config::Config;
use crate::crypto::schemes;
use crate::crypto::sign::CertifiedKey;
use crate::crypto::suites::{suite, Authentication, KeyExchange, SuiteRow};
use crate::enums::{NamedGroup, ProtocolVersion, SignatureScheme};
use crate::error::Offence;
use crate::wire::hello::ClientHello;
use crate::x509::KeyType;
use std::sync::Arc;

/// What was chosen for a full handshake.
pub(super) struct Choice12 {
    pub suite: &'static SuiteRow,
    /// For the key exchange; of static ECDH that of the certificate.
    pub group: Option<NamedGroup>,
    /// The certificate, unless the suite has none.
    pub credential: Option<Credential12>,
}

/// A certificate of ours in its use.
pub(super) struct Credential12 {
    /// Which of `Config::credentials`.
    pub index: usize,
    pub key: Arc<CertifiedKey>,
    /// How it signs ServerKeyExchange, if the suite wants that.
    pub scheme: Option<SignatureScheme>,
}

/// Does the suite's key exchange need a curve?
pub(super) fn uses_curve(row: &SuiteRow) -> bool {
    use KeyExchange as K;
    matches!(row.kx, K::Ecdhe | K::EcdhePsk | K::EcdhAnon)
}

/// Chooses, or says why nothing fits.
pub(super) fn choose(
    config: &Config,
    hello: &ClientHello,
    version: ProtocolVersion,
) -> Result<Choice12, Offence> {
    let extensions = &hello.extensions;
    let offered = extensions.signature_algorithms();
    let chooser = Chooser {
        config,
        hello,
        version,
        curve: choose_curve(config, extensions.groups()),
        schemes: offered.map(|offered| in_common(offered, &config.signature_algs, |s| s.0)),
    };
    let suites = chooser.suites();
    let mut credentials = config.credentials.iter().enumerate();
    let certified = credentials.find_map(|(index, key)| {
        let own = chooser.own(index, key);
        suites.iter().find_map(|row| chooser.with(row, &own))
    });
    let choice = certified.or_else(|| suites.iter().find_map(|row| chooser.without(row)));
    choice.ok_or(Offence::NoSharedCipher)
}

/// A certificate of ours, and what of it does not depend on the suite.
struct Own<'a> {
    index: usize,
    key: &'a Arc<CertifiedKey>,
    /// Can the client verify how it is signed?
    verified: bool,
    /// How it signs for the client.
    scheme: Option<SignatureScheme>,
}

struct Chooser<'a> {
    config: &'a Config,
    hello: &'a ClientHello,
    version: ProtocolVersion,
    curve: Option<NamedGroup>,
    /// Of signature_algorithms, those that we allow. `None`: there is no such extension.
    schemes: Option<Vec<SignatureScheme>>,
}

impl Chooser<'_> {
    /// The common suites whose key exchange is possible, whatever the certificate.
    fn suites(&self) -> Vec<&'static SuiteRow> {
        let (ours, theirs) = (&self.config.cipher_suites, &self.hello.cipher_suites);
        let (first, second) = match self.config.honor_cipher_order {
            true => (ours, theirs),
            false => (theirs, ours),
        };
        let common = in_common(first, second, |id| id.0).into_iter();
        common
            .filter_map(suite)
            .filter(|row| row.speaks(self.version) && self.is_possible(row))
            .collect()
    }

    fn is_possible(&self, row: &SuiteRow) -> bool {
        use KeyExchange as K;
        // As OTP has it: without a common curve suites of EC certificates fall out, but not ECDHE with others, which fails if
        // it comes first.
        let curve = match (row.kx, row.auth) {
            (K::Ecdh, _) | (K::Ecdhe, Authentication::Ecdsa) => self.curve.is_some(),
            _ => true,
        };
        let dh = !matches!(row.kx, K::Dhe | K::DhePsk | K::DhAnon) || self.config.dh.is_some();
        let users = !(uses_psk(row) || row.kx == K::Srp) || self.config.user_lookup;
        let name = row.kx != K::Srp || self.hello.extensions.srp().is_some();
        row.kx != K::Tls13 && curve && dh && users && name
    }

    fn without(&self, row: &'static SuiteRow) -> Option<Choice12> {
        (row.auth == Authentication::None).then(|| Choice12 {
            suite: row,
            group: self.curve.filter(|_| uses_curve(row)),
            credential: None,
        })
    }

    fn own<'k>(&self, index: usize, key: &'k Arc<CertifiedKey>) -> Own<'k> {
        Own {
            index,
            key,
            verified: self.client_verifies(key),
            scheme: self.scheme(key),
        }
    }

    /// The suite with a certificate of ours, if both fit. With a certificate at hand suites without one are possible too.
    fn with(&self, row: &'static SuiteRow, own: &Own<'_>) -> Option<Choice12> {
        use KeyExchange as K;
        let key = own.key;
        if row.auth == Authentication::None {
            return self.without(row);
        }
        // RFC 5246 section 7.4.2: since TLS 1.2 the name of a suite says nothing about how the certificate is signed.
        let named = self.version == ProtocolVersion::TLS12 || issued_by(key, row.auth);
        if !fits_key(row, key) || !named || !own.verified {
            return None;
        }
        let signs = matches!(row.kx, K::Ecdhe | K::Dhe | K::Srp);
        let scheme = match signs {
            true => Some(own.scheme?),
            false => None,
        };
        let group = match (row.kx, key.leaf.key) {
            (K::Ecdh, KeyType::Ec(curve)) => Some(curve.before_tls13()),
            _ => self.curve.filter(|_| uses_curve(row)),
        };
        Some(Choice12 {
            suite: row,
            group,
            credential: Some(Credential12 {
                index: own.index,
                key: Arc::clone(key),
                scheme,
            }),
        })
    }

    /// RFC 5246 section 7.4.2: the certificate is signed as the client lists it. Before TLS 1.2 nobody lists anything.
    fn client_verifies(&self, key: &CertifiedKey) -> bool {
        let extensions = &self.hello.extensions;
        match extensions.signature_algorithms() {
            Some(schemes) if self.version == ProtocolVersion::TLS12 => {
                let listed = extensions.signature_algorithms_cert();
                chain_fits(key, listed.unwrap_or(schemes))
            }
            _ => true,
        }
    }

    /// How a key of ours signs: in TLS 1.2 the first scheme, in the client's order, that we allow and the key can make.
    fn scheme(&self, key: &CertifiedKey) -> Option<SignatureScheme> {
        match &self.schemes {
            Some(schemes) if self.version == ProtocolVersion::TLS12 => {
                let mut schemes = schemes.iter().copied();
                schemes.find(|scheme| key.key.signs(*scheme, self.version))
            }
            _ => schemes::fallback(key.leaf.key, self.version),
        }
    }
}

/// Is the certificate good for the suite's key exchange?
fn fits_key(row: &SuiteRow, key: &CertifiedKey) -> bool {
    use Authentication as A;
    use KeyExchange as K;
    let leaf = &key.leaf;
    match (row.kx, row.auth, leaf.key) {
        (K::Rsa | K::RsaPsk, A::Rsa, KeyType::Rsa) => leaf.may_encipher,
        // As OTP has it, keyUsage counts for one of the two only.
        (K::Ecdh, auth, KeyType::Ec(_)) => leaf.may_agree || auth == A::Rsa,
        (_, A::Rsa, KeyType::Rsa | KeyType::RsaPss(_))
        | (_, A::Ecdsa, KeyType::Ec(_))
        | (_, A::Dss, KeyType::Dsa) => {
            leaf.may_sign && !matches!(row.kx, K::Rsa | K::RsaPsk | K::Ecdh)
        }
        _ => false,
    }
}

/// Is the certificate signed as the suite's name has it (RFC 4346 section 7.4.2, RFC 4492 section 2)?
fn issued_by(key: &CertifiedKey, auth: Authentication) -> bool {
    use schemes::Algorithm as S;
    let row = key.leaf.signature_scheme.and_then(schemes::row);
    match row.map(|row| row.algorithm) {
        Some(S::RsaPkcs1 | S::RsaPssRsae | S::RsaPssPss) => auth == Authentication::Rsa,
        Some(S::Ecdsa(_)) => auth == Authentication::Ecdsa,
        Some(S::Dsa) => auth == Authentication::Dss,
        // TLS has no name for it: nobody can say that it does not fit.
        _ => true,
    }
}

/// The common curve, by the client's order or ours. A client that lists none can take P-256 (RFC 8422 section 4).
fn choose_curve(config: &Config, offered: Option<&[NamedGroup]>) -> Option<NamedGroup> {
    let Some(offered) = offered else {
        let mut ours = config.curves.iter().copied();
        return ours.find(|curve| *curve == NamedGroup::SECP256R1);
    };
    let (first, second) = match config.honor_ecc_order {
        true => (config.curves.as_slice(), offered),
        false => (offered, config.curves.as_slice()),
    };
    let mut common = in_common(first, second, |group| group.0).into_iter();
    common.find(|group| group.is_curve())
}
