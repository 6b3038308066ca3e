//! Which certificate, and which signature scheme (RFC 8446 sections 4.2.3, 4.2.4, 4.4.2.2 and 4.4.2.3; RFC 5246 section 7.4.6
//! for clients before TLS 1.3).

use super::codes::in_common;
use crate::config::Config;
use crate::crypto::schemes;
use crate::crypto::sign::CertifiedKey;
use crate::enums::{ProtocolVersion, Role, SignatureScheme};
use crate::wire::message12::CertificateType;
use crate::x509::{self, KeyType};
use std::sync::Arc;

/// The choice.
pub(super) struct Selected {
    /// Which of `Config::credentials`.
    pub index: usize,
    pub key: Arc<CertifiedKey>,
    pub scheme: SignatureScheme,
}

/// What the peer can take.
pub(super) struct Wanted<'a> {
    /// Of signature_algorithms those that we allow, in the peer's order.
    schemes: Vec<SignatureScheme>,
    /// signature_algorithms_cert, or the same as signature_algorithms
    schemes_cert: &'a [SignatureScheme],
    /// certificate_authorities
    authorities: &'a [Vec<u8>],
}

impl<'a> Wanted<'a> {
    /// Out of the extensions of those names.
    pub fn new(
        config: &Config,
        schemes: &'a [SignatureScheme],
        schemes_cert: Option<&'a [SignatureScheme]>,
        authorities: Option<&'a [Vec<u8>]>,
    ) -> Self {
        Self {
            schemes: in_common(schemes, &config.signature_algs, |scheme| scheme.0),
            schemes_cert: schemes_cert.unwrap_or(schemes),
            authorities: authorities.unwrap_or_default(),
        }
    }
}

/// May the scheme sign TLS 1.3 messages? (RFC 8446 section 4.2.3; PKCS#1 v1.5 and SHA-1 are for certificates only.)
pub(super) fn signs_tls13(scheme: SignatureScheme) -> bool {
    schemes::signs(scheme, ProtocolVersion::TLS13)
}

/// The first of our credentials, in our order, that the peer can take. Certificates of the authorities it names come
/// before others. A server whose certificates are all signed in ways that the client does not list sends one of them
/// nevertheless, but none signed with SHA-1 (RFC 8446 section 4.4.2.2). A client sends none then (section 4.4.2.3), and
/// where no authority that the server names issued anything of the chain only a certificate that comes alone, whose
/// issuers the server may find itself (section 4.2.4: the names guide the choice).
pub(super) fn select(config: &Config, role: Role, wanted: &Wanted<'_>) -> Option<Selected> {
    let first = |suits: &dyn Fn(&CertifiedKey) -> bool| {
        let mut candidates = config.credentials.iter().enumerate();
        candidates.find_map(|(index, key)| {
            if !suits(key) {
                return None;
            }
            let scheme = scheme(key, wanted)?;
            let key = Arc::clone(key);
            Some(Selected { index, key, scheme })
        })
    };
    let named = |key: &CertifiedKey| issued_by(key, wanted.authorities);
    let fits = |key: &CertifiedKey| chain_fits(key, wanted.schemes_cert);
    let unnamed = |key: &CertifiedKey| match role {
        Role::Server => true,
        Role::Client => wanted.authorities.is_empty() || key.chain.len() == 1,
    };
    first(&|key| named(key) && fits(key))
        .or_else(|| first(&|key| unnamed(key) && fits(key)))
        .or_else(|| match role {
            Role::Server => first(&|key| !signed_with_sha1(key)),
            Role::Client => None,
        })
}

/// Could one of our keys sign for the peer, whatever its certificate is signed with?
pub(super) fn can_sign(config: &Config, wanted: &Wanted<'_>) -> bool {
    let mut keys = config.credentials.iter();
    keys.any(|key| scheme(key, wanted).is_some())
}

/// The first scheme, in the peer's order, that we allow and the key can make.
fn scheme(key: &CertifiedKey, wanted: &Wanted<'_>) -> Option<SignatureScheme> {
    wanted
        .schemes
        .iter()
        .copied()
        .find(|scheme| signs_tls13(*scheme) && key.key.signs(*scheme, ProtocolVersion::TLS13))
}

