//! Records in (RFC 8446 sections 5.1, 5.2 and 5.4, RFC 5246 section 6.2).
//!
//! Two ways through the same checks. During the handshake: `feed`, then `next` until `None`; records are opened in place in
//! the buffer. Afterwards `open_into` takes application data straight from the input into the caller's output; at the
//! first record of another kind it stops, keeps the rest of the input, and `next` gives that record.
//!
//! After the first error the reader gives the same error for ever.

use super::joiner::Aligned;
use super::limits::{
    Budget, HEADER_LEN, MAX_CIPHERTEXT_TLS13, MAX_EMPTY_RECORDS, MAX_EXPANSION_TLS12,
    MAX_EXPANSION_TLS13, MAX_PLAINTEXT,
};
use super::protection::Tls13Key;
use super::protection12::Tls12ReadKey;
use super::RecordError;
use crate::crypto::suites::SuiteRow;
use crate::crypto::Secret;
use crate::enums::{ContentType, ProtocolVersion};
use crate::schedule::tls12::DirectionKeys;
use crate::schedule::tls13::TrafficSecret;
use crate::trace::Tracer;
use core::ops::Range;

/// One record's content.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its type; for protected records the inner one.
    pub content_type: ContentType,
    /// The content, without padding.
    pub payload: &'a mut [u8],
    /// Did it come protected?
    pub protected: bool,
}

/// How `open_into` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Every whole record was application data and is in the output. More input is needed.
    Data,
    /// A record of another kind came: call `next` until `None`, then `open_into(&[], out)` to go on.
    Control,
}

/// The receiving half of the record layer.
#[derive(Debug)]
pub struct RecordReader {
    /// Input not yet consumed, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    /// An opened record that `open_into` left for `next`.
    control: Option<(ContentType, bool)>,
    control_payload: Vec<u8>,
    protection: Protection,
    max_content: usize,
    /// Bytes of early data that may still be skipped.
    skip: Option<usize>,
    failed: u64,
    empty: Budget,
    seen_record: bool,
    /// A protected record was opened, under whatever key.
    seen_protected: bool,
    broken: Option<RecordError>,
    /// For the debug log.
    pub(crate) tracer: Tracer,
}

#[derive(Debug)]
enum Protection {
    Plain,
    Tls13(Tls13Key),
    Tls12(Box<Tls12ReadKey>),
}

/// A buffer of at most this capacity is kept when it is empty; larger ones are given back, for idle connections.
const KEEP_CAPACITY: usize = 512;

impl Default for RecordReader {
    fn default() -> Self {
        Self::new()
    }
}

