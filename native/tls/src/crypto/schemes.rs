//! What each signature scheme is made of, and in which versions it signs handshake messages: one table.
//!
//! RFC 8446 section 4.2.3 (TLS 1.3, and PSS in TLS 1.2), RFC 5246 section 7.4.1.4.1 (pairs of hash and algorithm), RFC 8422
//! section 5.4 and RFC 4346 section 7.4.3 (what is signed before TLS 1.2). MD5 alone signs nothing (RFC 9155). EdDSA is for
//! TLS 1.3 only, as OTP has it.

use crate::enums::{NamedGroup, ProtocolVersion, SignatureScheme};
use crate::x509::KeyType;

/// What a scheme is computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 by a key of type rsaEncryption.
    RsaPkcs1,
    /// RSASSA-PSS by a key of type rsaEncryption.
    RsaPssRsae,
    /// RSASSA-PSS by a key of type id-RSASSA-PSS.
    RsaPssPss,
    /// ECDSA; TLS 1.3 binds the curve.
    Ecdsa(Option<NamedGroup>),
    /// DSA
    Dsa,
    /// Ed25519
    Ed25519,
    /// Ed448
    Ed448,
    /// ML-DSA
    MlDsa,
    /// SLH-DSA
    SlhDsa,
}

/// The hash that a scheme prescribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeHash {
    /// None: the algorithm hashes by itself.
    Intrinsic,
    /// MD5 and SHA-1, one after the other.
    Md5Sha1,
    /// SHA-1
    Sha1,
    /// SHA-224
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// One scheme.
#[derive(Debug)]
pub struct SchemeRow {
    /// Its code point.
    pub scheme: SignatureScheme,
    /// How it is computed.
    pub algorithm: Algorithm,
    /// Over which hash.
    pub hash: SchemeHash,
    /// The versions whose handshake messages it may sign, first and last.
    versions: (ProtocolVersion, ProtocolVersion),
}

const V10: ProtocolVersion = ProtocolVersion::TLS10;
const V11: ProtocolVersion = ProtocolVersion::TLS11;
const V12: ProtocolVersion = ProtocolVersion::TLS12;
const V13: ProtocolVersion = ProtocolVersion::TLS13;

macro_rules! rows {
    ($($scheme:ident, $algorithm:expr, $hash:ident, $first:ident..$last:ident;)*) => {
        static ROWS: &[SchemeRow] = &[$(SchemeRow {
            scheme: SignatureScheme::$scheme,
            algorithm: $algorithm,
            hash: SchemeHash::$hash,
            versions: ($first, $last),
        }),*];
    };
}

use Algorithm::*;
const P256: Algorithm = Ecdsa(Some(NamedGroup::SECP256R1));
const P384: Algorithm = Ecdsa(Some(NamedGroup::SECP384R1));
const P521: Algorithm = Ecdsa(Some(NamedGroup::SECP521R1));
const B256: Algorithm = Ecdsa(Some(NamedGroup::BRAINPOOLP256R1TLS13));
const B384: Algorithm = Ecdsa(Some(NamedGroup::BRAINPOOLP384R1TLS13));
const B512: Algorithm = Ecdsa(Some(NamedGroup::BRAINPOOLP512R1TLS13));

rows! {
    RSA_MD5_SHA1,           RsaPkcs1, Md5Sha1, V10..V11;
    RSA_PKCS1_SHA1,         RsaPkcs1, Sha1, V12..V12;
    RSA_PKCS1_SHA224,       RsaPkcs1, Sha224, V12..V12;
    RSA_PKCS1_SHA256,       RsaPkcs1, Sha256, V12..V12;
    RSA_PKCS1_SHA384,       RsaPkcs1, Sha384, V12..V12;
    RSA_PKCS1_SHA512,       RsaPkcs1, Sha512, V12..V12;
    RSA_PSS_RSAE_SHA256,    RsaPssRsae, Sha256, V12..V13;
    RSA_PSS_RSAE_SHA384,    RsaPssRsae, Sha384, V12..V13;
    RSA_PSS_RSAE_SHA512,    RsaPssRsae, Sha512, V12..V13;
    RSA_PSS_PSS_SHA256,     RsaPssPss, Sha256, V12..V13;
    RSA_PSS_PSS_SHA384,     RsaPssPss, Sha384, V12..V13;
    RSA_PSS_PSS_SHA512,     RsaPssPss, Sha512, V12..V13;
    ECDSA_SHA1,             Ecdsa(None), Sha1, V10..V12;
    ECDSA_SHA224,           Ecdsa(None), Sha224, V12..V12;
    ECDSA_SECP256R1_SHA256, P256, Sha256, V12..V13;
    ECDSA_SECP384R1_SHA384, P384, Sha384, V12..V13;
    ECDSA_SECP521R1_SHA512, P521, Sha512, V12..V13;
    ECDSA_BRAINPOOLP256R1TLS13_SHA256, B256, Sha256, V13..V13;
    ECDSA_BRAINPOOLP384R1TLS13_SHA384, B384, Sha384, V13..V13;
    ECDSA_BRAINPOOLP512R1TLS13_SHA512, B512, Sha512, V13..V13;
    DSA_SHA1,               Dsa, Sha1, V10..V12;
    DSA_SHA224,             Dsa, Sha224, V12..V12;
    DSA_SHA256,             Dsa, Sha256, V12..V12;
    DSA_SHA384,             Dsa, Sha384, V12..V12;
    DSA_SHA512,             Dsa, Sha512, V12..V12;
    ED25519,                Ed25519, Intrinsic, V13..V13;
    ED448,                  Ed448, Intrinsic, V13..V13;
    MLDSA44,                MlDsa, Intrinsic, V13..V13;
    MLDSA65,                MlDsa, Intrinsic, V13..V13;
    MLDSA87,                MlDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_128S,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_128F,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_192S,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_192F,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_256S,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHA2_256F,      SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_128S,     SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_128F,     SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_192S,     SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_192F,     SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_256S,     SlhDsa, Intrinsic, V13..V13;
    SLH_DSA_SHAKE_256F,     SlhDsa, Intrinsic, V13..V13;
}

