//! The world's part: answers to the core's questions, as the flags want them.

use crate::flags::Options;
use crate::link::Failure;
use crate::setup::Setup;
use tls_core::crypto::Secret;
use tls_core::enums::{AlertDescription, ProtocolVersion};
use tls_core::query::{Answer, ClientHelloInfo, Query};
use tls_core::session::SavedSession;

/// What the questions told.
#[derive(Default)]
pub struct Seen {
    pub client_hello: Option<Box<ClientHelloInfo>>,
    pub ocsp_response: Option<Vec<u8>>,
}

/// What is kept from one connection to the next.
#[derive(Default)]
pub struct Sessions {
    kept: Vec<SavedSession>,
    connections: usize,
}

impl Sessions {
    /// One more connection. Were there others?
    pub fn begin(&mut self) -> bool {
        self.connections += 1;
        self.connections > 1
    }

    pub fn keep(&mut self, session: SavedSession) {
        self.kept.push(session);
    }

    /// A client offers the last one.
    pub fn last(&self) -> Option<SavedSession> {
        self.kept.last().cloned()
    }

    fn find(&self, id: &[u8]) -> Option<Box<SavedSession>> {
        let found = self.kept.iter().find(|session| session.session_id == id);
        found.cloned().map(Box::new)
    }
}

/// The answer to `query`. What the shim refuses by order is told on stderr under the name given here.
pub fn answer(
    query: Query,
    options: &Options,
    setup: &Setup,
    sessions: &Sessions,
    seen: &mut Seen,
) -> Result<Answer, Failure> {
    Ok(match query {
        Query::ClientHello(hello) => {
            seen.client_hello = Some(hello);
            if options.fail_early_callback {
                refuse("EarlyCallbackFailed", AlertDescription::HANDSHAKE_FAILURE)
            } else if options.fail_cert_callback {
                refuse(
                    "CertificateCallbackFailed",
                    AlertDescription::INTERNAL_ERROR,
                )
            } else if options.fail_ddos_callback {
                refuse("DosProtectionFailed", AlertDescription::INTERNAL_ERROR)
            } else if let (Some(_), Some(hello)) = (&options.ciphers, &seen.client_hello) {
                Answer::UseConfig(Setup::new(options, &hello.cipher_suites)?.config)
            } else {
                Answer::Continue
            }
        }
        Query::ServerHello(_) => Answer::Continue,
        Query::PeerCertificate { ocsp_response, .. } => {
            seen.ocsp_response = ocsp_response;
            if options.fail_ocsp_callback {
                let alert = AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE;
                return Ok(refuse("OcspCallbackFailed", alert));
            }
            let insist = options.verify_peer || options.require_client_certificate;
            match (options.verify_fail && insist, options.custom_verify) {
                (false, _) => Answer::Continue,
                (true, true) => refuse("VerifyFailed", AlertDescription::CERTIFICATE_UNKNOWN),
                (true, false) => refuse("VerifyFailed", AlertDescription::HANDSHAKE_FAILURE),
            }
        }
        Query::Sign {
            key_id,
            scheme,
            message,
        } => match setup.sign(key_id, scheme, &message) {
            Some(signature) => Answer::Bytes(signature),
            None => {
                return Err(Failure::Shim(format!(
                    "key {key_id} cannot sign with {scheme:?}"
                )))
            }
        },
        Query::VerifySignature {
            scheme,
            certificate,
            message,
            signature,
        } => match crate::setup::verify(scheme, &certificate, &message, &signature) {
            Some(verdict) => Answer::Verified(verdict),
            None => return Err(Failure::Lacking(format!("signature scheme {scheme:?}"))),
        },
        Query::KxGenerate { group }
        | Query::KxAgree { group, .. }
        | Query::KxRespond { group, .. } => {
            return Err(Failure::Lacking(format!("group {group:?}")));
        }
        Query::SessionLookup { session_id, .. } => Answer::Session(sessions.find(&session_id)),
        Query::PskLookup { identity } => {
            // A client is asked with the server's hint.
            if options.server && identity.as_deref() != Some(options.psk_identity.as_bytes()) {
                Answer::Unknown
            } else {
                Answer::Secret(Secret::from(options.psk.as_slice()))
            }
        }
        Query::RsaDecrypt { key_id, ciphertext } => {
            // The version offered is what the client puts into the secret (RFC 5246 section 7.4.7.1).
            let offered = seen.client_hello.as_ref().map(|hello| &hello.versions);
            let best = offered.and_then(|versions| versions.iter().max().copied());
            let version = best.unwrap_or_default().min(ProtocolVersion::TLS12.0);
            match setup.decrypt(key_id, &ciphertext, ProtocolVersion(version)) {
                Some(secret) => Answer::Secret(secret),
                None => Answer::Unknown,
            }
        }
        Query::SrpClient { .. }
        | Query::SrpServer { .. }
        | Query::SrpAgree { .. }
        | Query::DhGenerate { .. }
        | Query::DhAgree { .. }
        | Query::EcdhStatic { .. } => {
            return Err(Failure::Lacking("a key exchange of TLS 1.2".into()));
        }
    })
}

/// The core will fail with the alert alone; the reason is the shim's.
fn refuse(reason: &str, alert: AlertDescription) -> Answer {
    eprintln!("shim: {reason}");
    Answer::Abort(alert)
}
