//! Code points of the protocol, one newtype per registry.
//!
//! Newtypes over the wire value, not enums: an unknown (or GREASE) value is an ordinary value that
//! no table has a row for. IANA "TLS Parameters" and "TLS ExtensionType Values" are the source.

macro_rules! code_points {
    ($(#[$doc:meta])* $name:ident : $int:ty { $($id:ident = $val:expr, $text:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $int);
        #[allow(missing_docs)]
        impl $name {
            $(pub const $id: Self = Self($val);)*
            /// Every value that has a name here.
            pub const KNOWN: &'static [Self] = &[$(Self::$id),*];
            /// The registry's name, `None` for a value this library does not know.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($val => Some($text),)* _ => None }
            }
        }
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(n) => f.write_str(n),
                    None => write!(f, concat!(stringify!($name), "({:#06x})"), self.0),
                }
            }
        }
    };
}

code_points! {
    /// Protocol version as on the wire (RFC 8446 section 4.1.2, 9147 section 5.3).
    ProtocolVersion: u16 {
        SSL3 = 0x0300, "sslv3";
        TLS10 = 0x0301, "tlsv1";
        TLS11 = 0x0302, "tlsv1.1";
        TLS12 = 0x0303, "tlsv1.2";
        TLS13 = 0x0304, "tlsv1.3";
        DTLS10 = 0xfeff, "dtlsv1";
        DTLS12 = 0xfefd, "dtlsv1.2";
    }
}
code_points! {
    /// Record content type (RFC 8446 section 5.1).
    ContentType: u8 {
        CHANGE_CIPHER_SPEC = 20, "change_cipher_spec";
        ALERT = 21, "alert";
        HANDSHAKE = 22, "handshake";
        APPLICATION_DATA = 23, "application_data";
    }
}
code_points! {
    /// Handshake message type (RFC 8446 section 4).
    HandshakeType: u8 {
        HELLO_REQUEST = 0, "hello_request";
        CLIENT_HELLO = 1, "client_hello";
        SERVER_HELLO = 2, "server_hello";
        HELLO_VERIFY_REQUEST = 3, "hello_verify_request";
        NEW_SESSION_TICKET = 4, "new_session_ticket";
        END_OF_EARLY_DATA = 5, "end_of_early_data";
        ENCRYPTED_EXTENSIONS = 8, "encrypted_extensions";
        CERTIFICATE = 11, "certificate";
        SERVER_KEY_EXCHANGE = 12, "server_key_exchange";
        CERTIFICATE_REQUEST = 13, "certificate_request";
        SERVER_HELLO_DONE = 14, "server_hello_done";
        CERTIFICATE_VERIFY = 15, "certificate_verify";
        CLIENT_KEY_EXCHANGE = 16, "client_key_exchange";
        FINISHED = 20, "finished";
        CERTIFICATE_STATUS = 22, "certificate_status";
        KEY_UPDATE = 24, "key_update";
        NEXT_PROTOCOL = 67, "next_protocol";
        MESSAGE_HASH = 254, "message_hash";
    }
}
code_points! {
    /// Alert description (RFC 8446 section 6, RFC 5246 section 7.2).
    AlertDescription: u8 {
        CLOSE_NOTIFY = 0, "close_notify";
        UNEXPECTED_MESSAGE = 10, "unexpected_message";
        BAD_RECORD_MAC = 20, "bad_record_mac";
        DECRYPTION_FAILED = 21, "decryption_failed";
        RECORD_OVERFLOW = 22, "record_overflow";
        DECOMPRESSION_FAILURE = 30, "decompression_failure";
        HANDSHAKE_FAILURE = 40, "handshake_failure";
        NO_CERTIFICATE = 41, "no_certificate";
        BAD_CERTIFICATE = 42, "bad_certificate";
        UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
        CERTIFICATE_REVOKED = 44, "certificate_revoked";
        CERTIFICATE_EXPIRED = 45, "certificate_expired";
        CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
        ILLEGAL_PARAMETER = 47, "illegal_parameter";
        UNKNOWN_CA = 48, "unknown_ca";
        ACCESS_DENIED = 49, "access_denied";
        DECODE_ERROR = 50, "decode_error";
        DECRYPT_ERROR = 51, "decrypt_error";
        EXPORT_RESTRICTION = 60, "export_restriction";
        PROTOCOL_VERSION = 70, "protocol_version";
        INSUFFICIENT_SECURITY = 71, "insufficient_security";
        INTERNAL_ERROR = 80, "internal_error";
        INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
        USER_CANCELED = 90, "user_canceled";
        NO_RENEGOTIATION = 100, "no_renegotiation";
        MISSING_EXTENSION = 109, "missing_extension";
        UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
        CERTIFICATE_UNOBTAINABLE = 111, "certificate_unobtainable";
        UNRECOGNIZED_NAME = 112, "unrecognized_name";
        BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
        BAD_CERTIFICATE_HASH_VALUE = 114, "bad_certificate_hash_value";
        UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
        CERTIFICATE_REQUIRED = 116, "certificate_required";
        NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    }
}
code_points! {
    /// Extension type (IANA registry; RFC 8446 section 4.2).
    ExtensionType: u16 {
        SERVER_NAME = 0, "server_name";
        MAX_FRAGMENT_LENGTH = 1, "max_fragment_length";
        STATUS_REQUEST = 5, "status_request";
        SUPPORTED_GROUPS = 10, "supported_groups";
        EC_POINT_FORMATS = 11, "ec_point_formats";
        SRP = 12, "srp";
        SIGNATURE_ALGORITHMS = 13, "signature_algorithms";
        USE_SRTP = 14, "use_srtp";
        ALPN = 16, "application_layer_protocol_negotiation";
        SIGNED_CERTIFICATE_TIMESTAMP = 18, "signed_certificate_timestamp";
        PADDING = 21, "padding";
        EXTENDED_MASTER_SECRET = 23, "extended_master_secret";
        SESSION_TICKET = 35, "session_ticket";
        PRE_SHARED_KEY = 41, "pre_shared_key";
        EARLY_DATA = 42, "early_data";
        SUPPORTED_VERSIONS = 43, "supported_versions";
        COOKIE = 44, "cookie";
        PSK_KEY_EXCHANGE_MODES = 45, "psk_key_exchange_modes";
        CERTIFICATE_AUTHORITIES = 47, "certificate_authorities";
        OID_FILTERS = 48, "oid_filters";
        POST_HANDSHAKE_AUTH = 49, "post_handshake_auth";
        SIGNATURE_ALGORITHMS_CERT = 50, "signature_algorithms_cert";
        KEY_SHARE = 51, "key_share";
        NEXT_PROTOCOL_NEGOTIATION = 13172, "next_protocol_negotiation";
        RENEGOTIATION_INFO = 65281, "renegotiation_info";
    }
}
code_points! {
    /// Key exchange group (RFC 8446 section 4.2.7, RFC 8422 section 5.1.1 and the IANA registry).
    NamedGroup: u16 {
        SECT163K1 = 1, "sect163k1";
        SECT163R1 = 2, "sect163r1";
        SECT163R2 = 3, "sect163r2";
        SECT193R1 = 4, "sect193r1";
        SECT193R2 = 5, "sect193r2";
        SECT233K1 = 6, "sect233k1";
        SECT233R1 = 7, "sect233r1";
        SECT239K1 = 8, "sect239k1";
        SECT283K1 = 9, "sect283k1";
        SECT283R1 = 10, "sect283r1";
        SECT409K1 = 11, "sect409k1";
        SECT409R1 = 12, "sect409r1";
        SECT571K1 = 13, "sect571k1";
        SECT571R1 = 14, "sect571r1";
        SECP160K1 = 15, "secp160k1";
        SECP160R1 = 16, "secp160r1";
        SECP160R2 = 17, "secp160r2";
        SECP192K1 = 18, "secp192k1";
        SECP192R1 = 19, "secp192r1";
        SECP224K1 = 20, "secp224k1";
        SECP224R1 = 21, "secp224r1";
        SECP256K1 = 22, "secp256k1";
        SECP256R1 = 23, "secp256r1";
        SECP384R1 = 24, "secp384r1";
        SECP521R1 = 25, "secp521r1";
        BRAINPOOLP256R1 = 26, "brainpoolP256r1";
        BRAINPOOLP384R1 = 27, "brainpoolP384r1";
        BRAINPOOLP512R1 = 28, "brainpoolP512r1";
        X25519 = 29, "x25519";
        X448 = 30, "x448";
        BRAINPOOLP256R1TLS13 = 31, "brainpoolP256r1tls13";
        BRAINPOOLP384R1TLS13 = 32, "brainpoolP384r1tls13";
        BRAINPOOLP512R1TLS13 = 33, "brainpoolP512r1tls13";
        FFDHE2048 = 256, "ffdhe2048";
        FFDHE3072 = 257, "ffdhe3072";
        FFDHE4096 = 258, "ffdhe4096";
        FFDHE6144 = 259, "ffdhe6144";
        FFDHE8192 = 260, "ffdhe8192";
        MLKEM512 = 512, "mlkem512";
        MLKEM768 = 513, "mlkem768";
        MLKEM1024 = 514, "mlkem1024";
        SECP256R1MLKEM768 = 4587, "secp256r1mlkem768";
        X25519MLKEM768 = 4588, "x25519mlkem768";
        SECP384R1MLKEM1024 = 4589, "secp384r1mlkem1024";
    }
}
code_points! {
    /// Signature scheme (RFC 8446 section 4.2.3 and the IANA registry). Before TLS 1.3 the two bytes of those below 0x0700
    /// are a hash and an algorithm (RFC 5246 section 7.4.1.4.1), and ECDSA is not bound to a curve.
    SignatureScheme: u16 {
        RSA_PKCS1_SHA1 = 0x0201, "rsa_pkcs1_sha1";
        DSA_SHA1 = 0x0202, "dsa_sha1";
        ECDSA_SHA1 = 0x0203, "ecdsa_sha1";
        RSA_PKCS1_SHA224 = 0x0301, "rsa_pkcs1_sha224";
        DSA_SHA224 = 0x0302, "dsa_sha224";
        ECDSA_SHA224 = 0x0303, "ecdsa_sha224";
        RSA_PKCS1_SHA256 = 0x0401, "rsa_pkcs1_sha256";
        DSA_SHA256 = 0x0402, "dsa_sha256";
        ECDSA_SECP256R1_SHA256 = 0x0403, "ecdsa_secp256r1_sha256";
        RSA_PKCS1_SHA384 = 0x0501, "rsa_pkcs1_sha384";
        DSA_SHA384 = 0x0502, "dsa_sha384";
        ECDSA_SECP384R1_SHA384 = 0x0503, "ecdsa_secp384r1_sha384";
        RSA_PKCS1_SHA512 = 0x0601, "rsa_pkcs1_sha512";
        DSA_SHA512 = 0x0602, "dsa_sha512";
        ECDSA_SECP521R1_SHA512 = 0x0603, "ecdsa_secp521r1_sha512";
        RSA_PSS_RSAE_SHA256 = 0x0804, "rsa_pss_rsae_sha256";
        RSA_PSS_RSAE_SHA384 = 0x0805, "rsa_pss_rsae_sha384";
        RSA_PSS_RSAE_SHA512 = 0x0806, "rsa_pss_rsae_sha512";
        ED25519 = 0x0807, "eddsa_ed25519";
        ED448 = 0x0808, "eddsa_ed448";
        RSA_PSS_PSS_SHA256 = 0x0809, "rsa_pss_pss_sha256";
        RSA_PSS_PSS_SHA384 = 0x080a, "rsa_pss_pss_sha384";
        RSA_PSS_PSS_SHA512 = 0x080b, "rsa_pss_pss_sha512";
        ECDSA_BRAINPOOLP256R1TLS13_SHA256 = 0x081a, "ecdsa_brainpoolP256r1tls13_sha256";
        ECDSA_BRAINPOOLP384R1TLS13_SHA384 = 0x081b, "ecdsa_brainpoolP384r1tls13_sha384";
        ECDSA_BRAINPOOLP512R1TLS13_SHA512 = 0x081c, "ecdsa_brainpoolP512r1tls13_sha512";
        MLDSA44 = 0x0904, "mldsa44";
        MLDSA65 = 0x0905, "mldsa65";
        MLDSA87 = 0x0906, "mldsa87";
        SLH_DSA_SHA2_128S = 0x0911, "slh_dsa_sha2_128s";
        SLH_DSA_SHA2_128F = 0x0912, "slh_dsa_sha2_128f";
        SLH_DSA_SHA2_192S = 0x0913, "slh_dsa_sha2_192s";
        SLH_DSA_SHA2_192F = 0x0914, "slh_dsa_sha2_192f";
        SLH_DSA_SHA2_256S = 0x0915, "slh_dsa_sha2_256s";
        SLH_DSA_SHA2_256F = 0x0916, "slh_dsa_sha2_256f";
        SLH_DSA_SHAKE_128S = 0x0917, "slh_dsa_shake_128s";
        SLH_DSA_SHAKE_128F = 0x0918, "slh_dsa_shake_128f";
        SLH_DSA_SHAKE_192S = 0x0919, "slh_dsa_shake_192s";
        SLH_DSA_SHAKE_192F = 0x091a, "slh_dsa_shake_192f";
        SLH_DSA_SHAKE_256S = 0x091b, "slh_dsa_shake_256s";
        SLH_DSA_SHAKE_256F = 0x091c, "slh_dsa_shake_256f";
        // For private use (RFC 8446 section 11): what RSA keys sign before TLS 1.2 (RFC 4346 section 7.4.3). Never sent.
        RSA_MD5_SHA1 = 0xff01, "rsa_md5_sha1";
    }
}
code_points! {
    /// Cipher suite (IANA registry; RFC 8446 appendix B.4). The table in `crypto::suites` says what is in it.
    CipherSuite: u16 {
        TLS_AES_128_GCM_SHA256 = 0x1301, "TLS_AES_128_GCM_SHA256";
        TLS_AES_256_GCM_SHA384 = 0x1302, "TLS_AES_256_GCM_SHA384";
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303, "TLS_CHACHA20_POLY1305_SHA256";
        TLS_AES_128_CCM_SHA256 = 0x1304, "TLS_AES_128_CCM_SHA256";
        TLS_AES_128_CCM_8_SHA256 = 0x1305, "TLS_AES_128_CCM_8_SHA256";
        TLS_RSA_WITH_RC4_128_MD5 = 0x0004, "TLS_RSA_WITH_RC4_128_MD5";
        TLS_RSA_WITH_RC4_128_SHA = 0x0005, "TLS_RSA_WITH_RC4_128_SHA";
        TLS_RSA_WITH_DES_CBC_SHA = 0x0009, "TLS_RSA_WITH_DES_CBC_SHA";
        TLS_RSA_WITH_3DES_EDE_CBC_SHA = 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA";
        TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA = 0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA";
        TLS_DHE_RSA_WITH_DES_CBC_SHA = 0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA";
        TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA = 0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA";
        TLS_DH_ANON_WITH_RC4_128_MD5 = 0x0018, "TLS_DH_anon_WITH_RC4_128_MD5";
        TLS_DH_ANON_WITH_DES_CBC_SHA = 0x001a, "TLS_DH_anon_WITH_DES_CBC_SHA";
        TLS_DH_ANON_WITH_3DES_EDE_CBC_SHA = 0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA";
        TLS_RSA_WITH_AES_128_CBC_SHA = 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA";
        TLS_DHE_DSS_WITH_AES_128_CBC_SHA = 0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA";
        TLS_DHE_RSA_WITH_AES_128_CBC_SHA = 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA";
        TLS_RSA_WITH_AES_256_CBC_SHA = 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA";
        TLS_DHE_DSS_WITH_AES_256_CBC_SHA = 0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA";
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA = 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA";
        TLS_RSA_WITH_AES_128_CBC_SHA256 = 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256";
        TLS_RSA_WITH_AES_256_CBC_SHA256 = 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256";
        TLS_DHE_DSS_WITH_AES_128_CBC_SHA256 = 0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256";
        TLS_DHE_RSA_WITH_AES_128_CBC_SHA256 = 0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256";
        TLS_DHE_DSS_WITH_AES_256_CBC_SHA256 = 0x006a, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256";
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA256 = 0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256";
        TLS_DH_ANON_WITH_AES_128_CBC_SHA256 = 0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256";
        TLS_DH_ANON_WITH_AES_256_CBC_SHA256 = 0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256";
        TLS_PSK_WITH_RC4_128_SHA = 0x008a, "TLS_PSK_WITH_RC4_128_SHA";
        TLS_PSK_WITH_3DES_EDE_CBC_SHA = 0x008b, "TLS_PSK_WITH_3DES_EDE_CBC_SHA";
        TLS_PSK_WITH_AES_128_CBC_SHA = 0x008c, "TLS_PSK_WITH_AES_128_CBC_SHA";
        TLS_PSK_WITH_AES_256_CBC_SHA = 0x008d, "TLS_PSK_WITH_AES_256_CBC_SHA";
        TLS_DHE_PSK_WITH_RC4_128_SHA = 0x008e, "TLS_DHE_PSK_WITH_RC4_128_SHA";
        TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA = 0x008f, "TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA";
        TLS_DHE_PSK_WITH_AES_128_CBC_SHA = 0x0090, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA";
        TLS_DHE_PSK_WITH_AES_256_CBC_SHA = 0x0091, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA";
        TLS_RSA_PSK_WITH_RC4_128_SHA = 0x0092, "TLS_RSA_PSK_WITH_RC4_128_SHA";
        TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA = 0x0093, "TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA";
        TLS_RSA_PSK_WITH_AES_128_CBC_SHA = 0x0094, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA";
        TLS_RSA_PSK_WITH_AES_256_CBC_SHA = 0x0095, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA";
        TLS_RSA_WITH_AES_128_GCM_SHA256 = 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256";
        TLS_RSA_WITH_AES_256_GCM_SHA384 = 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384";
        TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 = 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
        TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 = 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384";
        TLS_DHE_DSS_WITH_AES_128_GCM_SHA256 = 0x00a2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256";
        TLS_DHE_DSS_WITH_AES_256_GCM_SHA384 = 0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384";
        TLS_DH_ANON_WITH_AES_128_GCM_SHA256 = 0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256";
        TLS_DH_ANON_WITH_AES_256_GCM_SHA384 = 0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384";
        TLS_PSK_WITH_AES_128_GCM_SHA256 = 0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256";
        TLS_PSK_WITH_AES_256_GCM_SHA384 = 0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384";
        TLS_DHE_PSK_WITH_AES_128_GCM_SHA256 = 0x00aa, "TLS_DHE_PSK_WITH_AES_128_GCM_SHA256";
        TLS_DHE_PSK_WITH_AES_256_GCM_SHA384 = 0x00ab, "TLS_DHE_PSK_WITH_AES_256_GCM_SHA384";
        TLS_RSA_PSK_WITH_AES_128_GCM_SHA256 = 0x00ac, "TLS_RSA_PSK_WITH_AES_128_GCM_SHA256";
        TLS_RSA_PSK_WITH_AES_256_GCM_SHA384 = 0x00ad, "TLS_RSA_PSK_WITH_AES_256_GCM_SHA384";
        TLS_PSK_WITH_AES_128_CBC_SHA256 = 0x00ae, "TLS_PSK_WITH_AES_128_CBC_SHA256";
        TLS_PSK_WITH_AES_256_CBC_SHA384 = 0x00af, "TLS_PSK_WITH_AES_256_CBC_SHA384";
        TLS_DHE_PSK_WITH_AES_128_CBC_SHA256 = 0x00b2, "TLS_DHE_PSK_WITH_AES_128_CBC_SHA256";
        TLS_DHE_PSK_WITH_AES_256_CBC_SHA384 = 0x00b3, "TLS_DHE_PSK_WITH_AES_256_CBC_SHA384";
        TLS_RSA_PSK_WITH_AES_128_CBC_SHA256 = 0x00b6, "TLS_RSA_PSK_WITH_AES_128_CBC_SHA256";
        TLS_RSA_PSK_WITH_AES_256_CBC_SHA384 = 0x00b7, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA384";
        TLS_ECDH_ECDSA_WITH_RC4_128_SHA = 0xc002, "TLS_ECDH_ECDSA_WITH_RC4_128_SHA";
        TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA = 0xc003, "TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA = 0xc004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA";
        TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA = 0xc005, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA";
        TLS_ECDHE_ECDSA_WITH_RC4_128_SHA = 0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA";
        TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA = 0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA = 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
        TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA = 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA";
        TLS_ECDH_RSA_WITH_RC4_128_SHA = 0xc00c, "TLS_ECDH_RSA_WITH_RC4_128_SHA";
        TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA = 0xc00d, "TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDH_RSA_WITH_AES_128_CBC_SHA = 0xc00e, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA";
        TLS_ECDH_RSA_WITH_AES_256_CBC_SHA = 0xc00f, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA";
        TLS_ECDHE_RSA_WITH_RC4_128_SHA = 0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA";
        TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA = 0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA = 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
        TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA = 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA";
        TLS_ECDH_ANON_WITH_3DES_EDE_CBC_SHA = 0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDH_ANON_WITH_AES_128_CBC_SHA = 0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA";
        TLS_ECDH_ANON_WITH_AES_256_CBC_SHA = 0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA";
        TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA = 0xc01a, "TLS_SRP_SHA_WITH_3DES_EDE_CBC_SHA";
        TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA = 0xc01b, "TLS_SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA";
        TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA = 0xc01c, "TLS_SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA";
        TLS_SRP_SHA_WITH_AES_128_CBC_SHA = 0xc01d, "TLS_SRP_SHA_WITH_AES_128_CBC_SHA";
        TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA = 0xc01e, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA";
        TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA = 0xc01f, "TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA";
        TLS_SRP_SHA_WITH_AES_256_CBC_SHA = 0xc020, "TLS_SRP_SHA_WITH_AES_256_CBC_SHA";
        TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA = 0xc021, "TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA";
        TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA = 0xc022, "TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA";
        TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 = 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256";
        TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 = 0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384";
        TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256 = 0xc025, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256";
        TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384 = 0xc026, "TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384";
        TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 = 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256";
        TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 = 0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384";
        TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256 = 0xc029, "TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256";
        TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384 = 0xc02a, "TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384";
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
        TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02d, "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256";
        TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02e, "TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384";
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
        TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256 = 0xc031, "TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256";
        TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384 = 0xc032, "TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384";
        TLS_ECDHE_PSK_WITH_RC4_128_SHA = 0xc033, "TLS_ECDHE_PSK_WITH_RC4_128_SHA";
        TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA = 0xc034, "TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA";
        TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA = 0xc035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA";
        TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA = 0xc036, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA";
        TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256 = 0xc037, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256";
        TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384 = 0xc038, "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384";
        TLS_PSK_WITH_AES_128_CCM = 0xc0a4, "TLS_PSK_WITH_AES_128_CCM";
        TLS_PSK_WITH_AES_256_CCM = 0xc0a5, "TLS_PSK_WITH_AES_256_CCM";
        TLS_DHE_PSK_WITH_AES_128_CCM = 0xc0a6, "TLS_DHE_PSK_WITH_AES_128_CCM";
        TLS_DHE_PSK_WITH_AES_256_CCM = 0xc0a7, "TLS_DHE_PSK_WITH_AES_256_CCM";
        TLS_PSK_WITH_AES_128_CCM_8 = 0xc0a8, "TLS_PSK_WITH_AES_128_CCM_8";
        TLS_PSK_WITH_AES_256_CCM_8 = 0xc0a9, "TLS_PSK_WITH_AES_256_CCM_8";
        TLS_DHE_PSK_WITH_AES_128_CCM_8 = 0xc0aa, "TLS_DHE_PSK_WITH_AES_128_CCM_8";
        TLS_DHE_PSK_WITH_AES_256_CCM_8 = 0xc0ab, "TLS_DHE_PSK_WITH_AES_256_CCM_8";
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM = 0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM";
        TLS_ECDHE_ECDSA_WITH_AES_256_CCM = 0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM";
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 = 0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8";
        TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8 = 0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8";
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
        TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
        TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 = 0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256";
        TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 = 0xd001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256";
        TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384 = 0xd002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384";
        TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256 = 0xd003, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256";
        TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256 = 0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256";
        TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
        TLS_FALLBACK_SCSV = 0x5600, "TLS_FALLBACK_SCSV";
    }
}

