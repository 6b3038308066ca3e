//! Certificates and signatures before TLS 1.3, which both sides send and check alike (RFC 5246 sections 4.7, 7.4.2 and
//! 7.4.8, RFC 4346 section 7.4.3).

use super::credential::Selected;
use super::job::{SignJob, VerifyJob};
use crate::config::Config;
use crate::crypto::schemes;
use crate::crypto::sign::CertifiedKey;
use crate::enums::{ProtocolVersion, SignatureScheme};
use crate::error::{Error, Offence};
use crate::limits::MAX_CERTIFICATES;
use crate::wire::message12::{emit_certificate12, Certificate12, DigitallySigned};
use crate::x509::{self, KeyType, LeafInfo};
use std::sync::Arc;

/// A peer's chain and its leaf. `None`: the peer has none.
pub(super) type PeerChain = Option<(Arc<[Vec<u8>]>, LeafInfo)>;

/// Reads a Certificate message.
pub(super) fn read_chain(body: &[u8]) -> Result<PeerChain, Error> {
    let Certificate12 { chain } = Certificate12::parse(body, MAX_CERTIFICATES)?;
    let Some(leaf) = chain.first() else {
        return Ok(None);
    };
    let leaf = x509::leaf_info(leaf).map_err(|_| Offence::UndecodableCertificate)?;
    if chain.iter().any(|certificate| x509::is_bomb(certificate)) {
        return Err(Offence::UndecodableCertificate.into());
    }
    Ok(Some((chain.into(), leaf)))
}

/// Our Certificate message; without a key the empty one.
pub(super) fn certificate(key: Option<&CertifiedKey>) -> Result<Vec<u8>, Error> {
    let chain = key.map(|key| key.chain.as_slice()).unwrap_or_default();
    let mut out = Vec::new();
    emit_certificate12(chain, &mut out)?;
    Ok(out)
}

/// The job that checks the peer's signature over `content` by the key of its certificate. Only what we have offered, or
/// asked for, is taken.
pub(super) fn verify_job(
    config: &Config,
    version: ProtocolVersion,
    signed: DigitallySigned,
    key: KeyType,
    chain: &[Vec<u8>],
    content: Vec<u8>,
) -> Result<VerifyJob, Error> {
    let scheme = match signed.scheme {
        Some(scheme) => Some(scheme).filter(|scheme| config.signature_algs.contains(scheme)),
        None => schemes::fallback(key, version),
    };
    let fits = |scheme: &SignatureScheme| {
        schemes::signs(*scheme, version)
            && schemes::row(*scheme).is_some_and(|row| row.fits(key, version))
    };
    let scheme = scheme.filter(fits).ok_or(Offence::WrongSignatureScheme)?;
    Ok(VerifyJob {
        version,
        scheme,
        certificate: chain.first().cloned().unwrap_or_default(),
        message: content,
        signature: signed.signature,
    })
}

/// The job that signs `content`.
pub(super) fn sign_job(selected: &Selected, content: Vec<u8>) -> SignJob {
    SignJob {
        key: Arc::clone(&selected.key),
        scheme: selected.scheme,
        message: content,
    }
}

/// A signature of ours, as messages have it.
pub(super) fn signed(
    version: ProtocolVersion,
    scheme: SignatureScheme,
    signature: Vec<u8>,
) -> DigitallySigned {
    DigitallySigned {
        scheme: (version >= ProtocolVersion::TLS12).then_some(scheme),
        signature,
    }
}
