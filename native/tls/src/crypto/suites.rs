//! The cipher suites, one row each: what TLS can negotiate here, in any version.
//!
//! Sources: RFC 8446 appendix B.4 (TLS 1.3); RFC 5246 appendix C, RFC 4492 section 6, RFC 5289, RFC 5288, RFC 6655, RFC 7251,
//! RFC 7905 (certificates); RFC 4279, RFC 5487, RFC 5489, RFC 8442 (PSK); RFC 5054 (SRP); RFC 5469 (DES). Suites without
//! encryption, with static DH or with export keys have no row, and so cannot be negotiated.

use super::aead::AeadAlg;
use super::cbc::BlockCipher;
use super::hash::HashAlg;
use super::mac::MacAlg;
use super::stream::StreamCipher;
use crate::enums::{CipherSuite, ProtocolVersion};

/// What a cipher suite is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct SuiteRow {
    /// The code point.
    pub id: CipherSuite,
    /// The lowest version that the suite may be used with.
    pub first: ProtocolVersion,
    /// The highest one.
    pub last: ProtocolVersion,
    /// Where the premaster secret comes from.
    pub kx: KeyExchange,
    /// What the server's certificate must be good for.
    pub auth: Authentication,
    /// Record protection.
    pub cipher: RecordCipher,
    /// TLS 1.3: hash of the transcript and of HKDF. TLS 1.2: of the transcript and of the PRF. Before that both are those of
    /// the version, whatever the suite.
    pub hash: HashAlg,
    /// Records that one key may seal in TLS 1.3 (RFC 8446 section 5.5; RFC 9147 section 4.5.3 for CCM).
    pub confidentiality_limit: u64,
    /// Records that may fail to open under one key in TLS 1.3 (RFC 9147 section 4.5.3; appendix B for CCM_8).
    pub integrity_limit: u64,
}

/// Key exchange of a suite.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum KeyExchange {
    /// TLS 1.3: extensions say.
    Tls13,
    /// Ephemeral ECDH, signed.
    Ecdhe,
    /// ECDH with the key in the server's certificate.
    Ecdh,
    /// Ephemeral DH, signed.
    Dhe,
    /// The client encrypts the premaster secret for the server's RSA key.
    Rsa,
    /// A shared key alone.
    Psk,
    /// A shared key and ephemeral DH.
    DhePsk,
    /// A shared key and ephemeral ECDH.
    EcdhePsk,
    /// A shared key and a secret encrypted for the server's RSA key.
    RsaPsk,
    /// Secure remote password, signed unless `Authentication::None`.
    Srp,
    /// Ephemeral DH, unsigned.
    DhAnon,
    /// Ephemeral ECDH, unsigned.
    EcdhAnon,
}

/// Authentication of the server by its certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Authentication {
    /// TLS 1.3: signature_algorithms says.
    Any,
    /// An RSA key. For `KeyExchange::Ecdh`: an EC key in a certificate signed with RSA.
    Rsa,
    /// An ECDSA (or EdDSA, RFC 8422) key. For `KeyExchange::Ecdh`: an EC key in a certificate signed with ECDSA.
    Ecdsa,
    /// A DSA key.
    Dss,
    /// There is no certificate.
    None,
}

/// How records are protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum RecordCipher {
    /// RFC 5246 section 6.2.3.3, RFC 8446 section 5.2
    Aead(AeadAlg),
    /// MAC, then padding, then CBC (RFC 5246 section 6.2.3.2)
    Cbc(BlockCipher, MacAlg),
    /// MAC, then key stream (RFC 5246 section 6.2.3.1)
    Stream(StreamCipher, MacAlg),
}

impl RecordCipher {
    /// Length of the encryption key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aead(aead) => aead.key_len(),
            Self::Cbc(block, _) => block.key_len(),
            Self::Stream(stream, _) => stream.key_len(),
        }
    }

    /// The MAC, if it is one of its own.
    pub const fn mac(self) -> Option<MacAlg> {
        match self {
            Self::Aead(_) => None,
            Self::Cbc(_, mac) | Self::Stream(_, mac) => Some(mac),
        }
    }
}

impl SuiteRow {
    /// May the suite be used with this version?
    pub fn speaks(&self, version: ProtocolVersion) -> bool {
        self.first <= version && version <= self.last
    }

    /// The AEAD, if it is one.
    pub const fn aead(&self) -> Option<AeadAlg> {
        match self.cipher {
            RecordCipher::Aead(aead) => Some(aead),
            _ => None,
        }
    }
}

