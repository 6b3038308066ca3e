//! Verification of signatures: one row per signature scheme (RFC 8446 section 4.2.3), on aws-lc by way of webpki's
//! algorithm objects, which bind the key's and the signature's AlgorithmIdentifiers; and a row per curve and hash for ECDSA
//! before TLS 1.3, where they are not bound to each other (RFC 5246 section 7.4.1.4.1, RFC 8422 section 5.4).

use super::schemes;
use crate::enums::{NamedGroup, ProtocolVersion, SignatureScheme};
use crate::x509::{self, KeyType};
use rustls_pki_types::SignatureVerificationAlgorithm as Algorithm;
use tls_legacy::keys::{ecdsa_verify, Curve, Hash, RsaPublic};
use webpki::aws_lc_rs as algs;

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// The scheme is not computed here; ask the world.
    NoNativeRow,
    /// The signature is wrong.
    BadSignature,
    /// The key in the certificate does not fit the scheme, or cannot be read.
    BadKey,
}

/// One scheme: the key it needs and how it is computed.
struct Row {
    scheme: SignatureScheme,
    key: Needs,
    algorithm: &'static dyn Algorithm,
}

/// What kind of key a scheme needs.
enum Needs {
    /// rsaEncryption
    Rsa,
    /// id-RSASSA-PSS without parameters or with those of the scheme
    RsaPss,
    /// A point of this curve: TLS 1.3 binds the curve.
    Ec(NamedGroup),
    Ed25519,
    /// ML-DSA of the scheme's own parameter set
    MlDsa,
}

impl Needs {
    fn fits(&self, scheme: SignatureScheme, key: KeyType) -> bool {
        match (self, key) {
            (Self::Rsa, KeyType::Rsa) | (Self::Ed25519, KeyType::Ed25519) => true,
            (Self::RsaPss, KeyType::RsaPss(only)) => only.is_none_or(|only| only == scheme),
            (Self::Ec(wanted), KeyType::Ec(curve)) => *wanted == curve,
            (Self::MlDsa, KeyType::MlDsa(bound)) => bound == scheme,
            _ => false,
        }
    }
}

macro_rules! rows {
    ($($scheme:ident, $key:expr, $algorithm:ident;)*) => {
        static ROWS: &[Row] = &[$(Row {
            scheme: SignatureScheme::$scheme, key: $key, algorithm: algs::$algorithm,
        }),*];
    };
}

rows! {
    ECDSA_SECP256R1_SHA256, Needs::Ec(NamedGroup::SECP256R1), ECDSA_P256_SHA256;
    ECDSA_SECP384R1_SHA384, Needs::Ec(NamedGroup::SECP384R1), ECDSA_P384_SHA384;
    ECDSA_SECP521R1_SHA512, Needs::Ec(NamedGroup::SECP521R1), ECDSA_P521_SHA512;
    ED25519,                Needs::Ed25519, ED25519;
    RSA_PSS_RSAE_SHA256,    Needs::Rsa, RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
    RSA_PSS_RSAE_SHA384,    Needs::Rsa, RSA_PSS_2048_8192_SHA384_LEGACY_KEY;
    RSA_PSS_RSAE_SHA512,    Needs::Rsa, RSA_PSS_2048_8192_SHA512_LEGACY_KEY;
    RSA_PSS_PSS_SHA256,     Needs::RsaPss, RSA_PSS_2048_8192_SHA256_LEGACY_KEY;
    RSA_PSS_PSS_SHA384,     Needs::RsaPss, RSA_PSS_2048_8192_SHA384_LEGACY_KEY;
    RSA_PSS_PSS_SHA512,     Needs::RsaPss, RSA_PSS_2048_8192_SHA512_LEGACY_KEY;
    RSA_PKCS1_SHA256,       Needs::Rsa, RSA_PKCS1_2048_8192_SHA256;
    RSA_PKCS1_SHA384,       Needs::Rsa, RSA_PKCS1_2048_8192_SHA384;
    RSA_PKCS1_SHA512,       Needs::Rsa, RSA_PKCS1_2048_8192_SHA512;
    MLDSA44,                Needs::MlDsa, ML_DSA_44;
    MLDSA65,                Needs::MlDsa, ML_DSA_65;
    MLDSA87,                Needs::MlDsa, ML_DSA_87;
}

