//! Everything that ends a connection, and the one place that maps it to an alert (RFC 8446 section 6.2).
//!
//! `Offence` is what a peer can do wrong, one variant each; its table gives the alert and the words. The other variants of
//! `Error` wrap what the lower layers found, what the peer said, and what the world decided.

use crate::enums::{AlertDescription, HandshakeType};
use crate::record::{JoinError, RecordError};
use core::fmt;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The peer broke the protocol, or offered nothing that fits.
    Offence(Offence),
    /// The record layer refused what came.
    Record(RecordError),
    /// Handshake messages are too long or not aligned with a change of keys.
    Join(JoinError),
    /// A field is cut short, has bytes left over, or a length out of its range.
    Malformed(&'static str),
    /// A message that may not come in this state.
    UnexpectedMessage(HandshakeType),
    /// The peer sent this alert.
    AlertReceived(AlertDescription),
    /// The world (verification, sni_fun, the user) said no with this alert.
    Aborted(AlertDescription),
    /// Something failed on our side.
    Local(LocalFailure),
}

/// Who made the alert that ended the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This side found the error.
    Local,
    /// The peer sent an alert.
    Peer,
}

/// Failures of our own making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalFailure {
    /// No random bytes.
    Random,
    /// The private key did not sign, or an answer to `Query::Sign` was none.
    Sign,
    /// A key pair could not be made, or an answer to a key exchange query was none.
    KeyExchange,
    /// An answer that does not fit its question.
    WrongAnswer,
    /// Application data before the handshake is over or after it has failed.
    NotConnected,
    /// Sending after our close_notify.
    Closed,
    /// TLS 1.3 has no renegotiation, and peers without RFC 5746 are not negotiated with again.
    NoRenegotiation,
    /// There is no KeyUpdate before TLS 1.3.
    NoKeyUpdate,
    /// A step of the handshake was taken twice.
    Order,
    /// A message of ours does not fit its length fields.
    TooLong,
    /// The configuration names nothing that can be offered or used.
    Configuration,
    /// Exporter label or length cannot be encoded.
    Export,
}

macro_rules! offences {
    ($($(#[$doc:meta])* $id:ident => $alert:ident, $text:expr;)*) => {
        /// What a peer can do wrong. Each has its alert in the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Offence { $($(#[$doc])* #[doc = $text] $id),* }
        impl Offence {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$id),*];
            /// The alert that tells the peer.
            pub const fn alert(self) -> AlertDescription {
                match self { $(Self::$id => AlertDescription::$alert),* }
            }
            /// In words.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$id => $text),* }
            }
        }
    };
}

