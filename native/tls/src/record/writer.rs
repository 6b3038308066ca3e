//! Records out (RFC 8446 sections 5.1 and 5.2, RFC 5246 section 6.2): fragments, copies the plaintext once into the output, seals it there.

use super::limits::{HEADER_LEN, MAX_PLAINTEXT};
use super::protection::Tls13Key;
use super::protection12::Tls12WriteKey;
use super::RecordError;
use crate::crypto::aead::MAX_TAG_LEN;
use crate::crypto::suites::SuiteRow;
use crate::crypto::{Random, Secret};
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
    beast: BeastMitigation,
    key_bytes: u64,
    total: RecordCounters,
    /// For the debug log.
    pub(crate) tracer: Tracer,
}

#[derive(Debug)]
enum Protection {
    Plain,
    Tls13(Tls13Key),
    Tls12(Box<Tls12WriteKey>),
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
            beast: BeastMitigation::OneNMinusOne,
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
        out.reserve(self.needed(left));
        let mut first = None;
        if content_type == ContentType::APPLICATION_DATA && self.has_foreseeable_iv() {
            first = match self.beast {
                BeastMitigation::OneNMinusOne => Some(1),
                BeastMitigation::ZeroN => Some(0),
                BeastMitigation::Disabled => None,
            };
        }

        let mut parts = parts.iter().copied();
        let mut part: &[u8] = &[];
        while left > 0 {
            let max = first.take().unwrap_or(self.max_fragment);
            let content_len = left.min(max);
            left -= content_len;
            let header = self.header(content_type, content_len);
            out.extend_from_slice(&header);
            let body_at = out.len();
            if let Protection::Tls12(key) = &mut self.protection {
                key.begin(out);
            }
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
            match &mut self.protection {
                Protection::Plain => {}
                Protection::Tls13(key) => {
                    out.push(content_type.0);
                    key.seal(&header, out, body_at)?;
                }
                Protection::Tls12(key) => key.seal(content_type, out, body_at, content_len)?,
            }
            self.count(content_len);
        }
        Ok(())
    }

    /// Bytes of the records for so much content.
    fn needed(&self, content_len: usize) -> usize {
        let full = content_len / self.max_fragment;
        let rest = content_len % self.max_fragment;
        let record = |len| match &self.protection {
            Protection::Tls12(key) => HEADER_LEN + key.body_len(len),
            Protection::Plain | Protection::Tls13(_) => HEADER_LEN + len + 1 + MAX_TAG_LEN,
        };
        let small = if self.has_foreseeable_iv() {
            record(1)
        } else {
            0
        };
        let last = if rest > 0 { record(rest) } else { 0 };
        full.saturating_mul(record(self.max_fragment))
            .saturating_add(last + small)
    }

    fn has_foreseeable_iv(&self) -> bool {
        matches!(&self.protection, Protection::Tls12(key) if key.has_foreseeable_iv())
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
            Protection::Tls12(key) => (content_type, key.version().0, key.body_len(content_len)),
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

    /// From here on records are protected with `keys` (TLS 1.0 to 1.2). Random bytes are for IVs; where IVs can be foreseen
    /// (CBC in TLS 1.0) `beast` says what is done about it.
    pub fn set_tls12(
        &mut self,
        keys: DirectionKeys,
        beast: BeastMitigation,
        random: &mut dyn Random,
    ) -> Result<(), RecordError> {
        self.protection = Protection::Tls12(Box::new(Tls12WriteKey::new(&keys, random)?));
        self.beast = beast;
        self.key_bytes = 0;
        Ok(())
    }

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
            // TLS 1.2 and older have renegotiation, which is for the user to call for.
            Protection::Plain | Protection::Tls12(_) => false,
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
            Protection::Plain | Protection::Tls12(_) => return Err(RecordError::NoKeys),
            Protection::Tls13(key) => key.update()?,
        }
        self.key_bytes = 0;
        Ok(())
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

    #[cfg(test)]
    pub(super) fn tls12(&mut self) -> &mut Tls12WriteKey {
        match &mut self.protection {
            Protection::Tls12(key) => key,
            other => panic!("{other:?}"),
        }
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
