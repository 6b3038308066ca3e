//! Certificate, CertificateVerify and Finished, which both sides send and check alike (RFC 8446 section 4.4).

use super::credential::{signs_tls13, Selected};
use super::job::VerifyJob;
use super::Cx;
use crate::crypto::hash::Digest;
use crate::crypto::sign::CertifiedKey;
use crate::crypto::{self, Secret};
use crate::enums::{ProtocolVersion, Role, SignatureScheme};
use crate::error::{Error, Offence};
use crate::limits::MAX_CERTIFICATES;
use crate::schedule::tls13::TrafficSecret;
use crate::wire::extension::{Extensions, Offered, StatusRequest};
use crate::wire::message::{emit_certificate, Certificate, CertificateVerify, Finished};
use crate::x509;
use std::sync::Arc;

/// What a CertificateVerify signs (RFC 8446 section 4.4.3).
pub(super) fn signed_content(signer: Role, transcript: &Digest) -> Vec<u8> {
    let context: &[u8] = match signer {
        Role::Server => b"TLS 1.3, server CertificateVerify\0",
        Role::Client => b"TLS 1.3, client CertificateVerify\0",
    };
    [&[0x20; 64], context, transcript.as_ref()].concat()
}

/// The peer's chain and what stood beside it.
pub(super) struct PeerCertificate {
    /// Empty: the peer has none.
    pub chain: Arc<[Vec<u8>]>,
    pub ocsp_response: Option<Vec<u8>>,
}

/// Reads a Certificate message of the handshake; its extensions must answer to those `offered`.
pub(super) fn read_certificate(body: &[u8], offered: &Offered) -> Result<PeerCertificate, Error> {
    let message = Certificate::parse(body, MAX_CERTIFICATES, offered)?;
    if !message.context.is_empty() {
        return Err(Offence::CertificateContext.into());
    }
    let ocsp_response =
        message
            .entries
            .first()
            .and_then(|leaf| match leaf.extensions.status_request() {
                Some(StatusRequest::Response(response)) => Some(response.clone()),
                _ => None,
            });
    let chain: Arc<[Vec<u8>]> = message
        .entries
        .into_iter()
        .map(|entry| entry.certificate)
        .collect();
    if let Some(leaf) = chain.first() {
        let leaf = x509::leaf_info(leaf).map_err(|_| Offence::UndecodableCertificate)?;
        if !leaf.may_sign {
            return Err(Offence::CertificateMayNotSign.into());
        }
    }
    if chain.iter().any(|certificate| x509::is_bomb(certificate)) {
        return Err(Offence::UndecodableCertificate.into());
    }
    Ok(PeerCertificate {
        chain,
        ocsp_response,
    })
}

/// Reads the peer's CertificateVerify over `transcript`.
pub(super) fn read_certificate_verify(
    cx: &Cx<'_>,
    body: &[u8],
    signer: Role,
    transcript: &Digest,
    chain: &[Vec<u8>],
) -> Result<VerifyJob, Error> {
    let message = CertificateVerify::parse(body)?;
    if !signs_tls13(message.scheme) || !cx.config().signature_algs.contains(&message.scheme) {
        return Err(Offence::WrongSignatureScheme.into());
    }
    Ok(VerifyJob {
        version: ProtocolVersion::TLS13,
        scheme: message.scheme,
        certificate: chain.first().cloned().unwrap_or_default(),
        message: signed_content(signer, transcript),
        signature: message.signature,
    })
}

/// Checks the peer's Finished over `transcript`.
pub(super) fn check_finished(
    body: &[u8],
    secret: &TrafficSecret,
    transcript: &Digest,
) -> Result<(), Error> {
    let expected = secret.finished(transcript);
    let message = Finished::parse(body);
    if crypto::eq(&message.verify_data, expected.as_ref()) {
        Ok(())
    } else {
        Err(Offence::BadFinished.into())
    }
}

/// Our Finished over `transcript`.
pub(super) fn finished(secret: &TrafficSecret, transcript: &Digest) -> Result<Vec<u8>, Error> {
    let verify_data = secret.finished(transcript).as_ref().to_vec();
    let mut out = Vec::new();
    Finished { verify_data }.emit(&mut out)?;
    Ok(out)
}

/// Our Certificate message; without a key the empty one.
pub(super) fn certificate(key: Option<&CertifiedKey>) -> Result<Vec<u8>, Error> {
    let none = Extensions::default();
    let chain = key.map(|key| key.chain.as_slice()).unwrap_or_default();
    let mut out = Vec::new();
    emit_certificate(
        &[],
        chain
            .iter()
            .map(|certificate| (certificate.as_slice(), &none)),
        &mut out,
    )?;
    Ok(out)
}

/// Our CertificateVerify.
pub(super) fn certificate_verify(
    scheme: SignatureScheme,
    signature: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    CertificateVerify { scheme, signature }.emit(&mut out)?;
    Ok(out)
}

/// The job that makes our signature over `transcript`.
pub(super) fn sign_job(
    selected: &Selected,
    signer: Role,
    transcript: &Digest,
) -> super::job::SignJob {
    super::job::SignJob {
        key: Arc::clone(&selected.key),
        scheme: selected.scheme,
        message: signed_content(signer, transcript),
    }
}

/// Key log lines of a pair of traffic secrets, client's first.
pub(super) fn log_pair(
    cx: &mut Cx<'_>,
    labels: [&'static str; 2],
    client_random: &[u8; 32],
    secrets: [&Secret; 2],
) {
    for (label, secret) in labels.into_iter().zip(secrets) {
        cx.key_log(label, client_random, secret);
    }
}
