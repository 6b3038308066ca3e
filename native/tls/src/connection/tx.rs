//! The sending half. It knows keys and records, not the handshake.

use crate::config::Config;
use crate::crypto::suites::SuiteRow;
use crate::crypto::{Random, Secret};
use crate::enums::{AlertDescription, BeastMitigation, ContentType};
use crate::error::{Error, LocalFailure};
use crate::limits::{KEEP_PENDING, MAX_UNREAD_KEY_LOG};
use crate::record::RecordWriter;
use crate::schedule::tls12::DirectionKeys;
use crate::schedule::tls13::TrafficSecret;
use crate::trace::Traced;
use crate::wire::alert::{Alert, Level};
use crate::wire::message::KeyUpdate;

/// The sending half of a connection.
#[derive(Debug)]
pub struct Tx {
    writer: RecordWriter,
    /// Sealed control records: handshake flights, alerts, KeyUpdates. They go before anything sealed later.
    pending: Vec<u8>,
    /// Keys that begin with the next record, so that a change_cipher_spec for middleboxes can go out together with it.
    staged: Option<Staged>,
    key_update_at: u64,
    /// Before TLS 1.3: how many records a key is good for, and how many were written before it.
    renegotiate_at: u64,
    before_key: u64,
    phase: Phase,
    /// The peer asked for new keys. They begin with the next application data (RFC 8446 section 4.6.3): so any number of
    /// requests costs one answer, and a connection that only receives keeps quiet.
    update_due: bool,
    /// `None`: nobody wants to know.
    key_log: Option<KeyLog>,
    /// Tests and fuzzing only: changes our handshake messages on their way out.
    #[cfg(any(test, fuzzing))]
    pub tamper: Tamper,
}

/// What a rogue does with each of its handshake messages: the records to send instead.
#[cfg(any(test, fuzzing))]
#[derive(Default)]
pub struct Tamper(pub Option<TamperFn>);

/// See `Tamper`.
#[cfg(any(test, fuzzing))]
pub type TamperFn = Box<dyn FnMut(&[u8]) -> Vec<(ContentType, Vec<u8>)> + Send>;

#[cfg(any(test, fuzzing))]
impl core::fmt::Debug for Tamper {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Tamper(..)")
    }
}

/// Generations of our traffic secret that the key log has not been told of yet.
#[derive(Debug, Default)]
struct KeyLog {
    last: u64,
    unread: Vec<(u64, Secret)>,
}

#[derive(Debug)]
struct Staged {
    change_cipher_spec: bool,
    suite: &'static SuiteRow,
    secret: TrafficSecret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Open,
    /// close_notify is out.
    Closed,
    /// A fatal alert is out, or came.
    Failed,
}

/// What is to be sealed, taken in pieces.
struct Parts<'a> {
    rest: &'a [&'a [u8]],
    first_at: usize,
}

impl<'a> Parts<'a> {
    /// The next `count` bytes, or all there are.
    fn take(&mut self, mut count: usize) -> Vec<&'a [u8]> {
        let mut piece = Vec::new();
        while let Some((first, rest)) = self.rest.split_first() {
            let there = first.get(self.first_at..).unwrap_or_default();
            match there.split_at_checked(count) {
                Some((now, later)) if !later.is_empty() => {
                    piece.push(now);
                    self.first_at += count;
                    break;
                }
                _ => {
                    piece.push(there);
                    count -= there.len();
                    (self.rest, self.first_at) = (rest, 0);
                }
            }
        }
        piece
    }
}

/// Content of a change_cipher_spec record.
const CHANGE_CIPHER_SPEC: &[u8] = &[1];

