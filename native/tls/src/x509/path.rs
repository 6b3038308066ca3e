//! Native validation of certificate paths (RFC 5280 section 6.1), for the ordinary case only.
//!
//! Ordinary is: a chain in order, ending below or at a self-signed anchor; version 3; no name constraints, no policies
//! that constrain; RSA, ECDSA, Ed25519 or ML-DSA with SHA-2. Each rule is at least as strict as the one of OTP's `public_key`
//! and `ssl` (pkix_path_validation, ssl_certificate:validate, pkix_verify_hostname without options); where OTP is
//! stricter than the RFC (an anchor past its validity, serverAuth on CAs that have an EKU) so is this. No search takes
//! place, so the work is linear in the chain, which is limited.

use super::certificate::{Certificate, Extension, Spki};
use super::der::{self, Reader};
use super::extensions;
use super::leaf::scheme_of_algorithm;
use super::store::{Anchor, TrustStore};
use super::X509Error;
use crate::config::NativeVerify;
use crate::crypto::verify::certificate_algorithm;
use crate::enums::SignatureScheme;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;

/// Certificates in a chain, the root included if it was sent. OTP's default depth is 10.
const MAX_CHAIN: usize = 12;

/// Anchors of one name that are tried.
const MAX_ANCHORS: usize = 4;

/// Policies in one certificate.
const MAX_POLICIES: usize = 8;

/// Names in one subjectAltName.
const MAX_ALT_NAMES: usize = 1024;

/// Whom the leaf must be issued to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// A host name: equal to a dNSName but for ASCII case. No wildcards, no common name.
    Dns(&'a [u8]),
    /// An address of 4 or 16 bytes.
    Ip(&'a [u8]),
}

/// Not accepted natively; `public_key` decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// No certificate, too many, or one twice.
    ChainLength,
    /// A certificate or an extension does not parse.
    Malformed,
    /// A certificate is too large.
    TooLarge,
    /// Version 1 or 2, or unique identifiers.
    OldVersion,
    /// Attributes of a name are encoded in an unusual way.
    UnusualName,
    /// The leaf is self-signed.
    SelfSigned,
    /// A certificate's issuer is not the next one's subject.
    NotInOrder,
    /// No anchor of the issuer's name, or none that signed.
    UnknownIssuer,
    /// A certificate or an anchor is not valid now.
    NotValidNow,
    /// The signature algorithm is not among the allowed ones, or not known here.
    SignatureAlgorithm,
    /// A signature is wrong.
    BadSignature,
    /// basicConstraints: a CA is none, or the leaf is one.
    BasicConstraints,
    /// pathLenConstraint or the allowed depth is exceeded.
    PathLength,
    /// keyUsage does not allow this use.
    KeyUsage,
    /// extKeyUsage does not allow this use.
    ExtKeyUsage,
    /// A critical extension that is not handled here.
    CriticalExtension,
    /// Name constraints or policy constraints.
    Constrained,
    /// authorityKeyIdentifier names another certificate.
    AuthorityKeyId,
    /// The leaf is not issued to the name.
    NameMismatch,
}

impl From<X509Error> for Rejected {
    fn from(error: X509Error) -> Self {
        match error {
            X509Error::Malformed => Self::Malformed,
            X509Error::TooLarge => Self::TooLarge,
        }
    }
}

/// Which side's certificate is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Server,
    Client,
}

/// A client verifies the server's chain (leaf first). `schemes`: what certificates may be signed with
/// (signature_algorithms_cert, or else signature_algorithms). `now`: Unix seconds.
pub fn verify_server_chain<C: AsRef<[u8]>>(
    config: &NativeVerify,
    schemes: &[SignatureScheme],
    chain: &[C],
    name: Option<Name<'_>>,
    now: u64,
) -> Result<(), Rejected> {
    verify_chain(config, schemes, chain, Purpose::Server, name, now)
}

