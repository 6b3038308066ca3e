//! Extensions that TLS looks into (RFC 5280 section 4.2), parsed by x509-parser.

use super::certificate::{Certificate, Extension};
use super::X509Error;
use x509_parser::extensions::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
};
use x509_parser::prelude::FromDer;

/// Contents of OBJECT IDENTIFIERs, all below id-ce (2.5.29).
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
pub(crate) const POLICY_MAPPINGS: &[u8] = &[0x55, 0x1d, 33];
pub(crate) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
pub(crate) const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 36];
pub(crate) const EXT_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
pub(crate) const INHIBIT_ANY_POLICY: &[u8] = &[0x55, 0x1d, 54];

/// Extensions that constrain names or policies: their presence is for `public_key` to handle.
pub(crate) const CONSTRAINING: [&[u8]; 4] = [
    NAME_CONSTRAINTS,
    POLICY_MAPPINGS,
    POLICY_CONSTRAINTS,
    INHIBIT_ANY_POLICY,
];

/// Critical extensions that native validation processes.
pub(crate) const MAY_BE_CRITICAL: [&[u8]; 3] = [BASIC_CONSTRAINTS, KEY_USAGE, EXT_KEY_USAGE];

pub(crate) fn find<'c, 'a>(
    certificate: &'c Certificate<'a>,
    oid: &[u8],
) -> Option<&'c Extension<'a>> {
    certificate
        .extensions
        .iter()
        .find(|extension| extension.oid == oid)
}

/// The extension parsed to its last byte, if it is there.
fn parse<'a, T>(certificate: &Certificate<'a>, oid: &[u8]) -> Result<Option<T>, X509Error>
where
    T: FromDer<'a, x509_parser::error::X509Error>,
{
    let Some(extension) = find(certificate, oid) else {
        return Ok(None);
    };
    match T::from_der(extension.value) {
        Ok(([], value)) => Ok(Some(value)),
        _ => Err(X509Error::Malformed),
    }
}

pub(crate) fn basic_constraints(
    certificate: &Certificate<'_>,
) -> Result<Option<BasicConstraints>, X509Error> {
    parse(certificate, BASIC_CONSTRAINTS)
}

pub(crate) fn key_usage(certificate: &Certificate<'_>) -> Result<Option<KeyUsage>, X509Error> {
    parse(certificate, KEY_USAGE)
}

pub(crate) fn ext_key_usage<'a>(
    certificate: &Certificate<'a>,
) -> Result<Option<ExtendedKeyUsage<'a>>, X509Error> {
    parse(certificate, EXT_KEY_USAGE)
}

pub(crate) fn subject_alt_name<'a>(
    certificate: &Certificate<'a>,
) -> Result<Option<SubjectAlternativeName<'a>>, X509Error> {
    parse(certificate, SUBJECT_ALT_NAME)
}

pub(crate) fn authority_key_id<'a>(
    certificate: &Certificate<'a>,
) -> Result<Option<AuthorityKeyIdentifier<'a>>, X509Error> {
    parse(certificate, AUTHORITY_KEY_ID)
}