/// What the scheme is made of, if it signs anything in any version.
pub fn row(scheme: SignatureScheme) -> Option<&'static SchemeRow> {
    ROWS.iter().find(|row| row.scheme == scheme)
}

/// May the scheme sign handshake messages of this version?
pub fn signs(scheme: SignatureScheme, version: ProtocolVersion) -> bool {
    row(scheme).is_some_and(|row| (row.versions.0..=row.versions.1).contains(&version))
}

/// The scheme of a version that negotiates none, and of TLS 1.2 with a client that sends no signature_algorithms
/// (RFC 5246 section 7.4.1.4.1, RFC 4346 section 7.4.3, RFC 8422 section 5.4). `None`: keys of this type sign nothing then.
pub fn fallback(key: KeyType, version: ProtocolVersion) -> Option<SignatureScheme> {
    match key {
        KeyType::Rsa if version == V12 => Some(SignatureScheme::RSA_PKCS1_SHA1),
        KeyType::Rsa => Some(SignatureScheme::RSA_MD5_SHA1),
        KeyType::Ec(_) => Some(SignatureScheme::ECDSA_SHA1),
        KeyType::Dsa => Some(SignatureScheme::DSA_SHA1),
        _ => None,
    }
    .filter(|scheme| signs(*scheme, version))
}

impl SchemeRow {
    /// Does a key of this type make such signatures in this version?
    pub fn fits(&self, key: KeyType, version: ProtocolVersion) -> bool {
        match (self.algorithm, key) {
            (RsaPkcs1 | RsaPssRsae, KeyType::Rsa)
            | (Dsa, KeyType::Dsa)
            | (Ed25519, KeyType::Ed25519)
            | (Ed448, KeyType::Ed448) => true,
            (RsaPssPss, KeyType::RsaPss(only)) => only.is_none_or(|only| only == self.scheme),
            (Ecdsa(Some(bound)), KeyType::Ec(curve)) => version < V13 || bound == curve,
            (Ecdsa(None), KeyType::Ec(_)) => true,
            (MlDsa, KeyType::MlDsa(bound)) => bound == self.scheme,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_with_a_name_has_one_row() {
        for scheme in SignatureScheme::KNOWN {
            let rows = ROWS.iter().filter(|row| row.scheme == *scheme);
            assert_eq!(rows.count(), 1, "{scheme:?}");
        }
        assert_eq!(ROWS.len(), SignatureScheme::KNOWN.len());
    }

    #[test]
    fn pkcs1_and_sha1_sign_no_message_of_tls_1_3() {
        use SignatureScheme as S;
        for scheme in SignatureScheme::KNOWN {
            let old = matches!(
                *scheme,
                S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512 | S::RSA_MD5_SHA1
            ) || (scheme.0 >> 8 <= 3)
                || (scheme.0 & 0xff == 2 && scheme.0 < 0x0700);
            assert_eq!(signs(*scheme, V13), !old, "{scheme:?}");
        }
    }

    #[test]
    fn curves_are_bound_in_tls_1_3_only() {
        let scheme = row(SignatureScheme::ECDSA_SECP384R1_SHA384).unwrap();
        let p256 = KeyType::Ec(NamedGroup::SECP256R1);
        assert!(scheme.fits(p256, V12));
        assert!(!scheme.fits(p256, V13));
        assert!(scheme.fits(KeyType::Ec(NamedGroup::SECP384R1), V13));
        assert!(!scheme.fits(KeyType::Rsa, V12));
    }

    #[test]
    fn without_negotiation_sha1_signs_and_md5_with_it_for_rsa_before_tls_1_2() {
        use SignatureScheme as S;
        let ec = KeyType::Ec(NamedGroup::SECP256R1);
        for (key, version, scheme) in [
            (KeyType::Rsa, V10, Some(S::RSA_MD5_SHA1)),
            (KeyType::Rsa, V11, Some(S::RSA_MD5_SHA1)),
            (KeyType::Rsa, V12, Some(S::RSA_PKCS1_SHA1)),
            (ec, V10, Some(S::ECDSA_SHA1)),
            (ec, V12, Some(S::ECDSA_SHA1)),
            (KeyType::Dsa, V11, Some(S::DSA_SHA1)),
            (KeyType::Ed25519, V12, None),
            (KeyType::RsaPss(None), V11, None),
            (KeyType::Rsa, V13, None),
        ] {
            assert_eq!(fallback(key, version), scheme, "{key:?} {version:?}");
        }
    }
}