/// A server verifies the client's chain (leaf first); otherwise as `verify_server_chain`.
pub fn verify_client_chain<C: AsRef<[u8]>>(
    config: &NativeVerify,
    schemes: &[SignatureScheme],
    chain: &[C],
    now: u64,
) -> Result<(), Rejected> {
    verify_chain(config, schemes, chain, Purpose::Client, None, now)
}

fn verify_chain<C: AsRef<[u8]>>(
    config: &NativeVerify,
    schemes: &[SignatureScheme],
    chain: &[C],
    purpose: Purpose,
    name: Option<Name<'_>>,
    now: u64,
) -> Result<(), Rejected> {
    if chain.is_empty() || chain.len() > MAX_CHAIN {
        return Err(Rejected::ChainLength);
    }
    let mut path = Vec::with_capacity(chain.len());
    for der in chain {
        let der = der.as_ref();
        if path.iter().any(|known: &Certificate<'_>| known.der == der) {
            return Err(Rejected::ChainLength);
        }
        path.push(Certificate::parse(der)?);
    }
    let anchors = anchors(&config.store, &mut path, now)?;
    let [leaf, intermediates @ ..] = path.as_slice() else {
        return Err(Rejected::SelfSigned);
    };

    // Everything that costs little comes before the signatures.
    check_leaf(leaf, purpose, name)?;
    for (below, intermediate) in intermediates.iter().enumerate() {
        check_ca(intermediate, purpose, below)?;
    }
    if intermediates.len() > config.depth {
        return Err(Rejected::PathLength);
    }
    for certificate in &path {
        check_common(certificate, schemes, now)?;
    }
    for (subject, issuer) in path.iter().zip(intermediates) {
        if subject.issuer != issuer.subject {
            return Err(Rejected::NotInOrder);
        }
    }

    for (subject, issuer) in path.iter().zip(intermediates) {
        check_signature(subject, &issuer.spki)?;
    }
    let top = path.last().ok_or(Rejected::ChainLength)?;
    check_anchored(top, &anchors, intermediates.len())
}

/// The anchors that may stand above the path. If the chain ends with an anchor itself that is taken off.
fn anchors<'s>(
    store: &'s TrustStore,
    path: &mut Vec<Certificate<'_>>,
    now: u64,
) -> Result<Vec<&'s Anchor>, Rejected> {
    let last = path.last().ok_or(Rejected::ChainLength)?;
    let name = last.issuer;
    let mut anchors: Vec<&Anchor> = Vec::new();
    for anchor in store.with_subject(name) {
        if anchors.len() == MAX_ANCHORS {
            return Err(Rejected::UnknownIssuer);
        }
        // `public_key` might choose another one of the same name than we: all must do.
        if !anchor.is_usable() {
            return Err(Rejected::UnknownIssuer);
        }
        if !anchor.is_valid_at(now) {
            return Err(Rejected::NotValidNow);
        }
        anchors.push(anchor);
    }
    if last.is_self_issued() {
        let root = last.der;
        anchors.retain(|anchor| anchor.der() == root);
        path.pop();
    }
    match (anchors.is_empty(), path.is_empty()) {
        (_, true) => Err(Rejected::SelfSigned),
        (true, _) => Err(Rejected::UnknownIssuer),
        _ => Ok(anchors),
    }
}

fn check_leaf(
    leaf: &Certificate<'_>,
    purpose: Purpose,
    name: Option<Name<'_>>,
) -> Result<(), Rejected> {
    if leaf.is_self_issued() {
        return Err(Rejected::SelfSigned);
    }
    if extensions::basic_constraints(leaf)?.is_some_and(|constraints| constraints.ca) {
        return Err(Rejected::BasicConstraints);
    }
    if let Some(usage) = extensions::key_usage(leaf)? {
        if !usage.digital_signature() || usage.key_cert_sign() {
            return Err(Rejected::KeyUsage);
        }
    }
    check_ext_key_usage(leaf, purpose)?;
    match name {
        Some(name) => check_name(leaf, name),
        None => Ok(()),
    }
}

