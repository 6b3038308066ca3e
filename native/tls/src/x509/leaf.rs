//! What TLS wants to know of an end entity's certificate: the kind of its key and how it was signed itself.

use super::certificate::{Certificate, Spki};
use super::der::{self, Reader};
use super::X509Error;
use crate::enums::{NamedGroup, SignatureScheme};

/// What the selection of a certificate and of a signature scheme needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafInfo {
    /// The public key's kind.
    pub key: KeyType,
    /// How the issuer signed this certificate (named as TLS names it), if TLS has a name for it.
    pub signature_scheme: Option<SignatureScheme>,
    /// keyUsage is absent or has digitalSignature (RFC 8446 section 4.4.2.2).
    pub may_sign: bool,
    /// keyUsage is absent or has keyEncipherment: good for RSA key exchange (RFC 5246 section 7.4.2).
    pub may_encipher: bool,
    /// keyUsage is absent or has keyAgreement: good for static ECDH (RFC 8422 section 5.3).
    pub may_agree: bool,
}

/// A public key's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// rsaEncryption: rsa_pkcs1 and rsa_pss_rsae schemes.
    Rsa,
    /// id-RSASSA-PSS: rsa_pss_pss schemes, restricted to one hash when the parameters say so.
    RsaPss(Option<SignatureScheme>),
    /// id-ecPublicKey on a curve that TLS has a name for, TLS 1.3's where there are two (`NamedGroup::before_tls13`).
    Ec(NamedGroup),
    /// id-dsa
    Dsa,
    /// Ed25519
    Ed25519,
    /// Ed448
    Ed448,
    /// ML-DSA, with the scheme that is bound to it.
    MlDsa(SignatureScheme),
    /// Anything else.
    Other,
}

/// Reads an end entity's certificate.
pub fn leaf_info(certificate: &[u8]) -> Result<LeafInfo, X509Error> {
    let certificate = Certificate::parse(certificate)?;
    let usage = super::extensions::key_usage(&certificate)?;
    Ok(LeafInfo {
        key: key_type(&certificate.spki),
        signature_scheme: scheme_of_algorithm(certificate.signature_alg),
        may_sign: usage.as_ref().is_none_or(|usage| usage.digital_signature()),
        may_encipher: usage.as_ref().is_none_or(|usage| usage.key_encipherment()),
        may_agree: usage.as_ref().is_none_or(|usage| usage.key_agreement()),
    })
}

/// The certificate's public key.
pub fn spki(certificate: &[u8]) -> Result<Spki<'_>, X509Error> {
    Ok(Certificate::parse(certificate)?.spki)
}

/// The issuer's distinguished name: DER, as certificate_authorities has it.
pub fn issuer(certificate: &[u8]) -> Option<&[u8]> {
    Some(Certificate::parse(certificate).ok()?.issuer)
}

/// How a certificate is signed, in TLS's terms: ECDSA by its hash alone, whatever the issuer's curve.
pub fn certificate_signature_scheme(
    certificate: &[u8],
) -> Result<Option<SignatureScheme>, X509Error> {
    Ok(scheme_of_algorithm(
        Certificate::parse(certificate)?.signature_alg,
    ))
}

/// Contents of OBJECT IDENTIFIERs.
mod oid {
    pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(super) const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    pub(super) const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const ED448: &[u8] = &[0x2b, 0x65, 0x71];
}