/// Full-size records under one AES-GCM key: 2^24.5, rounded down to a power of two.
const GCM_CONFIDENTIALITY: u64 = 1 << 24;
/// ChaCha20-Poly1305: the sequence number ends first. TLS 1.2 and older, which cannot change keys by themselves, have no
/// other limit either.
const SEQUENCE_ONLY: u64 = u64::MAX;
/// AES-CCM: 2^23.
const CCM_CONFIDENTIALITY: u64 = 1 << 23;
/// Forgery attempts for 128 bit tags of GCM and Poly1305.
const INTEGRITY: u64 = 1 << 36;
/// The same for CCM: 2^23.5, rounded down.
const CCM_INTEGRITY: u64 = 1 << 23;
/// The same for the 64 bit tag of CCM_8.
const CCM_8_INTEGRITY: u64 = 1 << 7;
/// TLS 1.2 and older: the first forgery ends the connection.
const NO_FORGERY: u64 = 0;

const AES_128_GCM: RecordCipher = RecordCipher::Aead(AeadAlg::Aes128Gcm);
const AES_256_GCM: RecordCipher = RecordCipher::Aead(AeadAlg::Aes256Gcm);
const CHACHA: RecordCipher = RecordCipher::Aead(AeadAlg::ChaCha20Poly1305);
const AES_128_CCM: RecordCipher = RecordCipher::Aead(AeadAlg::Aes128Ccm);
const AES_256_CCM: RecordCipher = RecordCipher::Aead(AeadAlg::Aes256Ccm);
const AES_128_CCM_8: RecordCipher = RecordCipher::Aead(AeadAlg::Aes128Ccm8);
const AES_256_CCM_8: RecordCipher = RecordCipher::Aead(AeadAlg::Aes256Ccm8);

const fn cbc(block: BlockCipher, mac: MacAlg) -> RecordCipher {
    RecordCipher::Cbc(block, mac)
}

const fn rc4(mac: MacAlg) -> RecordCipher {
    RecordCipher::Stream(StreamCipher::Rc4, mac)
}

macro_rules! rows {
    (
        tls13 { $($id13:ident, $hash13:ident, $cipher13:expr, $confidentiality:expr, $integrity:expr;)* }
        older { $($id:ident, $first:ident, $kx:ident, $auth:ident, $hash:ident, $cipher:expr;)* }
    ) => {
        /// Every suite that this library can speak: those of TLS 1.3, then the older ones by code point.
        pub static SUITES: &[SuiteRow] = &[
            $(SuiteRow {
                id: CipherSuite::$id13, first: ProtocolVersion::TLS13, last: ProtocolVersion::TLS13,
                kx: KeyExchange::Tls13, auth: Authentication::Any, cipher: $cipher13, hash: HashAlg::$hash13,
                confidentiality_limit: $confidentiality, integrity_limit: $integrity,
            },)*
            $(SuiteRow {
                id: CipherSuite::$id, first: ProtocolVersion::$first, last: ProtocolVersion::TLS12,
                kx: KeyExchange::$kx, auth: Authentication::$auth, cipher: $cipher, hash: HashAlg::$hash,
                confidentiality_limit: SEQUENCE_ONLY, integrity_limit: NO_FORGERY,
            },)*
        ];
    };
}