impl Tx {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            writer: RecordWriter::new(),
            pending: Vec::new(),
            staged: None,
            key_update_at: config.key_update_at.max(1),
            renegotiate_at: config.renegotiate_at.max(1),
            before_key: 0,
            phase: Phase::Handshake,
            update_due: false,
            key_log: config.key_log.then(KeyLog::default),
            #[cfg(any(test, fuzzing))]
            tamper: Tamper::default(),
        }
    }

    // ---- for the user ----

    /// Appends `parts` as application data records to `out`, after the control records that wait. Updates the keys by
    /// itself: when they would protect more than `key_update_at` bytes (more than that at a time is divided; as OTP it asks
    /// the peer to do the same then), and before the limit of records of the cipher.
    pub fn seal(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<(), Error> {
        match self.phase {
            Phase::Open => {}
            Phase::Closed => return Err(LocalFailure::Closed.into()),
            Phase::Handshake | Phase::Failed => return Err(LocalFailure::NotConnected.into()),
        }
        self.take_pending(out);
        if !self.updates_keys() {
            return Ok(self
                .writer
                .write(ContentType::APPLICATION_DATA, parts, out)?);
        }
        if self.update_due || self.writer.needs_key_update() {
            self.update_into(false, out)?;
        }
        let mut left: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if self.writer.key_bytes().saturating_add(left) <= self.key_update_at {
            return Ok(self
                .writer
                .write(ContentType::APPLICATION_DATA, parts, out)?);
        }
        let mut parts = Parts {
            rest: parts,
            first_at: 0,
        };
        while left > 0 {
            if self.writer.key_bytes().saturating_add(left) > self.key_update_at {
                self.update_into(true, out)?;
            }
            let piece = left.min(self.key_update_at);
            left -= piece;
            let piece = parts.take(usize::try_from(piece).unwrap_or(usize::MAX));
            self.writer
                .write(ContentType::APPLICATION_DATA, &piece, out)?;
        }
        Ok(())
    }

    /// Moves the control records that wait to `out`.
    pub fn take_pending(&mut self, out: &mut Vec<u8>) {
        if out.is_empty() && self.pending.len() > KEEP_PENDING {
            *out = core::mem::take(&mut self.pending);
        } else {
            out.extend_from_slice(&self.pending);
            self.pending = Vec::new();
        }
    }

    /// Do control records wait?
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Our close_notify; nothing can be sealed afterwards. The peer may go on sending.
    pub fn close_notify(&mut self) {
        if matches!(self.phase, Phase::Handshake | Phase::Open) {
            self.control(
                ContentType::ALERT,
                &Alert::tls13(AlertDescription::CLOSE_NOTIFY).bytes(),
            );
            self.phase = Phase::Closed;
        }
    }

    /// An alert of the caller's choice; a fatal one ends the sending half.
    pub fn alert(&mut self, description: AlertDescription) {
        match description {
            AlertDescription::CLOSE_NOTIFY => self.close_notify(),
            _ if self.phase == Phase::Failed => {}
            AlertDescription::USER_CANCELED => {
                self.control(ContentType::ALERT, &Alert::tls13(description).bytes());
            }
            _ => {
                self.control(ContentType::ALERT, &Alert::tls13(description).bytes());
                self.phase = Phase::Failed;
            }
        }
    }

    /// An alert that ends nothing (before TLS 1.3). A peer that does not read, while much waits for it already, is not told.
    pub(crate) fn warn(&mut self, description: AlertDescription) {
        if self.phase != Phase::Failed && self.pending.len() < KEEP_PENDING {
            let alert = Alert {
                level: Level::Warning,
                description,
            };
            self.control(ContentType::ALERT, &alert.bytes());
        }
    }

    /// The handshake is given up by its user: user_canceled, and as a fatal alert, which is all that is said
    /// (RFC 8446 section 6.1 leaves the level open).
    pub fn cancel(&mut self) {
        if matches!(self.phase, Phase::Handshake | Phase::Open) {
            let alert = Alert {
                level: Level::Fatal,
                description: AlertDescription::USER_CANCELED,
            };
            self.control(ContentType::ALERT, &alert.bytes());
            self.phase = Phase::Failed;
        }
    }

    /// New sending keys, announced by a KeyUpdate; `request_peer`: the peer is to do the same.
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        if self.phase != Phase::Open {
            return Err(LocalFailure::NotConnected.into());
        }
        if !self.updates_keys() {
            return Err(LocalFailure::NoKeyUpdate.into());
        }
        let mut pending = core::mem::take(&mut self.pending);
        let result = self.update_into(request_peer, &mut pending);
        self.pending = pending;
        result
    }

    /// What went out since the last time, if it is traced.
    pub fn take_trace(&mut self) -> Vec<Traced> {
        self.writer.tracer.take()
    }

    pub(super) fn set_trace(&mut self, on: bool) {
        self.writer.tracer.set(on);
    }

    /// TLS 1.2 and below: has the key been used long enough (`Config::renegotiate_at`)? Data can be sealed nevertheless.
    pub fn renegotiation_due(&self) -> bool {
        let written = self.counters().records.saturating_sub(self.before_key);
        self.phase == Phase::Open && !self.updates_keys() && written >= self.renegotiate_at
    }

    /// Can application data be sealed?
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Records and bytes sent.
    pub fn counters(&self) -> crate::record::RecordCounters {
        self.writer.counters()
    }

    // ---- for the handshake and the receiving half ----

    /// Handshake messages, whole.
    pub(crate) fn handshake(&mut self, messages: &[u8]) -> Result<(), Error> {
        self.activate()?;
        self.writer.tracer.messages_out(messages);
        #[cfg(any(test, fuzzing))]
        if let Some(mut tamper) = self.tamper.0.take() {
            let result = self.tampered(messages, &mut tamper);
            self.tamper.0 = Some(tamper);
            return result;
        }
        Ok(self
            .writer
            .write(ContentType::HANDSHAKE, &[messages], &mut self.pending)?)
    }

    /// Tests and fuzzing only: a record of any kind and content, under the keys of the moment.
    #[cfg(any(test, fuzzing))]
    pub fn write_record(&mut self, content_type: ContentType, content: &[u8]) {
        self.control(content_type, content);
    }

    #[cfg(any(test, fuzzing))]
    fn tampered(&mut self, mut messages: &[u8], tamper: &mut TamperFn) -> Result<(), Error> {
        while let [_, a, b, c, ..] = messages {
            let len = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            let (message, rest) = messages.split_at(4 + len);
            for (content_type, content) in tamper(message) {
                self.writer
                    .write(content_type, &[&content], &mut self.pending)?;
            }
            messages = rest;
        }
        Ok(())
    }

    /// A change_cipher_spec for middleboxes.
    pub(crate) fn change_cipher_spec(&mut self) -> Result<(), Error> {
        Ok(self.writer.write(
            ContentType::CHANGE_CIPHER_SPEC,
            &[CHANGE_CIPHER_SPEC],
            &mut self.pending,
        )?)
    }

    /// Keys that begin with the next record, with a change_cipher_spec before it if asked for.
    pub(crate) fn stage_keys(
        &mut self,
        suite: &'static SuiteRow,
        secret: TrafficSecret,
        change_cipher_spec: bool,
    ) {
        self.staged = Some(Staged {
            change_cipher_spec,
            suite,
            secret,
        });
    }

    /// Keys that begin at once.
    pub(crate) fn set_keys(
        &mut self,
        suite: &'static SuiteRow,
        secret: TrafficSecret,
    ) -> Result<(), Error> {
        self.activate()?;
        Ok(self.writer.set_tls13(suite, secret)?)
    }

    /// change_cipher_spec, and the keys that begin with it (RFC 5246 section 7.1).
    pub(crate) fn change_cipher(
        &mut self,
        keys: DirectionKeys,
        beast: BeastMitigation,
        random: &mut dyn Random,
    ) -> Result<(), Error> {
        self.change_cipher_spec()?;
        // The Finished of a renegotiation does not count, or the lowest limit would leave no room for data.
        let again = u64::from(self.phase == Phase::Open);
        self.before_key = self.counters().records.saturating_add(again);
        Ok(self.writer.set_tls12(keys, beast, random)?)
    }

    pub(crate) fn set_plain_version(&mut self, version: u16) {
        self.writer.set_plain_version(version);
    }

    pub(crate) fn set_max_fragment(&mut self, max: usize) {
        self.writer.set_max_fragment(max);
    }

    /// Another configuration in the middle of the handshake.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        self.key_update_at = config.key_update_at.max(1);
        self.renegotiate_at = config.renegotiate_at.max(1);
        self.key_log = config.key_log.then(KeyLog::default);
    }

    /// Is there a key log?
    pub(crate) fn has_key_log(&self) -> bool {
        self.key_log.is_some()
    }

    /// New generations of our traffic secret, with their numbers.
    pub(crate) fn take_key_log(&mut self) -> Vec<(u64, Secret)> {
        self.key_log
            .as_mut()
            .map(|log| core::mem::take(&mut log.unread))
            .unwrap_or_default()
    }

    /// The handshake is over.
    pub(crate) fn open(&mut self) {
        if self.phase == Phase::Handshake {
            self.phase = Phase::Open;
        }
    }

    /// The peer asked for new keys.
    pub(crate) fn answer_key_update(&mut self) {
        self.update_due = true;
    }

    /// Answers that, if it has not been done. While much waits already, for a peer that does not read, the answer comes
    /// with our next data.
    pub(crate) fn answer_key_update_now(&mut self) -> Result<(), Error> {
        if self.update_due && self.phase == Phase::Open && self.pending.len() < KEEP_PENDING {
            return self.update_keys(false);
        }
        Ok(())
    }

    /// The connection has failed by the peer's word: nothing more goes out.
    pub(crate) fn abandon(&mut self) {
        self.phase = Phase::Failed;
    }

    fn update_into(&mut self, request_peer: bool, out: &mut Vec<u8>) -> Result<(), Error> {
        let message = KeyUpdate {
            requested: request_peer,
        }
        .bytes();
        self.writer.tracer.messages_out(&message);
        self.writer
            .write(ContentType::HANDSHAKE, &[&message], out)?;
        self.update_due = false;
        self.writer.update_key()?;
        if let (Some(log), Some(secret)) = (&mut self.key_log, self.writer.traffic_secret()) {
            log.last += 1;
            // They are fetched by `Rx::next`, which nobody is bound to call.
            if log.unread.len() < MAX_UNREAD_KEY_LOG {
                log.unread.push((log.last, secret.clone()));
            }
        }
        Ok(())
    }

    /// Before TLS 1.3 keys change by renegotiation only.
    fn updates_keys(&self) -> bool {
        self.writer.traffic_secret().is_some()
    }

    fn control(&mut self, content_type: ContentType, content: &[u8]) {
        // Without keys that work there is nothing that could be said.
        if self.activate().is_ok() {
            let _ = self
                .writer
                .write(content_type, &[content], &mut self.pending);
        }
    }

    fn activate(&mut self) -> Result<(), Error> {
        if let Some(staged) = self.staged.take() {
            if staged.change_cipher_spec {
                self.change_cipher_spec()?;
            }
            self.writer.set_tls13(staged.suite, staged.secret)?;
        }
        Ok(())
    }
}