/// Moduli that the RSA rows take; others are asked of the world.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

fn row(scheme: SignatureScheme) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.scheme == scheme)
}

/// Verifies a signature made with `scheme` by the key in `certificate` (DER). Which schemes may be used in which version
/// and message is for the caller to check (rsa_pkcs1 never signs TLS 1.3 messages).
pub fn verify(
    scheme: SignatureScheme,
    certificate: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let row = row(scheme).ok_or(VerifyError::NoNativeRow)?;
    let spki = x509::spki(certificate).map_err(|_| VerifyError::BadKey)?;
    if !row.key.fits(scheme, x509::key_type(&spki)) {
        return Err(VerifyError::BadKey);
    }
    if matches!(row.key, Needs::Rsa | Needs::RsaPss)
        && !x509::rsa_bits(&spki).is_some_and(|bits| RSA_BITS.contains(&bits))
    {
        return Err(VerifyError::NoNativeRow);
    }
    row.algorithm
        .verify_signature(spki.key, message, signature)
        .map_err(|_| VerifyError::BadSignature)
}

/// ECDSA without a bound curve: the curve's and the scheme's implementation.
static ECDSA: &[(NamedGroup, SignatureScheme, &dyn Algorithm)] = {
    use NamedGroup as G;
    use SignatureScheme as S;
    &[
        (
            G::SECP256R1,
            S::ECDSA_SECP256R1_SHA256,
            algs::ECDSA_P256_SHA256,
        ),
        (
            G::SECP256R1,
            S::ECDSA_SECP384R1_SHA384,
            algs::ECDSA_P256_SHA384,
        ),
        (
            G::SECP256R1,
            S::ECDSA_SECP521R1_SHA512,
            algs::ECDSA_P256_SHA512,
        ),
        (
            G::SECP384R1,
            S::ECDSA_SECP256R1_SHA256,
            algs::ECDSA_P384_SHA256,
        ),
        (
            G::SECP384R1,
            S::ECDSA_SECP384R1_SHA384,
            algs::ECDSA_P384_SHA384,
        ),
        (
            G::SECP384R1,
            S::ECDSA_SECP521R1_SHA512,
            algs::ECDSA_P384_SHA512,
        ),
        (
            G::SECP521R1,
            S::ECDSA_SECP256R1_SHA256,
            algs::ECDSA_P521_SHA256,
        ),
        (
            G::SECP521R1,
            S::ECDSA_SECP384R1_SHA384,
            algs::ECDSA_P521_SHA384,
        ),
        (
            G::SECP521R1,
            S::ECDSA_SECP521R1_SHA512,
            algs::ECDSA_P521_SHA512,
        ),
    ]
};

/// The same with SHA-1 and SHA-224.
static PLAIN: &[(NamedGroup, Curve)] = &[
    (NamedGroup::SECP256R1, Curve::P256),
    (NamedGroup::SECP384R1, Curve::P384),
    (NamedGroup::SECP521R1, Curve::P521),
];

