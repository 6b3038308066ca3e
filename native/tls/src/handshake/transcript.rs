//! The transcript hash (RFC 8446 section 4.4.1).

use crate::crypto::hash::{Digest, HashAlg, HashContext};
use crate::enums::HandshakeType;

/// The messages so far, hashed.
pub(super) struct Transcript {
    hash: HashAlg,
    context: HashContext,
}

impl Transcript {
    /// Begins with the ClientHello.
    pub fn new(hash: HashAlg, client_hello: &[u8]) -> Self {
        let mut context = hash.start();
        context.update(client_hello);
        Self { hash, context }
    }

    /// Begins after a HelloRetryRequest: the first ClientHello counts by its hash, as a message of its own.
    pub fn after_retry(hash: HashAlg, client_hello: &[u8], retry_request: &[u8]) -> Self {
        let digest = hash.hash(&[client_hello]);
        let mut context = hash.start();
        context.update(&[HandshakeType::MESSAGE_HASH.0, 0, 0, hash.len() as u8]);
        context.update(digest.as_ref());
        context.update(retry_request);
        Self { hash, context }
    }

    /// One more message, or several, with their headers.
    pub fn add(&mut self, messages: &[u8]) {
        self.context.update(messages);
    }

    /// The hash up to here.
    pub fn current(&self) -> Digest {
        self.context.current()
    }

    /// The hash function.
    pub fn hash(&self) -> HashAlg {
        self.hash
    }
}