/// Named curves (RFC 5480 section 2.1.1.1, RFC 5639 section 4.1, SEC 2 version 1 for those that TLS 1.3 has not).
const CURVES: &[(&[u8], NamedGroup)] = &[
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        NamedGroup::SECP256R1,
    ),
    (&[0x2b, 0x81, 0x04, 0, 0x22], NamedGroup::SECP384R1),
    (&[0x2b, 0x81, 0x04, 0, 0x23], NamedGroup::SECP521R1),
    (
        &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7],
        NamedGroup::BRAINPOOLP256R1TLS13,
    ),
    (
        &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11],
        NamedGroup::BRAINPOOLP384R1TLS13,
    ),
    (
        &[0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13],
        NamedGroup::BRAINPOOLP512R1TLS13,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1],
        NamedGroup::SECP192R1,
    ),
    (&[0x2b, 0x81, 0x04, 0, 1], NamedGroup::SECT163K1),
    (&[0x2b, 0x81, 0x04, 0, 2], NamedGroup::SECT163R1),
    (&[0x2b, 0x81, 0x04, 0, 3], NamedGroup::SECT239K1),
    (&[0x2b, 0x81, 0x04, 0, 8], NamedGroup::SECP160R1),
    (&[0x2b, 0x81, 0x04, 0, 9], NamedGroup::SECP160K1),
    (&[0x2b, 0x81, 0x04, 0, 10], NamedGroup::SECP256K1),
    (&[0x2b, 0x81, 0x04, 0, 15], NamedGroup::SECT163R2),
    (&[0x2b, 0x81, 0x04, 0, 16], NamedGroup::SECT283K1),
    (&[0x2b, 0x81, 0x04, 0, 17], NamedGroup::SECT283R1),
    (&[0x2b, 0x81, 0x04, 0, 24], NamedGroup::SECT193R1),
    (&[0x2b, 0x81, 0x04, 0, 25], NamedGroup::SECT193R2),
    (&[0x2b, 0x81, 0x04, 0, 26], NamedGroup::SECT233K1),
    (&[0x2b, 0x81, 0x04, 0, 27], NamedGroup::SECT233R1),
    (&[0x2b, 0x81, 0x04, 0, 30], NamedGroup::SECP160R2),
    (&[0x2b, 0x81, 0x04, 0, 31], NamedGroup::SECP192K1),
    (&[0x2b, 0x81, 0x04, 0, 32], NamedGroup::SECP224K1),
    (&[0x2b, 0x81, 0x04, 0, 33], NamedGroup::SECP224R1),
    (&[0x2b, 0x81, 0x04, 0, 36], NamedGroup::SECT409K1),
    (&[0x2b, 0x81, 0x04, 0, 37], NamedGroup::SECT409R1),
    (&[0x2b, 0x81, 0x04, 0, 38], NamedGroup::SECT571K1),
    (&[0x2b, 0x81, 0x04, 0, 39], NamedGroup::SECT571R1),
];

/// ML-DSA's algorithm identifiers serve keys and signatures (RFC 9881 section 2).
const ML_DSA: &[(&[u8], SignatureScheme)] = &[
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x11],
        SignatureScheme::MLDSA44,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x12],
        SignatureScheme::MLDSA65,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 0x13],
        SignatureScheme::MLDSA87,
    ),
];

/// Signature algorithms without parameters of interest.
const SIGNATURES: &[(&[u8], SignatureScheme)] = &[
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        SignatureScheme::RSA_PKCS1_SHA1,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
        SignatureScheme::RSA_PKCS1_SHA256,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
        SignatureScheme::RSA_PKCS1_SHA384,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
        SignatureScheme::RSA_PKCS1_SHA512,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14],
        SignatureScheme::RSA_PKCS1_SHA224,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
        SignatureScheme::ECDSA_SHA1,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1],
        SignatureScheme::ECDSA_SHA224,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3],
        SignatureScheme::DSA_SHA1,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1],
        SignatureScheme::DSA_SHA224,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2],
        SignatureScheme::DSA_SHA256,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        SignatureScheme::ECDSA_SECP256R1_SHA256,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        SignatureScheme::ECDSA_SECP384R1_SHA384,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        SignatureScheme::ECDSA_SECP521R1_SHA512,
    ),
    (oid::ED25519, SignatureScheme::ED25519),
    (oid::ED448, SignatureScheme::ED448),
];

/// Hashes of RSASSA-PSS parameters, with the schemes for rsaEncryption keys and for id-RSASSA-PSS keys.
const PSS_HASHES: &[(&[u8], SignatureScheme, SignatureScheme)] = &[
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
        SignatureScheme::RSA_PSS_RSAE_SHA256,
        SignatureScheme::RSA_PSS_PSS_SHA256,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
        SignatureScheme::RSA_PSS_RSAE_SHA384,
        SignatureScheme::RSA_PSS_PSS_SHA384,
    ),
    (
        &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        SignatureScheme::RSA_PSS_RSAE_SHA512,
        SignatureScheme::RSA_PSS_PSS_SHA512,
    ),
];

/// The kind of a public key; `Other` for what is malformed too.
pub fn key_type(spki: &Spki<'_>) -> KeyType {
    algorithm_key_type(spki.algorithm).unwrap_or(KeyType::Other)
}