/// Like `verify`, for a message of TLS 1.2 or before. The scheme's fit to the key is checked for all; DSA, other curves and
/// small RSA keys are the world's.
pub fn verify_tls12(
    scheme: SignatureScheme,
    certificate: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    use SignatureScheme as S;
    let spki = x509::spki(certificate).map_err(|_| VerifyError::BadKey)?;
    let key = x509::key_type(&spki);
    let made = schemes::row(scheme).ok_or(VerifyError::BadKey)?;
    // A curve that TLS has no name for is no `Ec`.
    if !made.fits(key, ProtocolVersion::TLS12) {
        return Err(VerifyError::BadKey);
    }
    let good = match (scheme, key) {
        (S::ECDSA_SHA1 | S::ECDSA_SHA224, KeyType::Ec(curve)) => {
            let row = PLAIN.iter().find(|row| row.0 == curve);
            let (_, curve) = row.ok_or(VerifyError::NoNativeRow)?;
            let hash = match scheme {
                S::ECDSA_SHA1 => Hash::Sha1,
                _ => Hash::Sha224,
            };
            ecdsa_verify(*curve, spki.key, hash, message, signature)
        }
        (_, KeyType::Ec(curve)) => {
            let row = ECDSA.iter().find(|row| row.0 == curve && row.1 == scheme);
            let (_, _, algorithm) = row.ok_or(VerifyError::NoNativeRow)?;
            algorithm
                .verify_signature(spki.key, message, signature)
                .is_ok()
        }
        (S::RSA_MD5_SHA1 | S::RSA_PKCS1_SHA1 | S::RSA_PKCS1_SHA224, KeyType::Rsa) => {
            if !x509::rsa_bits(&spki).is_some_and(|bits| RSA_BITS.contains(&bits)) {
                return Err(VerifyError::NoNativeRow);
            }
            let hash = match scheme {
                S::RSA_MD5_SHA1 => Hash::Md5Sha1,
                S::RSA_PKCS1_SHA1 => Hash::Sha1,
                _ => Hash::Sha224,
            };
            RsaPublic::from_der(spki.key)
                .ok_or(VerifyError::BadKey)?
                .verify(hash, message, signature)
        }
        _ => return verify(scheme, certificate, message, signature),
    };
    match good {
        true => Ok(()),
        false => Err(VerifyError::BadSignature),
    }
}

/// Is the scheme verified natively?
pub fn is_native(scheme: SignatureScheme) -> bool {
    row(scheme).is_some()
}

/// Does verifying by the key in this certificate take more than about 200 µs? Before TLS 1.3 the scheme does not tell.
pub fn heavy(certificate: &[u8]) -> bool {
    x509::spki(certificate).is_ok_and(|spki| {
        matches!(
            x509::key_type(&spki),
            KeyType::Ec(NamedGroup::SECP384R1 | NamedGroup::SECP521R1)
        )
    })
}

/// Algorithms that certificates may be signed with. SHA-1 and MD5 are none.
static CERTIFICATE_ALGORITHMS: &[&dyn Algorithm] = &[
    algs::ECDSA_P256_SHA256,
    algs::ECDSA_P256_SHA384,
    algs::ECDSA_P256_SHA512,
    algs::ECDSA_P384_SHA256,
    algs::ECDSA_P384_SHA384,
    algs::ECDSA_P384_SHA512,
    algs::ECDSA_P521_SHA256,
    algs::ECDSA_P521_SHA384,
    algs::ECDSA_P521_SHA512,
    algs::ED25519,
    algs::RSA_PKCS1_2048_8192_SHA256,
    algs::RSA_PKCS1_2048_8192_SHA384,
    algs::RSA_PKCS1_2048_8192_SHA512,
    algs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algs::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algs::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    algs::ML_DSA_44,
    algs::ML_DSA_65,
    algs::ML_DSA_87,
];

/// The algorithm for a certificate's signature, given the contents of both AlgorithmIdentifiers.
pub(crate) fn certificate_algorithm(
    signature_alg: &[u8],
    key_alg: &[u8],
) -> Option<&'static dyn Algorithm> {
    CERTIFICATE_ALGORITHMS.iter().copied().find(|algorithm| {
        algorithm.signature_alg_id().as_ref() == signature_alg
            && algorithm.public_key_alg_id().as_ref() == key_alg
    })
}