/// How a sender of TLS 1.0 keeps the IVs of its CBC records from being known beforehand (BEAST): each record's IV is the
/// end of the record before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BeastMitigation {
    /// The first byte in a record of its own.
    OneNMinusOne,
    /// An empty record first.
    ZeroN,
    /// Not at all.
    Disabled,
}

impl NamedGroup {
    /// Is it a curve of TLS 1.2 and before (RFC 8422 section 5.1.1)? Those that come after in the registry, and finite
    /// fields, are for TLS 1.3, or not for ECDHE.
    pub const fn is_curve(self) -> bool {
        self.0 <= Self::X448.0
    }

    /// The code point of the same curve before TLS 1.3 (RFC 8734 section 3: the Brainpool curves have two).
    pub const fn before_tls13(self) -> Self {
        match self {
            Self::BRAINPOOLP256R1TLS13 => Self::BRAINPOOLP256R1,
            Self::BRAINPOOLP384R1TLS13 => Self::BRAINPOOLP384R1,
            Self::BRAINPOOLP512R1TLS13 => Self::BRAINPOOLP512R1,
            other => other,
        }
    }
}

/// Which side of the connection this endpoint is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sends the ClientHello.
    Client,
    /// Answers it.
    Server,
}

impl Role {
    /// The other side's.
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