// Older: code point, lowest version, key exchange, authentication, hash at 1.2, protection. HMAC-SHA256 and -SHA384 with
// CBC are for 1.2 only, except in the PSK suites (RFC 5487 section 3, RFC 5489 section 3).
rows! {
tls13 {
    TLS_AES_128_GCM_SHA256,       Sha256, AES_128_GCM,   GCM_CONFIDENTIALITY, INTEGRITY;
    TLS_AES_256_GCM_SHA384,       Sha384, AES_256_GCM,   GCM_CONFIDENTIALITY, INTEGRITY;
    TLS_CHACHA20_POLY1305_SHA256, Sha256, CHACHA,        SEQUENCE_ONLY,       INTEGRITY;
    TLS_AES_128_CCM_SHA256,       Sha256, AES_128_CCM,   CCM_CONFIDENTIALITY, CCM_INTEGRITY;
    TLS_AES_128_CCM_8_SHA256,     Sha256, AES_128_CCM_8, CCM_CONFIDENTIALITY, CCM_8_INTEGRITY;
}
older {
    TLS_RSA_WITH_RC4_128_MD5, TLS10, Rsa, Rsa, Sha256, rc4(MacAlg::Md5);
    TLS_RSA_WITH_RC4_128_SHA, TLS10, Rsa, Rsa, Sha256, rc4(MacAlg::Sha1);
    TLS_RSA_WITH_DES_CBC_SHA, TLS10, Rsa, Rsa, Sha256, cbc(BlockCipher::Des, MacAlg::Sha1);
    TLS_RSA_WITH_3DES_EDE_CBC_SHA, TLS10, Rsa, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA, TLS10, Dhe, Dss, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_DHE_RSA_WITH_DES_CBC_SHA, TLS10, Dhe, Rsa, Sha256, cbc(BlockCipher::Des, MacAlg::Sha1);
    TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA, TLS10, Dhe, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_DH_ANON_WITH_RC4_128_MD5, TLS10, DhAnon, None, Sha256, rc4(MacAlg::Md5);
    TLS_DH_ANON_WITH_DES_CBC_SHA, TLS10, DhAnon, None, Sha256, cbc(BlockCipher::Des, MacAlg::Sha1);
    TLS_DH_ANON_WITH_3DES_EDE_CBC_SHA, TLS10, DhAnon, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_RSA_WITH_AES_128_CBC_SHA, TLS10, Rsa, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_DHE_DSS_WITH_AES_128_CBC_SHA, TLS10, Dhe, Dss, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_DHE_RSA_WITH_AES_128_CBC_SHA, TLS10, Dhe, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_RSA_WITH_AES_256_CBC_SHA, TLS10, Rsa, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_DHE_DSS_WITH_AES_256_CBC_SHA, TLS10, Dhe, Dss, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_DHE_RSA_WITH_AES_256_CBC_SHA, TLS10, Dhe, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_RSA_WITH_AES_128_CBC_SHA256, TLS12, Rsa, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_RSA_WITH_AES_256_CBC_SHA256, TLS12, Rsa, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha256);
    TLS_DHE_DSS_WITH_AES_128_CBC_SHA256, TLS12, Dhe, Dss, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, TLS12, Dhe, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_DHE_DSS_WITH_AES_256_CBC_SHA256, TLS12, Dhe, Dss, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha256);
    TLS_DHE_RSA_WITH_AES_256_CBC_SHA256, TLS12, Dhe, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha256);
    TLS_DH_ANON_WITH_AES_128_CBC_SHA256, TLS12, DhAnon, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_DH_ANON_WITH_AES_256_CBC_SHA256, TLS12, DhAnon, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha256);
    TLS_PSK_WITH_RC4_128_SHA, TLS10, Psk, None, Sha256, rc4(MacAlg::Sha1);
    TLS_PSK_WITH_3DES_EDE_CBC_SHA, TLS10, Psk, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_PSK_WITH_AES_128_CBC_SHA, TLS10, Psk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_PSK_WITH_AES_256_CBC_SHA, TLS10, Psk, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_DHE_PSK_WITH_RC4_128_SHA, TLS10, DhePsk, None, Sha256, rc4(MacAlg::Sha1);
    TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA, TLS10, DhePsk, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_DHE_PSK_WITH_AES_128_CBC_SHA, TLS10, DhePsk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_DHE_PSK_WITH_AES_256_CBC_SHA, TLS10, DhePsk, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_RSA_PSK_WITH_RC4_128_SHA, TLS10, RsaPsk, Rsa, Sha256, rc4(MacAlg::Sha1);
    TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA, TLS10, RsaPsk, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_RSA_PSK_WITH_AES_128_CBC_SHA, TLS10, RsaPsk, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_RSA_PSK_WITH_AES_256_CBC_SHA, TLS10, RsaPsk, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_RSA_WITH_AES_128_GCM_SHA256, TLS12, Rsa, Rsa, Sha256, AES_128_GCM;
    TLS_RSA_WITH_AES_256_GCM_SHA384, TLS12, Rsa, Rsa, Sha384, AES_256_GCM;
    TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, TLS12, Dhe, Rsa, Sha256, AES_128_GCM;
    TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, TLS12, Dhe, Rsa, Sha384, AES_256_GCM;
    TLS_DHE_DSS_WITH_AES_128_GCM_SHA256, TLS12, Dhe, Dss, Sha256, AES_128_GCM;
    TLS_DHE_DSS_WITH_AES_256_GCM_SHA384, TLS12, Dhe, Dss, Sha384, AES_256_GCM;
    TLS_DH_ANON_WITH_AES_128_GCM_SHA256, TLS12, DhAnon, None, Sha256, AES_128_GCM;
    TLS_DH_ANON_WITH_AES_256_GCM_SHA384, TLS12, DhAnon, None, Sha384, AES_256_GCM;
    TLS_PSK_WITH_AES_128_GCM_SHA256, TLS12, Psk, None, Sha256, AES_128_GCM;
    TLS_PSK_WITH_AES_256_GCM_SHA384, TLS12, Psk, None, Sha384, AES_256_GCM;
    TLS_DHE_PSK_WITH_AES_128_GCM_SHA256, TLS12, DhePsk, None, Sha256, AES_128_GCM;
    TLS_DHE_PSK_WITH_AES_256_GCM_SHA384, TLS12, DhePsk, None, Sha384, AES_256_GCM;
    TLS_RSA_PSK_WITH_AES_128_GCM_SHA256, TLS12, RsaPsk, Rsa, Sha256, AES_128_GCM;
    TLS_RSA_PSK_WITH_AES_256_GCM_SHA384, TLS12, RsaPsk, Rsa, Sha384, AES_256_GCM;
    TLS_PSK_WITH_AES_128_CBC_SHA256, TLS10, Psk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_PSK_WITH_AES_256_CBC_SHA384, TLS10, Psk, None, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_DHE_PSK_WITH_AES_128_CBC_SHA256, TLS10, DhePsk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_DHE_PSK_WITH_AES_256_CBC_SHA384, TLS10, DhePsk, None, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_RSA_PSK_WITH_AES_128_CBC_SHA256, TLS10, RsaPsk, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_RSA_PSK_WITH_AES_256_CBC_SHA384, TLS10, RsaPsk, Rsa, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_ECDH_ECDSA_WITH_RC4_128_SHA, TLS10, Ecdh, Ecdsa, Sha256, rc4(MacAlg::Sha1);
    TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA, TLS10, Ecdh, Ecdsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA, TLS10, Ecdh, Ecdsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA, TLS10, Ecdh, Ecdsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, TLS10, Ecdhe, Ecdsa, Sha256, rc4(MacAlg::Sha1);
    TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA, TLS10, Ecdhe, Ecdsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS10, Ecdhe, Ecdsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS10, Ecdhe, Ecdsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDH_RSA_WITH_RC4_128_SHA, TLS10, Ecdh, Rsa, Sha256, rc4(MacAlg::Sha1);
    TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA, TLS10, Ecdh, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDH_RSA_WITH_AES_128_CBC_SHA, TLS10, Ecdh, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDH_RSA_WITH_AES_256_CBC_SHA, TLS10, Ecdh, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDHE_RSA_WITH_RC4_128_SHA, TLS10, Ecdhe, Rsa, Sha256, rc4(MacAlg::Sha1);
    TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, TLS10, Ecdhe, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS10, Ecdhe, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS10, Ecdhe, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDH_ANON_WITH_3DES_EDE_CBC_SHA, TLS10, EcdhAnon, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDH_ANON_WITH_AES_128_CBC_SHA, TLS10, EcdhAnon, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDH_ANON_WITH_AES_256_CBC_SHA, TLS10, EcdhAnon, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA, TLS10, Srp, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA, TLS10, Srp, Rsa, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA, TLS10, Srp, Dss, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_SRP_SHA_WITH_AES_128_CBC_SHA, TLS10, Srp, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA, TLS10, Srp, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA, TLS10, Srp, Dss, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_SRP_SHA_WITH_AES_256_CBC_SHA, TLS10, Srp, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA, TLS10, Srp, Rsa, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA, TLS10, Srp, Dss, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, TLS12, Ecdhe, Ecdsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, TLS12, Ecdhe, Ecdsa, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256, TLS12, Ecdh, Ecdsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384, TLS12, Ecdh, Ecdsa, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, TLS12, Ecdhe, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, TLS12, Ecdhe, Rsa, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256, TLS12, Ecdh, Rsa, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384, TLS12, Ecdh, Rsa, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS12, Ecdhe, Ecdsa, Sha256, AES_128_GCM;
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS12, Ecdhe, Ecdsa, Sha384, AES_256_GCM;
    TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256, TLS12, Ecdh, Ecdsa, Sha256, AES_128_GCM;
    TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384, TLS12, Ecdh, Ecdsa, Sha384, AES_256_GCM;
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS12, Ecdhe, Rsa, Sha256, AES_128_GCM;
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS12, Ecdhe, Rsa, Sha384, AES_256_GCM;
    TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256, TLS12, Ecdh, Rsa, Sha256, AES_128_GCM;
    TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384, TLS12, Ecdh, Rsa, Sha384, AES_256_GCM;
    TLS_ECDHE_PSK_WITH_RC4_128_SHA, TLS10, EcdhePsk, None, Sha256, rc4(MacAlg::Sha1);
    TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA, TLS10, EcdhePsk, None, Sha256, cbc(BlockCipher::TripleDes, MacAlg::Sha1);
    TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA, TLS10, EcdhePsk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha1);
    TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA, TLS10, EcdhePsk, None, Sha256, cbc(BlockCipher::Aes256, MacAlg::Sha1);
    TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, TLS10, EcdhePsk, None, Sha256, cbc(BlockCipher::Aes128, MacAlg::Sha256);
    TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384, TLS10, EcdhePsk, None, Sha384, cbc(BlockCipher::Aes256, MacAlg::Sha384);
    TLS_PSK_WITH_AES_128_CCM, TLS12, Psk, None, Sha256, AES_128_CCM;
    TLS_PSK_WITH_AES_256_CCM, TLS12, Psk, None, Sha256, AES_256_CCM;
    TLS_DHE_PSK_WITH_AES_128_CCM, TLS12, DhePsk, None, Sha256, AES_128_CCM;
    TLS_DHE_PSK_WITH_AES_256_CCM, TLS12, DhePsk, None, Sha256, AES_256_CCM;
    TLS_PSK_WITH_AES_128_CCM_8, TLS12, Psk, None, Sha256, AES_128_CCM_8;
    TLS_PSK_WITH_AES_256_CCM_8, TLS12, Psk, None, Sha256, AES_256_CCM_8;
    TLS_DHE_PSK_WITH_AES_128_CCM_8, TLS12, DhePsk, None, Sha256, AES_128_CCM_8;
    TLS_DHE_PSK_WITH_AES_256_CCM_8, TLS12, DhePsk, None, Sha256, AES_256_CCM_8;
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM, TLS12, Ecdhe, Ecdsa, Sha256, AES_128_CCM;
    TLS_ECDHE_ECDSA_WITH_AES_256_CCM, TLS12, Ecdhe, Ecdsa, Sha256, AES_256_CCM;
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, TLS12, Ecdhe, Ecdsa, Sha256, AES_128_CCM_8;
    TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8, TLS12, Ecdhe, Ecdsa, Sha256, AES_256_CCM_8;
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS12, Ecdhe, Rsa, Sha256, CHACHA;
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS12, Ecdhe, Ecdsa, Sha256, CHACHA;
    TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS12, Dhe, Rsa, Sha256, CHACHA;
    TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, TLS12, EcdhePsk, None, Sha256, CHACHA;
    TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, TLS12, EcdhePsk, None, Sha256, AES_128_GCM;
    TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, TLS12, EcdhePsk, None, Sha384, AES_256_GCM;
    TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256, TLS12, EcdhePsk, None, Sha256, AES_128_CCM_8;
    TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, TLS12, EcdhePsk, None, Sha256, AES_128_CCM;
}
}