/// Bits of the modulus of an RSA key (RSAPublicKey, RFC 8017 appendix A.1.1).
pub(crate) fn rsa_bits(spki: &Spki<'_>) -> Option<usize> {
    let modulus = Reader::new(der::whole(spki.key, der::SEQUENCE)?).expect(der::INTEGER)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// The kind of key that an AlgorithmIdentifier (its content) names.
pub(crate) fn algorithm_key_type(algorithm: &[u8]) -> Option<KeyType> {
    let mut fields = Reader::new(algorithm);
    let id = fields.expect(der::OID)?;
    if id == oid::RSA_ENCRYPTION {
        return Some(KeyType::Rsa);
    }
    if id == oid::RSASSA_PSS {
        return Some(match fields.is_empty() {
            true => KeyType::RsaPss(None),
            false => KeyType::RsaPss(Some(
                pss_hash(fields.expect(der::SEQUENCE)?, Salt::Minimum)?.1,
            )),
        });
    }
    if id == oid::EC_PUBLIC_KEY {
        let curve = fields.expect(der::OID)?;
        return CURVES
            .iter()
            .find(|(oid, _)| *oid == curve)
            .map(|(_, group)| KeyType::Ec(*group));
    }
    if id == oid::DSA {
        return Some(KeyType::Dsa);
    }
    if id == oid::ED25519 {
        return Some(KeyType::Ed25519);
    }
    if id == oid::ED448 {
        return Some(KeyType::Ed448);
    }
    ML_DSA
        .iter()
        .find(|(oid, _)| *oid == id)
        .map(|(_, scheme)| KeyType::MlDsa(*scheme))
}

/// The TLS name of a signature algorithm (content of the AlgorithmIdentifier). RSASSA-PSS is named as for keys of type
/// rsaEncryption, as the certificate does not tell its issuer's key type.
pub(crate) fn scheme_of_algorithm(algorithm: &[u8]) -> Option<SignatureScheme> {
    let mut fields = Reader::new(algorithm);
    let id = fields.expect(der::OID)?;
    if id == oid::RSASSA_PSS {
        return pss_hash(fields.expect(der::SEQUENCE)?, Salt::Exact).map(|(rsae, _)| rsae);
    }
    SIGNATURES
        .iter()
        .chain(ML_DSA)
        .find(|(oid, _)| *oid == id)
        .map(|(_, scheme)| *scheme)
}

/// What saltLength means: in a key's parameters the least that signatures may have, in a signature's its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Salt {
    Minimum,
    Exact,
}

/// RSASSA-PSS-params (RFC 4055 section 3.1), only such as TLS uses: one hash for message and MGF1, salt as long as it.
fn pss_hash(params: &[u8], salt: Salt) -> Option<(SignatureScheme, SignatureScheme)> {
    const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8];
    const DEFAULT_SALT: &[u8] = &[20];
    let mut fields = Reader::new(params);
    let hash = algorithm_oid(der::whole(fields.expect(der::context(0))?, der::SEQUENCE)?)?;
    let mut mgf = Reader::new(der::whole(fields.expect(der::context(1))?, der::SEQUENCE)?);
    if mgf.expect(der::OID)? != MGF1 || algorithm_oid(mgf.expect(der::SEQUENCE)?)? != hash {
        return None;
    }
    let salt_len = match fields.optional(der::context(2))? {
        Some(salt_len) => der::whole(salt_len, der::INTEGER)?,
        None => DEFAULT_SALT,
    };
    let (_, rsae, pss) = PSS_HASHES.iter().find(|(oid, ..)| *oid == hash)?;
    let hash_len: u8 = match *rsae {
        SignatureScheme::RSA_PSS_RSAE_SHA256 => 32,
        SignatureScheme::RSA_PSS_RSAE_SHA384 => 48,
        _ => 64,
    };
    let fits = match (salt_len, salt) {
        ([len], Salt::Minimum) => *len <= hash_len,
        ([len], Salt::Exact) => *len == hash_len,
        _ => false,
    };
    fits.then_some((*rsae, *pss))
}

fn algorithm_oid(algorithm: &[u8]) -> Option<&[u8]> {
    Reader::new(algorithm).expect(der::OID)
}
