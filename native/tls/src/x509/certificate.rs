//! The skeleton of a certificate (RFC 5280 section 4.1): borrowed slices, strict DER, extensions not yet looked into.

use super::der::{self, Reader};
use super::X509Error;

/// Certificates larger than this are not looked at (as OTP's and OpenSSL's default limit for a whole chain is 100 KB and
/// more, a single one never comes near).
pub const MAX_CERTIFICATE_LEN: usize = 1 << 16;

/// Extensions in one certificate; real ones have up to a dozen.
const MAX_EXTENSIONS: usize = 32;

/// A certificate taken apart.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    pub(crate) der: &'a [u8],
    /// What is signed.
    pub(crate) tbs: &'a [u8],
    /// 1, 2 or 3.
    pub(crate) version: u8,
    /// INTEGER content.
    pub(crate) serial: &'a [u8],
    /// Content of the AlgorithmIdentifier; the same inside and outside.
    pub(crate) signature_alg: &'a [u8],
    /// Name, with its header.
    pub(crate) issuer: &'a [u8],
    /// Unix seconds.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// Name, with its header.
    pub(crate) subject: &'a [u8],
    pub(crate) spki: Spki<'a>,
    pub(crate) unique_ids: bool,
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) signature: &'a [u8],
}

/// A public key with its algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spki<'a> {
    /// SubjectPublicKeyInfo, with its header.
    pub raw: &'a [u8],
    /// Content of the AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// subjectPublicKey, without the count of unused bits.
    pub key: &'a [u8],
}

/// An extension, its value not yet parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'a> {
    /// Content of the OBJECT IDENTIFIER.
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    pub(crate) value: &'a [u8],
    /// The whole extension with its header.
    pub(crate) raw: &'a [u8],
}

impl<'a> Certificate<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, X509Error> {
        if der.len() > MAX_CERTIFICATE_LEN {
            return Err(X509Error::TooLarge);
        }
        Self::parse_der(der).ok_or(X509Error::Malformed)
    }

    fn parse_der(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der::whole(der, der::SEQUENCE)?);
        let tbs = outer.expect_tlv(der::SEQUENCE)?;
        let signature_alg = outer.expect(der::SEQUENCE)?;
        let signature = der::whole_bytes(outer.expect(der::BIT_STRING)?)?;
        outer.end()?;

        let mut fields = Reader::new(tbs.content);
        let version = match fields.optional(der::context(0))? {
            None => 1,
            Some(version) => match der::whole(version, der::INTEGER)? {
                [1] => 2,
                [2] => 3,
                _ => return None,
            },
        };
        let serial = fields.expect(der::INTEGER)?;
        if fields.expect(der::SEQUENCE)? != signature_alg {
            return None; // RFC 5280 section 4.1.1.2
        }
        let issuer = fields.expect_tlv(der::SEQUENCE)?.raw;
        let mut validity = Reader::new(fields.expect(der::SEQUENCE)?);
        let not_before = der::time(validity.next()?)?;
        let not_after = der::time(validity.next()?)?;
        validity.end()?;
        let subject = fields.expect_tlv(der::SEQUENCE)?.raw;
        let spki = Spki::parse(fields.expect_tlv(der::SEQUENCE)?.raw)?;
        let mut unique_ids = false;
        for tag in [0x81, 0x82] {
            unique_ids |= fields.optional(tag)?.is_some();
        }
        let extensions = match fields.optional(der::context(3))? {
            None => Vec::new(),
            Some(_) if version != 3 => return None,
            Some(extensions) => parse_extensions(der::whole(extensions, der::SEQUENCE)?)?,
        };
        fields.end()?;
        Some(Self {
            der,
            tbs: tbs.raw,
            version,
            serial,
            signature_alg,
            issuer,
            not_before,
            not_after,
            subject,
            spki,
            unique_ids,
            extensions,
            signature,
        })
    }

    /// Issuer and subject are the same name.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Does `now` lie within the validity, both ends included?
    pub(crate) fn is_valid_at(&self, now: u64) -> bool {
        i64::try_from(now).is_ok_and(|now| (self.not_before..=self.not_after).contains(&now))
    }
}

impl<'a> Spki<'a> {
    /// Takes a SubjectPublicKeyInfo apart (RFC 5280 section 4.1.2.7).
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let mut fields = Reader::new(der::whole(raw, der::SEQUENCE)?);
        let algorithm = fields.expect(der::SEQUENCE)?;
        let key = der::whole_bytes(fields.expect(der::BIT_STRING)?)?;
        fields.end()?;
        Some(Self {
            raw,
            algorithm,
            key,
        })
    }
}

/// No extension may stand twice (RFC 5280 section 4.2).
fn parse_extensions(content: &[u8]) -> Option<Vec<Extension<'_>>> {
    let mut extensions: Vec<Extension<'_>> = Vec::new();
    let mut reader = Reader::new(content);
    while !reader.is_empty() {
        let extension = reader.expect_tlv(der::SEQUENCE)?;
        let mut fields = Reader::new(extension.content);
        let oid = fields.expect(der::OID)?;
        let critical = match fields.optional(der::BOOLEAN)? {
            None => false,
            Some(critical) => der::boolean(critical)?,
        };
        let value = fields.expect(der::OCTET_STRING)?;
        fields.end()?;
        if extensions.len() == MAX_EXTENSIONS || extensions.iter().any(|known| known.oid == oid) {
            return None;
        }
        extensions.push(Extension {
            oid,
            critical,
            value,
            raw: extension.raw,
        });
    }
    Some(extensions)
}