offences! {
    // Records and alerts
    BadChangeCipherSpec => UNEXPECTED_MESSAGE, "a change_cipher_spec record that is not a single 1";
    EarlyChangeCipherSpec => UNEXPECTED_MESSAGE, "change_cipher_spec before the first hello";
    LateChangeCipherSpec => UNEXPECTED_MESSAGE, "change_cipher_spec after the handshake";
    UnexpectedChangeCipherSpec => UNEXPECTED_MESSAGE, "change_cipher_spec in the middle of a handshake of TLS 1.2 or below";
    TooManyChangeCipherSpecs => UNEXPECTED_MESSAGE, "a second change_cipher_spec record";
    BadAlert => DECODE_ERROR, "an alert that is not two bytes";
    BadAlertLevel => ILLEGAL_PARAMETER, "an alert level that is neither warning nor fatal";
    WarningAlert => DECODE_ERROR, "a warning alert, which TLS 1.3 does not have";
    EarlyWarningAlert => UNEXPECTED_MESSAGE, "a warning alert before the ClientHello";
    TooManyWarningAlerts => UNEXPECTED_MESSAGE, "too many warning alerts";
    EarlyApplicationData => UNEXPECTED_MESSAGE, "application data before the handshake is over";
    InterleavedRecord => UNEXPECTED_MESSAGE, "another record in the middle of a handshake message";
    ExcessHandshakeData => UNEXPECTED_MESSAGE, "handshake data after the end of a flight";
    TooManyKeyUpdates => UNEXPECTED_MESSAGE, "too many key updates without data between them";
    BadKeyUpdate => ILLEGAL_PARAMETER, "request_update is neither 0 nor 1";
    TooManySessionTickets => UNEXPECTED_MESSAGE, "too many session tickets without data between them";

    // Extensions in general
    DuplicateExtension => ILLEGAL_PARAMETER, "an extension stands twice";
    UnsolicitedExtension => UNSUPPORTED_EXTENSION, "an extension that was not offered";
    /// OTP's suites ask for this alert (CVE-2026-89422); RFC 8446 section 4.2 would have the one above.
    UnsolicitedPreSharedKey => ILLEGAL_PARAMETER, "pre_shared_key in ServerHello, which was not offered";
    MisplacedExtension => ILLEGAL_PARAMETER, "an extension in a message where it may not stand";
    PreSharedKeyNotLast => ILLEGAL_PARAMETER, "pre_shared_key is not the last extension";
    BinderCountMismatch => ILLEGAL_PARAMETER, "as many PSK identities as binders are needed";

    // ClientHello
    UnsupportedVersion => PROTOCOL_VERSION, "no protocol version in common";
    InappropriateFallback => INAPPROPRIATE_FALLBACK, "the client fell back to an older version without need";
    NoNullCompression => ILLEGAL_PARAMETER, "compression methods are not null alone";
    NoSharedCipher => INSUFFICIENT_SECURITY, "no cipher suite in common";
    NoSharedGroup => INSUFFICIENT_SECURITY, "no group in common";
    NoSharedSignatureScheme => INSUFFICIENT_SECURITY, "no certificate fits the peer's signature algorithms";
    CertificateNotAcceptable => HANDSHAKE_FAILURE, "no certificate is signed in a way that the peer can take";
    NoSharedProtocol => NO_APPLICATION_PROTOCOL, "no application protocol in common";
    MissingSignatureAlgorithms => MISSING_EXTENSION, "signature_algorithms is missing";
    MissingSupportedGroups => MISSING_EXTENSION, "supported_groups is missing";
    MissingKeyShare => MISSING_EXTENSION, "key_share is missing";
    MissingPskModes => MISSING_EXTENSION, "pre_shared_key without psk_key_exchange_modes";
    DuplicateKeyShare => ILLEGAL_PARAMETER, "two key shares for one group";
    KeyShareNotInGroups => ILLEGAL_PARAMETER, "a key share for a group that supported_groups does not list";
    BadKeyShare => ILLEGAL_PARAMETER, "a key share that is no public key of its group";
    BadMaxFragmentLength => ILLEGAL_PARAMETER, "max_fragment_length is not one of its four values";
    MissingCookie => ILLEGAL_PARAMETER, "the cookie of the HelloRetryRequest is missing";
    WrongCookie => ILLEGAL_PARAMETER, "the cookie is not that of the HelloRetryRequest";
    UnsolicitedCookie => UNSUPPORTED_EXTENSION, "a cookie that was never given";
    RetryKeyShareMismatch => ILLEGAL_PARAMETER, "the second ClientHello does not have the key share asked for";
    RetryChangedHello => ILLEGAL_PARAMETER, "the second ClientHello changed what may not change";
    RetryEarlyData => ILLEGAL_PARAMETER, "early_data in the second ClientHello";

    // Hellos and key exchange of TLS 1.2 and below
    TooManyRenegotiations => UNEXPECTED_MESSAGE, "too many renegotiations without data between them";
    InsecureRenegotiation => NO_RENEGOTIATION, "a renegotiation without renegotiation_info";
    RenegotiationChangedName => ILLEGAL_PARAMETER, "a renegotiation under another server name";
    UnknownUser => ILLEGAL_PARAMETER, "an identity that is not known";
    NoClientCertificate => HANDSHAKE_FAILURE, "the client sent no certificate, which it must";

    // ServerHello and HelloRetryRequest
    BadLegacyVersion => ILLEGAL_PARAMETER, "legacy_version is not 0x0303";
    DowngradeDetected => ILLEGAL_PARAMETER, "the server's random shows a forged downgrade";
    VersionNotOffered => ILLEGAL_PARAMETER, "the server selected a version that was not offered";
    SessionIdMismatch => ILLEGAL_PARAMETER, "legacy_session_id_echo is not what was sent";
    CompressionSelected => DECODE_ERROR, "the server selected a compression method";
    CompressionNotOffered => ILLEGAL_PARAMETER, "the server selected a compression method that was not offered";
    CipherNotOffered => ILLEGAL_PARAMETER, "the server selected a cipher suite that was not offered";
    CipherChanged => ILLEGAL_PARAMETER, "the cipher suite is not that of the HelloRetryRequest";
    MissingSupportedVersions => MISSING_EXTENSION, "HelloRetryRequest or ServerHello of TLS 1.3 without supported_versions";
    MissingServerKeyShare => MISSING_EXTENSION, "ServerHello without key_share";
    WrongGroup => ILLEGAL_PARAMETER, "the server's key share is for a group without a share of ours";
    RetryGroupNotOffered => ILLEGAL_PARAMETER, "HelloRetryRequest for a group that was not offered";
    RetryGroupAlreadyShared => ILLEGAL_PARAMETER, "HelloRetryRequest for a group that had its share";
    SessionIdEchoed => ILLEGAL_PARAMETER, "the server resumes a session that was not offered";
    SessionChanged => ILLEGAL_PARAMETER, "version or cipher suite are not those of the session resumed";
    ExtendedMasterSecretChanged => HANDSHAKE_FAILURE, "extended_master_secret is not as it was before";
    ServerCertificateChanged => ILLEGAL_PARAMETER, "another certificate in a renegotiation without extended_master_secret";
    WrongRenegotiationInfo => HANDSHAKE_FAILURE, "renegotiation_info does not belong to this connection";
    NoUncompressedPoints => ILLEGAL_PARAMETER, "ec_point_formats without uncompressed points";
    TwoProtocolNegotiations => ILLEGAL_PARAMETER, "application protocols negotiated in both ways";
    RetryWithoutChange => ILLEGAL_PARAMETER, "HelloRetryRequest that changes nothing";
    SecondHelloRetryRequest => UNEXPECTED_MESSAGE, "a second HelloRetryRequest";

    // EncryptedExtensions
    ProtocolNotOffered => ILLEGAL_PARAMETER, "the server selected an application protocol that was not offered";
    WrongMaxFragmentLength => ILLEGAL_PARAMETER, "max_fragment_length is not what was asked for";
    UnsolicitedEarlyData => UNSUPPORTED_EXTENSION, "early_data accepted that was not offered";

    // The server's flight before TLS 1.3
    WrongCertificateType => ILLEGAL_PARAMETER, "the key of the certificate does not fit the cipher suite";
    CertificateMayNotAgree => ILLEGAL_PARAMETER, "keyUsage of the peer's certificate does not allow the key exchange";
    UnexpectedCertificateRequest => HANDSHAKE_FAILURE, "a certificate_request where the cipher suite has none";
    ExplicitCurve => ILLEGAL_PARAMETER, "a curve that is not a named one";
    CurveNotOffered => ILLEGAL_PARAMETER, "the server's key is on a curve that was not offered";
    DhPrimeTooShort => INSUFFICIENT_SECURITY, "the prime of the Diffie-Hellman group is too short";
    DhPrimeTooLong => ILLEGAL_PARAMETER, "the prime of the Diffie-Hellman group is too long";
    BadDhGroup => ILLEGAL_PARAMETER, "prime or generator of the Diffie-Hellman group cannot be";
    UnknownSrpGroup => ILLEGAL_PARAMETER, "a group that is none of those for SRP";

    // Authentication
    CertificateContext => DECODE_ERROR, "certificate_request_context in the handshake is not empty";
    MissingRequestSchemes => MISSING_EXTENSION, "certificate_request without signature_algorithms";
    EmptyServerCertificate => DECODE_ERROR, "the server sent no certificate";
    CertificateRequired => CERTIFICATE_REQUIRED, "the client sent no certificate";
    TooManyCertificates => BAD_CERTIFICATE, "the certificate chain is too long";
    UndecodableCertificate => DECODE_ERROR, "the peer's certificate cannot be decoded";
    CertificateMayNotSign => ILLEGAL_PARAMETER, "keyUsage of the peer's certificate lacks digitalSignature";
    WrongSignatureScheme => ILLEGAL_PARAMETER, "the signature scheme was not offered or does not fit the key";
    BadSignature => DECRYPT_ERROR, "the signature of CertificateVerify is wrong";
    BadFinished => DECRYPT_ERROR, "verify_data of Finished is wrong";

    // After the handshake
    TicketLifetimeTooLong => ILLEGAL_PARAMETER, "a ticket that lives longer than seven days";
}