/// `below`: how many intermediates stand between this one and the leaf.
fn check_ca(ca: &Certificate<'_>, purpose: Purpose, below: usize) -> Result<(), Rejected> {
    if ca.is_self_issued() {
        return Err(Rejected::NotInOrder);
    }
    let constraints = extensions::basic_constraints(ca)?.ok_or(Rejected::BasicConstraints)?;
    if !constraints.ca {
        return Err(Rejected::BasicConstraints);
    }
    if constraints
        .path_len_constraint
        .is_some_and(|max| below > max as usize)
    {
        return Err(Rejected::PathLength);
    }
    if extensions::key_usage(ca)?.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(Rejected::KeyUsage);
    }
    check_ext_key_usage(ca, purpose)
}

/// The purpose must be listed when there is a list, critical or not. OTP demands that further purposes fit keyUsage;
/// those that could fail to are left to it.
fn check_ext_key_usage(certificate: &Certificate<'_>, purpose: Purpose) -> Result<(), Rejected> {
    let Some(usage) = extensions::ext_key_usage(certificate)? else {
        return Ok(());
    };
    let listed = match purpose {
        Purpose::Server => usage.server_auth,
        Purpose::Client => usage.client_auth,
    };
    let unusual = usage.any
        || usage.code_signing
        || usage.email_protection
        || usage.time_stamping
        || usage.ocsp_signing;
    if listed && !unusual {
        Ok(())
    } else {
        Err(Rejected::ExtKeyUsage)
    }
}

/// What holds for every certificate of the path.
fn check_common(
    certificate: &Certificate<'_>,
    schemes: &[SignatureScheme],
    now: u64,
) -> Result<(), Rejected> {
    if certificate.version != 3 || certificate.unique_ids {
        return Err(Rejected::OldVersion);
    }
    if !certificate.is_valid_at(now) {
        return Err(Rejected::NotValidNow);
    }
    check_name_encoding(certificate.subject)?;
    check_name_encoding(certificate.issuer)?;
    for extension in &certificate.extensions {
        check_extension(extension)?;
    }
    match scheme_of_algorithm(certificate.signature_alg) {
        Some(scheme) if schemes.contains(&scheme) => Ok(()),
        _ => Err(Rejected::SignatureAlgorithm),
    }
}

fn check_extension(extension: &Extension<'_>) -> Result<(), Rejected> {
    if extensions::CONSTRAINING.contains(&extension.oid) {
        return Err(Rejected::Constrained);
    }
    if extension.critical && !extensions::MAY_BE_CRITICAL.contains(&extension.oid) {
        return Err(Rejected::CriticalExtension);
    }
    let Ok(([], parsed)) = X509Extension::from_der(extension.raw) else {
        return Err(Rejected::Malformed);
    };
    match parsed.parsed_extension() {
        parsed if parsed.error().is_some() => Err(Rejected::Malformed),
        // `public_key` builds a tree of them and gives up when it grows too large.
        ParsedExtension::CertificatePolicies(policies) if policies.len() > MAX_POLICIES => {
            Err(Rejected::Constrained)
        }
        _ => Ok(()),
    }
}

/// `public_key` decodes the attributes of names; here only encodings pass that it decodes for sure: one attribute in each
/// RDN, in a string type that fits.
fn check_name_encoding(name: &[u8]) -> Result<(), Rejected> {
    usual_name(name).ok_or(Rejected::UnusualName)
}