/// The row of `id`, if this library can speak it.
pub fn suite(id: CipherSuite) -> Option<&'static SuiteRow> {
    SUITES.iter().find(|row| row.id == id)
}

/// The row of `id`, if this library can speak it in `version`.
pub fn suite_of(id: CipherSuite, version: ProtocolVersion) -> Option<&'static SuiteRow> {
    suite(id).filter(|row| row.speaks(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_code_and_no_other_code_is() {
        let mut found = 0;
        for code in 0..=u16::MAX {
            if let Some(row) = suite(CipherSuite(code)) {
                assert_eq!(row.id, CipherSuite(code));
                found += 1;
            }
        }
        assert_eq!(found, SUITES.len());
        for none in [0x0000, 0x00ff, 0x5600, 0x1a1a, 0x1306, 0xc006] {
            assert_eq!(suite(CipherSuite(none)), None);
        }
    }

    #[test]
    fn versions_are_those_of_the_rfcs() {
        for row in SUITES {
            let versions = [0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305]
                .map(|version| row.speaks(ProtocolVersion(version)));
            let expected = match row.cipher {
                _ if row.kx == KeyExchange::Tls13 => [false, false, false, false, true, false],
                RecordCipher::Aead(_) => [false, false, false, true, false, false],
                RecordCipher::Cbc(_, MacAlg::Sha256 | MacAlg::Sha384)
                    if row.auth != Authentication::None && row.kx != KeyExchange::RsaPsk =>
                {
                    [false, false, false, true, false, false]
                }
                RecordCipher::Cbc(_, MacAlg::Sha256) if row.kx == KeyExchange::DhAnon => {
                    [false, false, false, true, false, false]
                }
                _ => [false, true, true, true, false, false],
            };
            assert_eq!(versions, expected, "{row:?}");
        }
    }

    #[test]
    fn rows_say_what_their_names_say() {
        for row in SUITES {
            let name = row.id.name().unwrap();
            let Some((exchange, cipher)) = name.split_once("_WITH_") else {
                assert_eq!(row.kx, KeyExchange::Tls13);
                continue;
            };
            let expected = match exchange {
                "TLS_RSA" => (KeyExchange::Rsa, Authentication::Rsa),
                "TLS_DHE_RSA" => (KeyExchange::Dhe, Authentication::Rsa),
                "TLS_DHE_DSS" => (KeyExchange::Dhe, Authentication::Dss),
                "TLS_DH_anon" => (KeyExchange::DhAnon, Authentication::None),
                "TLS_ECDH_anon" => (KeyExchange::EcdhAnon, Authentication::None),
                "TLS_ECDHE_RSA" => (KeyExchange::Ecdhe, Authentication::Rsa),
                "TLS_ECDHE_ECDSA" => (KeyExchange::Ecdhe, Authentication::Ecdsa),
                "TLS_ECDH_RSA" => (KeyExchange::Ecdh, Authentication::Rsa),
                "TLS_ECDH_ECDSA" => (KeyExchange::Ecdh, Authentication::Ecdsa),
                "TLS_PSK" => (KeyExchange::Psk, Authentication::None),
                "TLS_DHE_PSK" => (KeyExchange::DhePsk, Authentication::None),
                "TLS_ECDHE_PSK" => (KeyExchange::EcdhePsk, Authentication::None),
                "TLS_RSA_PSK" => (KeyExchange::RsaPsk, Authentication::Rsa),
                "TLS_SRP_SHA" => (KeyExchange::Srp, Authentication::None),
                "TLS_SRP_SHA_RSA" => (KeyExchange::Srp, Authentication::Rsa),
                "TLS_SRP_SHA_DSS" => (KeyExchange::Srp, Authentication::Dss),
                other => panic!("{other}"),
            };
            assert_eq!((row.kx, row.auth), expected, "{name}");
            let (protection, hash) = match cipher {
                "RC4_128_MD5" => (rc4(MacAlg::Md5), HashAlg::Sha256),
                "RC4_128_SHA" => (rc4(MacAlg::Sha1), HashAlg::Sha256),
                "CHACHA20_POLY1305_SHA256" => (CHACHA, HashAlg::Sha256),
                "AES_128_GCM_SHA256" => (AES_128_GCM, HashAlg::Sha256),
                "AES_256_GCM_SHA384" => (AES_256_GCM, HashAlg::Sha384),
                "AES_128_CCM" | "AES_128_CCM_SHA256" => (AES_128_CCM, HashAlg::Sha256),
                "AES_256_CCM" => (AES_256_CCM, HashAlg::Sha256),
                "AES_128_CCM_8" | "AES_128_CCM_8_SHA256" => (AES_128_CCM_8, HashAlg::Sha256),
                "AES_256_CCM_8" => (AES_256_CCM_8, HashAlg::Sha256),
                cbc_name => {
                    let (block, mac) = cbc_name.split_once("_CBC_").unwrap();
                    let block = match block {
                        "DES" => BlockCipher::Des,
                        "3DES_EDE" => BlockCipher::TripleDes,
                        "AES_128" => BlockCipher::Aes128,
                        "AES_256" => BlockCipher::Aes256,
                        other => panic!("{other}"),
                    };
                    match mac {
                        "SHA" => (cbc(block, MacAlg::Sha1), HashAlg::Sha256),
                        "SHA256" => (cbc(block, MacAlg::Sha256), HashAlg::Sha256),
                        "SHA384" => (cbc(block, MacAlg::Sha384), HashAlg::Sha384),
                        other => panic!("{other}"),
                    }
                }
            };
            assert_eq!((row.cipher, row.hash), (protection, hash), "{name}");
        }
    }
}