/// What a server before TLS 1.3 asks a client for.
pub(super) struct WantedOld<'a> {
    pub version: ProtocolVersion,
    /// certificate_types
    pub types: &'a [CertificateType],
    /// supported_signature_algorithms; `None` before TLS 1.2.
    pub schemes: Option<&'a [SignatureScheme]>,
    /// certificate_authorities
    pub authorities: &'a [Vec<u8>],
}

/// A client's credential before TLS 1.3: the first, in our order, that the server can take. Certificates of the authorities
/// it names come before others, which, as OTP has it, are sent nevertheless: the server may know their issuers.
pub(super) fn select_old(config: &Config, wanted: &WantedOld<'_>) -> Option<Selected> {
    let first = |named: bool| {
        let mut candidates = config.credentials.iter().enumerate();
        candidates.find_map(|(index, key)| {
            if named && !issued_by(key, wanted.authorities) {
                return None;
            }
            let scheme = scheme_old(config, key, wanted)?;
            let key = Arc::clone(key);
            Some(Selected { index, key, scheme })
        })
    };
    first(true).or_else(|| first(false))
}

fn scheme_old(
    config: &Config,
    key: &CertifiedKey,
    wanted: &WantedOld<'_>,
) -> Option<SignatureScheme> {
    let kind = match key.leaf.key {
        KeyType::Rsa | KeyType::RsaPss(_) => CertificateType::RSA_SIGN,
        KeyType::Ec(_) | KeyType::Ed25519 | KeyType::Ed448 => CertificateType::ECDSA_SIGN,
        KeyType::Dsa => CertificateType::DSS_SIGN,
        KeyType::MlDsa(_) | KeyType::Other => return None,
    };
    if !wanted.types.is_empty() && !wanted.types.contains(&kind) {
        return None;
    }
    let makes = |scheme: &SignatureScheme| key.key.signs(*scheme, wanted.version);
    let Some(schemes) = wanted.schemes else {
        return schemes::fallback(key.leaf.key, wanted.version).filter(makes);
    };
    if !chain_fits(key, schemes) {
        return None;
    }
    let theirs = in_common(schemes, &config.signature_algs, |scheme| scheme.0);
    theirs.into_iter().find(makes)
}

/// Can the peer verify how the leaf is signed? As OTP has it, RSA signatures differ by their hash only: who verifies PSS
/// verifies PKCS#1 v1.5. A certificate signed with PSS does not tell whether its issuer's key is of the kind rsae or pss.
pub(super) fn chain_fits(key: &CertifiedKey, schemes: &[SignatureScheme]) -> bool {
    use SignatureScheme as S;
    let Some(scheme) = key.leaf.signature_scheme else {
        return true;
    };
    let also = match scheme {
        S::RSA_PKCS1_SHA256 => S::RSA_PSS_RSAE_SHA256,
        S::RSA_PKCS1_SHA384 => S::RSA_PSS_RSAE_SHA384,
        S::RSA_PKCS1_SHA512 => S::RSA_PSS_RSAE_SHA512,
        S::RSA_PSS_RSAE_SHA256 => S::RSA_PSS_PSS_SHA256,
        S::RSA_PSS_RSAE_SHA384 => S::RSA_PSS_PSS_SHA384,
        S::RSA_PSS_RSAE_SHA512 => S::RSA_PSS_PSS_SHA512,
        other => other,
    };
    schemes.contains(&scheme) || schemes.contains(&also)
}

fn signed_with_sha1(key: &CertifiedKey) -> bool {
    use SignatureScheme as S;
    matches!(
        key.leaf.signature_scheme,
        Some(S::RSA_PKCS1_SHA1 | S::ECDSA_SHA1)
    )
}

/// Is a certificate of the chain issued by one of the authorities?
fn issued_by(key: &CertifiedKey, authorities: &[Vec<u8>]) -> bool {
    if authorities.is_empty() {
        return false;
    }
    key.chain.iter().any(|certificate| {
        x509::issuer(certificate)
            .is_some_and(|issuer| authorities.iter().any(|name| name == issuer))
    })
}
