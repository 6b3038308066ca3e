//! Records out (RFC 8446 sections 5.1 and 5.2): fragments, copies the plaintext once into the output, seals it there.

use super::limits::{HEADER_LEN, MAX_PLAINTEXT};
use super::protection::Tls13Key;
use super::RecordError;
use crate::crypto::aead::MAX_TAG_LEN;
use crate::crypto::suites::SuiteRow;
use crate::crypto::Secret;
use crate::enums::{BeastMitigation, ContentType, ProtocolVersion};
use crate::schedule::tls12::DirectionKeys;
use crate::schedule::tls13::TrafficSecret;
use crate::trace::Tracer;

/// The sending half of the record layer.
#[derive(Debug)]
pub struct RecordWriter {
    protection: Protection,
    max_fragment: usize,
    plain_version: u16,
    key_bytes: u64,
    total: RecordCounters,
    /// For the debug log.
    pub(crate) tracer: Tracer,
}

#[derive(Debug)]
enum Protection {
    Plain,
    Tls13(Tls13Key),
}

/// What went out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordCounters {
    /// Records.
    pub records: u64,
    /// Bytes of content in them.
    pub bytes: u64,
}

/// When fewer records are left under a key, it is time for a new one: room for what is being sent at the moment.
const KEY_UPDATE_MARGIN: u64 = 1 << 16;

impl Default for RecordWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl RecordWriter {
    /// A writer without protection.
    pub fn new() -> Self {
        Self {
            protection: Protection::Plain,
            max_fragment: MAX_PLAINTEXT,
            plain_version: ProtocolVersion::TLS12.0,
            key_bytes: 0,
            total: RecordCounters::default(),
            tracer: Tracer::default(),
        }
    }

    /// Appends the parts' concatenation to `out` as records of one type. No content, no record. After an error `out` is as
    /// it was before.
    pub fn write(
        &mut self,
        content_type: ContentType,
        parts: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let before = out.len();
        let result = self.write_all(content_type, parts, out);
        if result.is_err() {
            out.truncate(before);
        } else if self.tracer.is_on() {
            self.tracer
                .records_out(out.get(before..).unwrap_or_default());
        }
        result
    }

    fn write_all(
        &mut self,
        content_type: ContentType,
        parts: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        if content_type == ContentType::APPLICATION_DATA
            && matches!(self.protection, Protection::Plain)
        {
            return Err(RecordError::NoKeys);
        }
        let mut left = parts
            .iter()
            .map(|part| part.len())
            .fold(0, usize::saturating_add);
        let records = left.div_ceil(self.max_fragment);
        out.reserve(left.saturating_add(records.saturating_mul(HEADER_LEN + 1 + MAX_TAG_LEN)));

        let mut parts = parts.iter().copied();
        let mut part: &[u8] = &[];
        while left > 0 {
            let content_len = left.min(self.max_fragment);
            left -= content_len;
            let header_at = out.len();
            let header = self.header(content_type, content_len);
            out.extend_from_slice(&header);
            let mut want = content_len;
            while want > 0 {
                if part.is_empty() {
                    // The lengths were added up from the same parts.
                    part = parts.next().ok_or(RecordError::SealFailed)?;
                }
                let (now, later) = part.split_at_checked(want).unwrap_or((part, &[]));
                out.extend_from_slice(now);
                want -= now.len();
                part = later;
            }
            if let Protection::Tls13(key) = &mut self.protection {
                out.push(content_type.0);
                key.seal(&header, out, header_at + HEADER_LEN)?;
            }
            self.count(content_len);
        }
        Ok(())
    }

    /// Lengths fit: `max_fragment` is at most 2^14.
    fn header(&self, content_type: ContentType, content_len: usize) -> [u8; HEADER_LEN] {
        let (outer_type, version, len) = match &self.protection {
            Protection::Plain => (content_type, self.plain_version, content_len),
            Protection::Tls13(key) => (
                ContentType::APPLICATION_DATA,
                ProtocolVersion::TLS12.0,
                content_len + 1 + key.tag_len(),
            ),
        };
        let ([v1, v2], [l1, l2]) = (version.to_be_bytes(), (len as u16).to_be_bytes());
        [outer_type.0, v1, v2, l1, l2]
    }

    fn count(&mut self, content_len: usize) {
        self.key_bytes = self.key_bytes.saturating_add(content_len as u64);
        self.total.records = self.total.records.saturating_add(1);
        self.total.bytes = self.total.bytes.saturating_add(content_len as u64);
    }

    /// From here on records are protected with keys from `secret`.
    pub fn set_tls13(
        &mut self,
        suite: &'static SuiteRow,
        secret: TrafficSecret,
    ) -> Result<(), RecordError> {
        self.protection = Protection::Tls13(Tls13Key::new(suite, secret)?);
        self.key_bytes = 0;
        Ok(())
    }

    /// From here on records are protected with `keys` (TLS 1.0 to 1.2).
    pub fn set_tls12(&mut self, _keys: DirectionKeys) -> Result<(), RecordError> {
        Err(RecordError::NoKeys)
    }

    /// How CBC records of TLS 1.0 hide their IVs.
    pub fn set_beast(&mut self, _mitigation: BeastMitigation) {}

    /// Largest content of a record from here on (max_fragment_length); 1 to 2^14, else the nearest of them.
    pub fn set_max_fragment(&mut self, max: usize) {
        self.max_fragment = max.clamp(1, MAX_PLAINTEXT);
    }

    /// legacy_record_version of records without protection (RFC 8446 section 5.1): 0x0301 may stand in the first
    /// ClientHello's, 0x0303 in all others.
    pub fn set_plain_version(&mut self, version: u16) {
        self.plain_version = version;
    }

    /// Has the key protected nearly as many records as it may (RFC 8446 section 5.5)?
    pub fn needs_key_update(&self) -> bool {
        match &self.protection {
            Protection::Plain => false,
            Protection::Tls13(key) => {
                key.sequence()
                    >= key
                        .suite()
                        .confidentiality_limit
                        .saturating_sub(KEY_UPDATE_MARGIN)
            }
        }
    }

    /// The next generation of keys, right after our KeyUpdate was written.
    pub fn update_key(&mut self) -> Result<(), RecordError> {
        match &mut self.protection {
            Protection::Plain => return Err(RecordError::NoKeys),
            Protection::Tls13(key) => key.update()?,
        }
        self.key_bytes = 0;
        Ok(())
    }

    /// The present traffic secret, for the key log only.
    pub fn traffic_secret(&self) -> Option<&Secret> {
        match &self.protection {
            Protection::Plain => None,
            Protection::Tls13(key) => Some(key.secret()),
        }
    }

    /// Is there protection?
    pub fn is_protected(&self) -> bool {
        !matches!(self.protection, Protection::Plain)
    }

    /// Bytes of content under the present key.
    pub fn key_bytes(&self) -> u64 {
        self.key_bytes
    }

    /// All that was written since the beginning.
    pub fn counters(&self) -> RecordCounters {
        self.total
    }
}