fn usual_name(name: &[u8]) -> Option<()> {
    /// countryName and emailAddress, whose types OTP insists on.
    const COUNTRY: &[u8] = &[0x55, 4, 6];
    const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
    /// serialNumber and dnQualifier
    const PRINTABLE: [&[u8]; 2] = [&[0x55, 4, 5], &[0x55, 4, 46]];
    let mut rdns = Reader::new(der::whole(name, der::SEQUENCE)?);
    while !rdns.is_empty() {
        let mut attribute = Reader::new(der::whole(rdns.expect(der::SET)?, der::SEQUENCE)?);
        let oid = attribute.expect(der::OID)?;
        let value = attribute.next()?;
        attribute.end()?;
        let fits = match value.tag {
            der::PRINTABLE_STRING => {
                value.content.is_ascii()
                    && (oid != COUNTRY || value.content.len() == 2)
                    && oid != EMAIL
                    && oid != DOMAIN_COMPONENT
            }
            der::UTF8_STRING => {
                core::str::from_utf8(value.content).is_ok()
                    && ![COUNTRY, EMAIL, DOMAIN_COMPONENT].contains(&oid)
                    && !PRINTABLE.contains(&oid)
            }
            der::IA5_STRING => value.content.is_ascii() && [EMAIL, DOMAIN_COMPONENT].contains(&oid),
            _ => false,
        };
        if !fits || value.content.is_empty() {
            return None;
        }
    }
    Some(())
}

/// `subject` is signed with the key of `issuer`.
fn check_signature(subject: &Certificate<'_>, issuer: &Spki<'_>) -> Result<(), Rejected> {
    certificate_algorithm(subject.signature_alg, issuer.algorithm)
        .ok_or(Rejected::SignatureAlgorithm)?
        .verify_signature(issuer.key, subject.tbs, subject.signature)
        .map_err(|_| Rejected::BadSignature)
}

/// One of the anchors signed the path's top certificate.
fn check_anchored(
    top: &Certificate<'_>,
    anchors: &[&Anchor],
    intermediates: usize,
) -> Result<(), Rejected> {
    let key_id = extensions::authority_key_id(top)?;
    let mut result = Err(Rejected::UnknownIssuer);
    for anchor in anchors {
        // With issuer and serial number there, `public_key` looks for that very certificate.
        if let Some(key_id) = &key_id {
            let other_serial = key_id
                .authority_cert_serial
                .is_some_and(|serial| serial != anchor.serial());
            let other_issuer = key_id.authority_cert_issuer.as_ref().is_some_and(|names| {
                !matches!(names.as_slice(), [GeneralName::DirectoryName(name)] if name.as_raw() == anchor.subject())
            });
            if other_serial
                || other_issuer
                || key_id.authority_cert_serial.is_some() != key_id.authority_cert_issuer.is_some()
            {
                result = Err(Rejected::AuthorityKeyId);
                continue;
            }
        }
        let signed = match anchor.spki() {
            Some(spki) => check_signature(top, &spki),
            None => Err(Rejected::Malformed),
        };
        match signed {
            Ok(()) if anchor.allows_intermediates(intermediates) => return Ok(()),
            Ok(()) => return Err(Rejected::PathLength),
            Err(rejected) => result = Err(rejected),
        }
    }
    result
}

/// pkix_verify_hostname's default: whole names, ASCII case aside; addresses byte by byte.
fn check_name(leaf: &Certificate<'_>, name: Name<'_>) -> Result<(), Rejected> {
    let names = extensions::subject_alt_name(leaf)?
        .ok_or(Rejected::NameMismatch)?
        .general_names;
    if names.len() > MAX_ALT_NAMES
        || names
            .iter()
            .any(|name| matches!(name, GeneralName::Invalid(..)))
    {
        return Err(Rejected::Malformed);
    }
    let matches = |presented: &GeneralName<'_>| match (name, presented) {
        (Name::Dns(wanted), GeneralName::DNSName(presented)) => {
            is_host_name(wanted) && presented.as_bytes().eq_ignore_ascii_case(wanted)
        }
        (Name::Ip(wanted), GeneralName::IPAddress(presented)) => {
            matches!(wanted.len(), 4 | 16) && wanted == *presented
        }
        _ => false,
    };
    if names.iter().any(matches) {
        Ok(())
    } else {
        Err(Rejected::NameMismatch)
    }
}

/// Letters, digits, hyphens, underscores and dots, and not an IPv4 address, which would be `Name::Ip`.
fn is_host_name(name: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let last_label = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    !name.is_empty()
        && name.iter().all(allowed)
        && !last_label.first().is_some_and(u8::is_ascii_digit)
}