impl Error {
    /// The alert to send, or for `AlertReceived` the one that came.
    pub fn alert(&self) -> AlertDescription {
        use AlertDescription as A;
        match self {
            Self::Offence(offence) => offence.alert(),
            Self::Record(error) => match error {
                RecordError::Overflow => A::RECORD_OVERFLOW,
                RecordError::BadRecordMac | RecordError::IntegrityLimit => A::BAD_RECORD_MAC,
                // Not TLS at all: as OTP, and as for any record of a type that there is none of.
                RecordError::UnexpectedType(_)
                | RecordError::Sslv2Hello
                | RecordError::PlaintextHttp
                | RecordError::UnprotectedApplicationData
                | RecordError::NoContentType
                | RecordError::EmptyRecord
                | RecordError::TooManyEmptyRecords
                | RecordError::TooMuchEarlyData => A::UNEXPECTED_MESSAGE,
                RecordError::BadVersion(_) => A::PROTOCOL_VERSION,
                RecordError::KeyExhausted
                | RecordError::NoKeys
                | RecordError::SealFailed
                | RecordError::NoRandom => A::INTERNAL_ERROR,
            },
            // No RFC says which alert; OTP's suites do.
            Self::Join(JoinError::TooLong(_)) => A::HANDSHAKE_FAILURE,
            Self::Join(JoinError::NotAligned) => A::UNEXPECTED_MESSAGE,
            Self::Malformed(_) => A::DECODE_ERROR,
            Self::UnexpectedMessage(_) => A::UNEXPECTED_MESSAGE,
            Self::AlertReceived(alert) | Self::Aborted(alert) => *alert,
            Self::Local(_) => A::INTERNAL_ERROR,
        }
    }

