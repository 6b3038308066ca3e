//! Protection of TLS 1.3 records under one traffic key (RFC 8446 sections 5.2 and 5.3).

use super::limits::HEADER_LEN;
use super::RecordError;
use crate::crypto::aead::{AeadKey, NONCE_LEN};
use crate::crypto::suites::SuiteRow;
use crate::crypto::Secret;
use crate::enums::ContentType;
use crate::schedule::tls13::TrafficSecret;
use zeroize::Zeroizing;

/// One direction's key and its sequence number.
#[derive(Debug)]
pub(super) struct Tls13Key {
    suite: &'static SuiteRow,
    secret: TrafficSecret,
    key: AeadKey,
    iv: Zeroizing<[u8; NONCE_LEN]>,
    sequence: u64,
}

impl Tls13Key {
    pub(super) fn new(
        suite: &'static SuiteRow,
        secret: TrafficSecret,
    ) -> Result<Self, RecordError> {
        let (key, iv) = secret.keys(suite);
        let aead = suite.aead().ok_or(RecordError::NoKeys)?;
        let key = aead.key(&key).ok_or(RecordError::NoKeys)?;
        Ok(Self {
            suite,
            secret,
            key,
            iv: Zeroizing::new(iv),
            sequence: 0,
        })
    }

    pub(super) fn tag_len(&self) -> usize {
        self.key.alg().tag_len()
    }

    pub(super) fn suite(&self) -> &'static SuiteRow {
        self.suite
    }

    /// Records protected (or opened) so far.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// To the next generation (RFC 8446 section 7.2).
    pub(super) fn update(&mut self) -> Result<(), RecordError> {
        *self = Self::new(self.suite, self.secret.next())?;
        Ok(())
    }

    /// For the key log only.
    pub(super) fn secret(&self) -> &Secret {
        self.secret.secret()
    }

    /// The IV with the sequence number xored in on the right.
    fn nonce(&self) -> [u8; NONCE_LEN] {
        let mut nonce = *self.iv;
        let sequence = self.sequence.to_be_bytes();
        for (byte, s) in nonce.iter_mut().rev().zip(sequence.iter().rev()) {
            *byte ^= s;
        }
        nonce
    }

    /// Seals `out` from `start` on, which holds a content and its content type, and appends the tag.
    pub(super) fn seal(
        &mut self,
        header: &[u8; HEADER_LEN],
        out: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), RecordError> {
        if self.sequence >= self.suite.confidentiality_limit {
            return Err(RecordError::KeyExhausted);
        }
        self.key
            .seal(&self.nonce(), header, out, start)
            .map_err(|_| RecordError::SealFailed)?;
        self.sequence += 1; // below u64::MAX: the limit is checked above
        Ok(())
    }

    /// Opens `body` in place: the content type and the content's length, padding taken off. `max_content` is the largest
    /// content allowed; content type and padding count against one byte more (RFC 8446 section 5.4).
    pub(super) fn open(
        &mut self,
        header: &[u8; HEADER_LEN],
        body: &mut [u8],
        max_content: usize,
    ) -> Result<(ContentType, usize), RecordError> {
        if self.sequence == u64::MAX {
            return Err(RecordError::KeyExhausted);
        }
        let inner_len = self
            .key
            .open(&self.nonce(), header, body)
            .map_err(|_| RecordError::BadRecordMac)?;
        self.sequence += 1;
        if inner_len > max_content.saturating_add(1) {
            return Err(RecordError::Overflow);
        }
        let inner = body.get(..inner_len).ok_or(RecordError::BadRecordMac)?;
        let type_at = inner
            .iter()
            .rposition(|byte| *byte != 0)
            .ok_or(RecordError::NoContentType)?;
        let content_type = inner.get(type_at).ok_or(RecordError::NoContentType)?;
        Ok((ContentType(*content_type), type_at))
    }
}
