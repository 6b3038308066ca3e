//! Certificates: what TLS needs to know of them, trust anchors, and native path validation for the ordinary case.
//!
//! Native validation accepts nothing that OTP's `public_key` would reject; whatever is unusual is `Rejected`, and
//! `public_key` gives the verdict.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod bombs;
mod certificate;
pub(crate) mod der;
mod extensions;
mod leaf;
mod path;
mod store;

pub(crate) use bombs::is_bomb;
pub use certificate::{Spki, MAX_CERTIFICATE_LEN};
pub(crate) use leaf::{algorithm_key_type, rsa_bits};
pub use leaf::{
    certificate_signature_scheme, issuer, key_type, leaf_info, spki, KeyType, LeafInfo,
};
pub use path::{verify_client_chain, verify_server_chain, Name, Rejected};
pub use store::TrustStore;

/// Why a certificate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum X509Error {
    /// Not the DER of a certificate, or an extension that TLS needs does not parse.
    Malformed,
    /// Beyond `MAX_CERTIFICATE_LEN`.
    TooLarge,
}

/// A PEM file is damaged: bad base64 or a missing end line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPem;

/// The DER of every CERTIFICATE section of a PEM file, in order; other sections are skipped.
pub fn pem_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, BadPem> {
    let mut reader = pem;
    rustls_pemfile::certs(&mut reader)
        .map(|certificate| {
            certificate
                .map(|der| der.as_ref().to_vec())
                .map_err(|_| BadPem)
        })
        .collect()
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