    /// Who ended the connection.
    pub fn origin(&self) -> Origin {
        match self {
            Self::AlertReceived(_) => Origin::Peer,
            _ => Origin::Local,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offence(offence) => f.write_str(offence.text()),
            Self::Record(error) => f.write_str(record_text(error)),
            Self::Join(JoinError::TooLong(len)) => {
                write!(f, "a handshake message of {len} bytes is too long")
            }
            Self::Join(JoinError::NotAligned) => {
                f.write_str("a handshake message spans a change of keys")
            }
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::UnexpectedMessage(message) => write!(f, "unexpected message {message:?}"),
            Self::AlertReceived(alert) => write!(f, "received alert {alert:?}"),
            Self::Aborted(alert) => write!(f, "refused with {alert:?}"),
            Self::Local(failure) => f.write_str(match failure {
                LocalFailure::Random => "no random bytes",
                LocalFailure::Sign => "the private key did not sign",
                LocalFailure::KeyExchange => "the key exchange failed on our side",
                LocalFailure::WrongAnswer => "an answer that does not fit its question",
                LocalFailure::NotConnected => "the connection is not established",
                LocalFailure::Closed => "the connection is closed for sending",
                LocalFailure::NoRenegotiation => "this connection cannot be renegotiated",
                LocalFailure::NoKeyUpdate => "there is no key update before TLS 1.3",
                LocalFailure::Order => "a step of the handshake was taken twice",
                LocalFailure::TooLong => "a message of ours is too long",
                LocalFailure::Configuration => "nothing in the configuration can be offered",
                LocalFailure::Export => "the exporter label or length cannot be encoded",
            }),
        }
    }
}

fn record_text(error: &RecordError) -> &'static str {
    match error {
        RecordError::Overflow => "a record is too long",
        RecordError::BadRecordMac => "a record could not be decrypted",
        RecordError::UnexpectedType(_) => "a record of unexpected type",
        RecordError::UnprotectedApplicationData => "application data without protection",
        RecordError::NoContentType => "a protected record of padding only",
        RecordError::EmptyRecord => "an empty record where none may be",
        RecordError::TooManyEmptyRecords => "too many empty records",
        RecordError::BadVersion(_) => {
            "the record version is none of TLS, or not the negotiated one"
        }
        RecordError::Sslv2Hello => "an SSL 2.0 hello",
        RecordError::PlaintextHttp => "plain HTTP instead of TLS",
        RecordError::TooMuchEarlyData => "more early data than can be skipped",
        RecordError::IntegrityLimit => "too many records that could not be decrypted",
        RecordError::KeyExhausted => "a key has protected all the records it may",
        RecordError::NoKeys => "there are no keys yet",
        RecordError::SealFailed => "a record could not be sealed",
        RecordError::NoRandom => "there are no random bytes for IVs",
    }
}

impl std::error::Error for Error {}

impl From<Offence> for Error {
    fn from(offence: Offence) -> Self {
        Self::Offence(offence)
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl From<LocalFailure> for Error {
    fn from(failure: LocalFailure) -> Self {
        Self::Local(failure)
    }
}

impl From<crate::crypto::RandomFailed> for Error {
    fn from(_: crate::crypto::RandomFailed) -> Self {
        Self::Local(LocalFailure::Random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offence_has_a_fatal_alert_and_words_of_its_own() {
        let mut texts = std::collections::HashSet::new();
        for offence in Offence::ALL {
            assert!(offence.alert().name().is_some());
            assert_ne!(offence.alert(), AlertDescription::CLOSE_NOTIFY);
            assert!(texts.insert(offence.text()), "{offence:?}");
        }
    }
}
