//! The cipher suites, one row each (RFC 8446 appendix B.4).

use super::aead::AeadAlg;
use super::hash::HashAlg;
use crate::enums::CipherSuite;

/// What a cipher suite is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct SuiteRow {
    /// The code point.
    pub id: CipherSuite,
    /// Hash of the transcript and of HKDF.
    pub hash: HashAlg,
    /// Record protection.
    pub aead: AeadAlg,
    /// Records that one key may seal (RFC 8446 section 5.5; RFC 9147 section 4.5.3 for CCM).
    pub confidentiality_limit: u64,
    /// Records that may fail to open under one key (RFC 9147 section 4.5.3; appendix B for CCM_8).
    pub integrity_limit: u64,
}

/// Full-size records under one AES-GCM key: 2^24.5, rounded down to a power of two.
const GCM_CONFIDENTIALITY: u64 = 1 << 24;
/// ChaCha20-Poly1305: the sequence number ends first.
const CHACHA_CONFIDENTIALITY: u64 = u64::MAX;
/// AES-CCM: 2^23.
const CCM_CONFIDENTIALITY: u64 = 1 << 23;
/// Forgery attempts for 128 bit tags of GCM and Poly1305.
const INTEGRITY: u64 = 1 << 36;
/// The same for CCM: 2^23.5, rounded down.
const CCM_INTEGRITY: u64 = 1 << 23;
/// The same for the 64 bit tag of CCM_8.
const CCM_8_INTEGRITY: u64 = 1 << 7;

macro_rules! rows {
    ($($id:ident, $hash:ident, $aead:ident, $confidentiality:expr, $integrity:expr;)*) => {
        /// Every suite that this library can speak.
        pub static SUITES: &[SuiteRow] = &[$(SuiteRow {
            id: CipherSuite::$id, hash: HashAlg::$hash, aead: AeadAlg::$aead,
            confidentiality_limit: $confidentiality, integrity_limit: $integrity,
        }),*];
    };
}

rows! {
    TLS_AES_128_GCM_SHA256,       Sha256, Aes128Gcm,        GCM_CONFIDENTIALITY,    INTEGRITY;
    TLS_AES_256_GCM_SHA384,       Sha384, Aes256Gcm,        GCM_CONFIDENTIALITY,    INTEGRITY;
    TLS_CHACHA20_POLY1305_SHA256, Sha256, ChaCha20Poly1305, CHACHA_CONFIDENTIALITY, INTEGRITY;
    TLS_AES_128_CCM_SHA256,       Sha256, Aes128Ccm,        CCM_CONFIDENTIALITY,    CCM_INTEGRITY;
    TLS_AES_128_CCM_8_SHA256,     Sha256, Aes128Ccm8,       CCM_CONFIDENTIALITY,    CCM_8_INTEGRITY;
}

/// The row of `id`, if this library can speak it.
pub fn suite(id: CipherSuite) -> Option<&'static SuiteRow> {
    SUITES.iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_code_and_no_other_code_is() {
        for code in 0..=u16::MAX {
            let found = suite(CipherSuite(code));
            assert_eq!(
                found.is_some(),
                (0x1301..=0x1305).contains(&code),
                "{code:#x}"
            );
            if let Some(row) = found {
                assert_eq!(row.id, CipherSuite(code));
            }
        }
    }
}
