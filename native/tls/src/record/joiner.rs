//! Handshake messages out of record contents (RFC 8446 sections 4 and 5.1): any fragmentation, any coalescing.

use crate::enums::HandshakeType;

/// Message header: type and 24 bit length.
pub const HANDSHAKE_HEADER_LEN: usize = 4;

/// A whole handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeMessage {
    raw: Vec<u8>,
}

impl HandshakeMessage {
    /// msg_type
    pub fn msg_type(&self) -> HandshakeType {
        HandshakeType(self.raw.first().copied().unwrap_or_default())
    }

    /// The message without its header.
    pub fn body(&self) -> &[u8] {
        self.raw.get(HANDSHAKE_HEADER_LEN..).unwrap_or(&[])
    }

    /// The message with its header, as the transcript takes it.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

/// Proof that no handshake bytes are half read: keys may change here (RFC 8446 section 5.1: messages do not span key
/// changes). Only `HandshakeJoiner::aligned` makes it.
#[derive(Debug)]
pub struct Aligned(());

/// What can be wrong with a stream of handshake messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinError {
    /// A message is longer than `max_handshake_size` (its length is given).
    TooLong(usize),
    /// Keys would change in the middle of a record or message (unexpected_message).
    NotAligned,
}

/// Collects record contents and cuts messages out of them.
#[derive(Debug)]
pub struct HandshakeJoiner {
    buffer: Vec<u8>,
    start: usize,
    max: usize,
}

impl HandshakeJoiner {
    /// Messages may have up to `max` bytes, header excluded.
    pub fn new(max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            max,
        }
    }

    /// Another limit from here on.
    pub fn set_max(&mut self, max: usize) {
        self.max = max;
    }

    /// Appends the content of a handshake record. Fails as soon as the message under way is known to be too long; take out
    /// all messages (`next`) after each record, so that no more than one message and one record are ever kept.
    pub fn push(&mut self, content: &[u8]) -> Result<(), JoinError> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(content);
        self.message_len().map(|_| ())
    }

    /// Length of the message in front, header included, once its header is there.
    fn message_len(&self) -> Result<Option<usize>, JoinError> {
        let Some([_, a, b, c, ..]) = self.buffer.get(self.start..) else {
            return Ok(None);
        };
        let len = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        if len > self.max {
            return Err(JoinError::TooLong(len));
        }
        Ok(Some(HANDSHAKE_HEADER_LEN + len))
    }

    /// The next whole message.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<HandshakeMessage>, JoinError> {
        let Some(len) = self.message_len()? else {
            return Ok(None);
        };
        if self.start == 0 && self.buffer.len() == len {
            return Ok(Some(HandshakeMessage {
                raw: core::mem::take(&mut self.buffer),
            }));
        }
        let end = self.start.saturating_add(len);
        let Some(raw) = self.buffer.get(self.start..end) else {
            return Ok(None);
        };
        let raw = raw.to_vec();
        self.start = end;
        if self.start == self.buffer.len() {
            self.buffer = Vec::new();
            self.start = 0;
        }
        Ok(Some(HandshakeMessage { raw }))
    }

    /// Is nothing half read?
    pub fn is_aligned(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// The proof that keys may change now.
    pub fn aligned(&self) -> Result<Aligned, JoinError> {
        if self.is_aligned() {
            Ok(Aligned(()))
        } else {
            Err(JoinError::NotAligned)
        }
    }
}