impl RecordReader {
    /// A reader without protection.
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            control: None,
            control_payload: Vec::new(),
            protection: Protection::Plain,
            max_content: MAX_PLAINTEXT,
            skip: None,
            failed: 0,
            empty: Budget::new(MAX_EMPTY_RECORDS),
            seen_record: false,
            seen_protected: false,
            broken: None,
            tracer: Tracer::default(),
        }
    }

    /// Takes input, any piece of the stream.
    pub fn feed(&mut self, input: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(input);
    }

    /// The next record in the buffer, opened. `None`: more input is needed.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, RecordError> {
        if let Some((content_type, protected)) = self.control.take() {
            return Ok(Some(Record {
                content_type,
                protected,
                payload: &mut self.control_payload,
            }));
        }
        self.control_payload = Vec::new();
        let Some(step) = self.sticky(Self::next_in_buffer)? else {
            self.compact();
            return Ok(None);
        };
        let payload = self.buffer.get_mut(step.payload).unwrap_or_default();
        Ok(Some(Record {
            content_type: step.content_type,
            protected: step.protected,
            payload,
        }))
    }

    /// Opens application data from the buffer and then straight from `input`, appending to `out`. All of `input` is taken
    /// in any case; what is not opened yet is kept. After an error `out` holds the data before it.
    pub fn open_into(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Opened, RecordError> {
        if self.control.is_some() {
            self.feed(input);
            return Ok(Opened::Control);
        }
        self.sticky(|reader| reader.open_all(input, out))
    }

    fn open_all(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<Opened, RecordError> {
        out.reserve(self.buffered().saturating_add(input.len()));
        // First what is in the buffer, completed from the input record by record.
        while self.buffered() > 0 {
            let missing = self.missing()?;
            if missing > 0 {
                let (now, later) = input.split_at_checked(missing).unwrap_or((input, &[]));
                if now.is_empty() {
                    self.compact();
                    return Ok(Opened::Data);
                }
                self.feed(now);
                input = later;
                continue;
            }
            let Some(step) = self.next_in_buffer()? else {
                continue;
            };
            if step.content_type == ContentType::APPLICATION_DATA {
                out.extend_from_slice(self.buffer.get(step.payload).unwrap_or_default());
            } else {
                self.control_payload = self.buffer.get(step.payload).unwrap_or_default().to_vec();
                self.control = Some((step.content_type, step.protected));
                self.feed(input);
                return Ok(Opened::Control);
            }
        }
        self.compact();
        // Then straight from the input.
        while let Some((header, rest)) = input.split_first_chunk::<HEADER_LEN>() {
            let body_len = self.check_header(header)?;
            let Some((body, later)) = rest.split_at_checked(body_len) else {
                break;
            };
            input = later;
            if self.tracer.is_on() {
                self.tracer.record_in(header, body);
            }
            let (prefix, body) = self.split_prefix(body)?;
            let before = out.len();
            out.extend_from_slice(body);
            let opened = match out.get_mut(before..) {
                Some(body) => self.open_record(header, prefix, body),
                None => Ok(None),
            };
            let Ok(Some((content_type, len, protected))) = opened else {
                out.truncate(before);
                opened?;
                continue;
            };
            out.truncate(before.saturating_add(len));
            if content_type != ContentType::APPLICATION_DATA {
                self.control_payload = out.split_off(before);
                self.control = Some((content_type, protected));
                self.feed(input);
                return Ok(Opened::Control);
            }
        }
        self.feed(input);
        Ok(Opened::Data)
    }

    /// Runs a step unless an earlier one failed, and remembers failure.
    fn sticky<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let result = step(self);
        if let Err(error) = &result {
            self.broken = Some(*error);
            self.buffer = Vec::new();
            self.start = 0;
        }
        result
    }

    /// How many bytes the record in front of the buffer lacks; of the header first.
    fn missing(&self) -> Result<usize, RecordError> {
        let front = self.buffer.get(self.start..).unwrap_or_default();
        let Some((header, rest)) = front.split_first_chunk::<HEADER_LEN>() else {
            return Ok(HEADER_LEN - front.len());
        };
        Ok(self.check_header(header)?.saturating_sub(rest.len()))
    }

    fn next_in_buffer(&mut self) -> Result<Option<Step>, RecordError> {
        loop {
            let front = self.buffer.get(self.start..).unwrap_or_default();
            let Some((header, rest)) = front.split_first_chunk::<HEADER_LEN>() else {
                return Ok(None);
            };
            let header = *header;
            let body_len = self.check_header(&header)?;
            if rest.len() < body_len {
                return Ok(None);
            }
            if self.tracer.is_on() {
                let body = rest.get(..body_len).unwrap_or_default();
                self.tracer.record_in(&header, body);
            }
            let body_at = self.start.saturating_add(HEADER_LEN);
            let end = body_at.saturating_add(body_len);
            self.start = end;
            let content_at = body_at.saturating_add(self.prefix_len());
            // Out of the reader for the time of opening, so that both can be borrowed.
            let mut buffer = core::mem::take(&mut self.buffer);
            let opened = match buffer
                .get_mut(body_at..end)
                .and_then(|body| body.split_at_mut_checked(self.prefix_len()))
            {
                Some((prefix, body)) => self.open_record(&header, prefix, body),
                None => Err(RecordError::BadRecordMac),
            };
            self.buffer = buffer;
            if let Some((content_type, len, protected)) = opened? {
                let payload = content_at..content_at.saturating_add(len);
                return Ok(Some(Step {
                    content_type,
                    payload,
                    protected,
                }));
            }
        }
    }

    /// How much of a body stands in front of what is encrypted.
    fn prefix_len(&self) -> usize {
        match &self.protection {
            Protection::Tls12(key) => key.prefix_len(),
            Protection::Plain | Protection::Tls13(_) => 0,
        }
    }

    fn split_prefix<'a>(&self, body: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), RecordError> {
        body.split_at_checked(self.prefix_len())
            .ok_or(RecordError::BadRecordMac)
    }

    /// Judges a header as soon as it is there; gives the body's length. The version's minor byte is ignored (RFC 8446
    /// section 5.1 would have all of it ignored, but what does not begin with 3 is no TLS) until keys of TLS 1.2 or older
    /// are in use, of which the version is a part.
    fn check_header(&self, header: &[u8; HEADER_LEN]) -> Result<usize, RecordError> {
        let [content_type, major, minor, l1, l2] = *header;
        if !self.seen_record {
            check_foreign(header)?;
        }
        let known = matches!(
            ContentType(content_type),
            ContentType::CHANGE_CIPHER_SPEC
                | ContentType::ALERT
                | ContentType::HANDSHAKE
                | ContentType::APPLICATION_DATA
        );
        if !known {
            return Err(RecordError::UnexpectedType(content_type));
        }
        let version = u16::from_be_bytes([major, minor]);
        let right = match &self.protection {
            Protection::Tls12(key) => key.version() == ProtocolVersion(version),
            Protection::Plain | Protection::Tls13(_) => major == 3,
        };
        if !right {
            return Err(RecordError::BadVersion(version));
        }
        let len = usize::from(u16::from_be_bytes([l1, l2]));
        let max = match &self.protection {
            Protection::Plain if self.skips(content_type) => MAX_CIPHERTEXT_TLS13,
            Protection::Tls13(_) if content_type == ContentType::APPLICATION_DATA.0 => {
                // A record to be skipped was not made under the limit of this connection.
                if self.skip.is_some() {
                    MAX_CIPHERTEXT_TLS13
                } else {
                    self.max_content + MAX_EXPANSION_TLS13
                }
            }
            Protection::Tls12(_) => self.max_content + MAX_EXPANSION_TLS12,
            Protection::Plain | Protection::Tls13(_) => self.max_content,
        };
        if len > max {
            return Err(RecordError::Overflow);
        }
        Ok(len)
    }

    fn skips(&self, content_type: u8) -> bool {
        self.skip.is_some() && content_type == ContentType::APPLICATION_DATA.0
    }

    /// Opens a record whose header passed `check_header`. `None`: skipped.
    fn open_record(
        &mut self,
        header: &[u8; HEADER_LEN],
        prefix: &[u8],
        body: &mut [u8],
    ) -> Result<Option<(ContentType, usize, bool)>, RecordError> {
        self.seen_record = true;
        let outer = ContentType(header[0]);
        let key = match &mut self.protection {
            Protection::Plain => return self.plain_record(outer, body.len()),
            Protection::Tls12(key) => {
                let len = key.open(outer, prefix, body, self.max_content)?;
                if outer == ContentType::CHANGE_CIPHER_SPEC && len > 0 {
                    return Ok(Some((outer, len, true))); // renegotiation
                }
                self.check_content(outer, len)?;
                return Ok(Some((outer, len, true)));
            }
            Protection::Tls13(key) => key,
        };
        match outer {
            ContentType::APPLICATION_DATA => {}
            // Middlebox compatibility (RFC 8446 section 5): whether it may come now, and often, is the caller's to say.
            ContentType::CHANGE_CIPHER_SPEC => return self.plain_record(outer, body.len()),
            // The peer may fail before it has the keys that we expect it to use, but not after it has used any: later a
            // plain close_notify would be an attacker's truncation.
            ContentType::ALERT if !self.seen_protected => {
                return self.plain_record(outer, body.len())
            }
            // Without protection where there must be some. Old versions would have tried to open it.
            _ => return Err(RecordError::BadRecordMac),
        }
        let integrity_limit = key.suite().integrity_limit;
        match key.open(header, body, self.max_content) {
            Ok((content_type, len)) => {
                self.skip = None;
                self.seen_protected = true;
                self.check_content(content_type, len)?;
                Ok(Some((content_type, len, true)))
            }
            Err(RecordError::BadRecordMac) if self.skip.is_some() => {
                self.failed = self.failed.saturating_add(1);
                if self.failed > integrity_limit {
                    return Err(RecordError::IntegrityLimit);
                }
                self.skip_bytes(body.len())?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn plain_record(
        &mut self,
        outer: ContentType,
        len: usize,
    ) -> Result<Option<(ContentType, usize, bool)>, RecordError> {
        if outer == ContentType::APPLICATION_DATA {
            if self.skip.is_none() {
                return Err(RecordError::UnprotectedApplicationData);
            }
            self.skip_bytes(len)?;
            return Ok(None);
        }
        if len == 0 {
            return Err(RecordError::EmptyRecord);
        }
        Ok(Some((outer, len, false)))
    }

    /// What a protected record may hold (RFC 8446 sections 5.1 and 5.4).
    fn check_content(&mut self, content_type: ContentType, len: usize) -> Result<(), RecordError> {
        match (content_type, len) {
            (ContentType::APPLICATION_DATA, 0) => self
                .empty
                .spend()
                .map_err(|_| RecordError::TooManyEmptyRecords),
            (ContentType::HANDSHAKE | ContentType::ALERT | ContentType::CHANGE_CIPHER_SPEC, 0) => {
                Err(RecordError::EmptyRecord)
            }
            // Warning alerts bring nothing either.
            (ContentType::ALERT, _) => Ok(()),
            (ContentType::APPLICATION_DATA | ContentType::HANDSHAKE, _) => {
                self.empty.reset();
                Ok(())
            }
            (other, _) => Err(RecordError::UnexpectedType(other.0)),
        }
    }

    fn skip_bytes(&mut self, len: usize) -> Result<(), RecordError> {
        // An empty record costs us work as well.
        let left = self
            .skip
            .and_then(|left| left.checked_sub(len.max(1)))
            .ok_or(RecordError::TooMuchEarlyData)?;
        self.skip = Some(left);
        Ok(())
    }

    /// From here on records must be protected with keys from `secret`. The proof says that no handshake message is half
    /// read; records in the buffer that are not opened yet are opened with the new keys.
    pub fn set_tls13(
        &mut self,
        suite: &'static SuiteRow,
        secret: TrafficSecret,
        _: Aligned,
    ) -> Result<(), RecordError> {
        self.protection = Protection::Tls13(Tls13Key::new(suite, secret)?);
        self.failed = 0;
        Ok(())
    }

    /// From here on records must be protected with `keys` (TLS 1.0 to 1.2), whether they were protected before or not. Without
    /// `padding_check` the bytes of the padding of CBC records of TLS 1.0 may be any. The proof says that no handshake
    /// message is half read.
    pub fn set_tls12(
        &mut self,
        keys: DirectionKeys,
        padding_check: bool,
        _: Aligned,
    ) -> Result<(), RecordError> {
        self.protection = Protection::Tls12(Box::new(Tls12ReadKey::new(&keys, padding_check)?));
        Ok(())
    }

    /// The next generation of keys, right after the peer's KeyUpdate.
    pub fn update_key(&mut self, _: Aligned) -> Result<(), RecordError> {
        self.failed = 0;
        match &mut self.protection {
            Protection::Plain | Protection::Tls12(_) => Err(RecordError::NoKeys),
            Protection::Tls13(key) => key.update(),
        }
    }

    /// Largest content of a record from here on (max_fragment_length); 1 to 2^14, else the nearest of them.
    pub fn set_max_fragment(&mut self, max: usize) {
        self.max_content = max.clamp(1, MAX_PLAINTEXT);
    }

    /// Early data that we refused may come: skip up to `max` bytes of application data records without protection (after
    /// HelloRetryRequest), and of protected ones that do not open, until the first that does (RFC 8446 section 4.2.10).
    pub fn skip_early_data(&mut self, max: usize) {
        self.skip = Some(max);
    }

    /// No more early data may come (the second ClientHello was read).
    pub fn stop_skipping(&mut self) {
        self.skip = None;
    }

    /// The present traffic secret, for the key log only.
    pub fn traffic_secret(&self) -> Option<&Secret> {
        match &self.protection {
            Protection::Plain | Protection::Tls12(_) => None,
            Protection::Tls13(key) => Some(key.secret()),
        }
    }

    /// Is there protection?
    pub fn is_protected(&self) -> bool {
        !matches!(self.protection, Protection::Plain)
    }

    /// The bytes that were not consumed.
    pub fn into_rest(mut self) -> Vec<u8> {
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.buffer
    }

    /// Bytes that wait in the buffer, whole records or a part of one.
    pub fn buffered(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    #[cfg(test)]
    pub(super) fn tls12(&mut self) -> &mut Tls12ReadKey {
        match &mut self.protection {
            Protection::Tls12(key) => key,
            other => panic!("{other:?}"),
        }
    }

    #[cfg(test)]
    pub(super) fn buffer_capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Gives up what has been consumed: at once when that is all, otherwise when it is the larger part, so that each byte is
    /// moved at most once on average.
    fn compact(&mut self) {
        if self.start >= self.buffer.len() {
            if self.buffer.capacity() > KEEP_CAPACITY {
                self.buffer = Vec::new();
            } else {
                self.buffer.clear();
            }
            self.start = 0;
        } else if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }
}

/// A record in the buffer, opened.
struct Step {
    content_type: ContentType,
    payload: Range<usize>,
    protected: bool,
}

/// Recognizes what is not TLS at all by its first bytes.
fn check_foreign(header: &[u8; HEADER_LEN]) -> Result<(), RecordError> {
    const HTTP: [&[u8]; 9] = [
        b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELET", b"OPTIO", b"PATCH", b"CONNE", b"HTTP/",
    ];
    if HTTP.iter().any(|start| header.starts_with(start)) {
        return Err(RecordError::PlaintextHttp);
    }
    // RFC 5246 appendix E.2: two bytes of length with the top bit set, CLIENT-HELLO, version.
    if let [length, _, 1, 0 | 3, _] = header {
        if length & 0x80 != 0 {
            return Err(RecordError::Sslv2Hello);
        }
    }
    Ok(())
}
