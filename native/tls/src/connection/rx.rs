//! The receiving half: records in, the handshake machine driven, what is to be said queued.

use super::{ClientParams, Info, Started, Tx};
use crate::config::Config;
use crate::crypto::{Random, Secret};
use crate::enums::{AlertDescription, ContentType, ProtocolVersion, Role};
use crate::error::{Error, LocalFailure, Offence};
use crate::handshake::{
    self, Advance, Common, Cx, Established, Park, Renegotiation, Spec, State, Step,
};
use crate::query::{Answer, Event, Output};
use crate::record::limits::{
    Budget, MAX_CHANGE_CIPHER_SPECS, MAX_CHANGE_CIPHER_SPECS_RETRY, MAX_WARNING_ALERTS,
};
use crate::record::{HandshakeJoiner, HandshakeMessage, Opened, RecordReader};
use crate::schedule::tls12::MasterSecret;
use crate::session::SavedSession;
use crate::trace::{Followed, Traced};
use crate::wire::alert::{Alert, Level};
use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;

/// The receiving half of a connection.
pub struct Rx {
    role: Role,
    reader: RecordReader,
    joiner: HandshakeJoiner,
    phase: Phase,
    /// The handshake under way: the first, or (TLS 1.2 and below) one more while the connection is established.
    machine: Option<Machine>,
    /// What only handshakes need; gone when no other can follow.
    common: Option<Box<Common>>,
    queue: VecDeque<Output>,
    info: Option<Arc<Info>>,
    change_cipher_specs: Budget,
    /// Data came after the peer had asked for new keys: time to answer.
    answer_due: bool,
    warnings: Budget,
    /// Name of the last state that waited for a message.
    state_name: &'static str,
    /// For the debug log.
    followed: Followed,
    /// Has `Event::Connected` been given out? Until then what is to be sent comes as `Output::Transmit`.
    connected: bool,
    error: Option<Error>,
}

enum Phase {
    /// Nothing done yet.
    Start,
    /// Before the first handshake is over.
    Handshake,
    Established(Box<Established>),
    /// The peer's close_notify came, and after it these bytes.
    Closed(Box<Established>, Vec<u8>),
    Over,
}

enum Machine {
    Waiting(State),
    Parked(Park),
    /// Parked at a query that was given out.
    Asked(Park),
}

/// OTP's name of the state in which data flows.
const CONNECTION: &str = "connection";

/// How a step ended.
enum Progress {
    Again,
    Give(Output),
    Idle,
}

impl fmt::Debug for Rx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rx({:?}, {})", self.role, self.state_name)
    }
}

impl Rx {
    pub(super) fn new(
        role: Role,
        config: Arc<Config>,
        params: ClientParams,
        random: Box<dyn Random>,
    ) -> Self {
        Self {
            role,
            reader: RecordReader::new(),
            joiner: HandshakeJoiner::new(config.max_handshake_size),
            phase: Phase::Start,
            machine: None,
            common: Some(Box::new(Common {
                config,
                params,
                random,
                now: 0,
                previous: None,
                renegotiation: Renegotiation::default(),
            })),
            queue: VecDeque::new(),
            info: None,
            change_cipher_specs: Budget::new(MAX_CHANGE_CIPHER_SPECS),
            answer_due: false,
            warnings: Budget::new(MAX_WARNING_ALERTS),
            state_name: "start",
            followed: Followed::default(),
            connected: false,
            error: None,
        }
    }

    pub(super) fn use_config(&mut self, config: Arc<Config>) -> Result<(), Started> {
        match (&self.phase, &mut self.common) {
            (Phase::Start, Some(common)) if self.reader.buffered() == 0 => {
                self.joiner.set_max(config.max_handshake_size);
                common.config = config;
                Ok(())
            }
            _ => Err(Started),
        }
    }

    /// The time, in Unix seconds, for the validity of certificates.
    pub fn set_now(&mut self, unix_seconds: u64) {
        if let Some(common) = &mut self.common {
            common.now = unix_seconds;
        }
    }

    /// Network input, any fragmentation. Feed again when `next` was `Idle` without an open question.
    pub fn feed(&mut self, input: &[u8]) {
        if !matches!(self.phase, Phase::Over | Phase::Closed(..)) {
            self.reader.feed(input);
        }
    }

    /// The next output; call until `Idle`. Never computes for more than about 200 µs: then it is `Heavy`.
    pub fn next(&mut self, tx: &mut Tx) -> Output {
        self.drive(tx, false)
    }

    /// The same where long computations are allowed.
    pub fn next_heavy(&mut self, tx: &mut Tx) -> Output {
        self.drive(tx, true)
    }

    /// The answer to `Output::Ask`. What follows from it comes out of `next`.
    pub fn answer(&mut self, tx: &mut Tx, answer: Answer) {
        let result = match self.machine.take() {
            Some(Machine::Asked(park)) => match self.with_cx(tx, |cx| park.answer(cx, answer)) {
                Ok(step) => {
                    self.take_step(tx, step);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            other => {
                self.machine = other;
                Err(LocalFailure::WrongAnswer.into())
            }
        };
        if let Err(error) = result {
            self.fail(tx, error);
        }
    }

    /// Established: opens whole application data records straight from `input`, appending to `out`, and keeps the rest.
    /// `Control`: other things came, or the connection is not (any longer) established; call `next` until `Idle`.
    pub fn open(&mut self, input: &[u8], out: &mut Vec<u8>) -> Opened {
        let Phase::Established(_) = &self.phase else {
            self.feed(input);
            return if self.queue.is_empty() && matches!(self.phase, Phase::Over | Phase::Closed(..))
            {
                Opened::Data
            } else {
                Opened::Control
            };
        };
        if !self.queue.is_empty() || self.error.is_some() {
            self.reader.feed(input);
            return Opened::Control;
        }
        let now = match &self.machine {
            None => true,
            Some(Machine::Waiting(state)) => state.takes_data(),
            Some(Machine::Parked(_)) => false,
            // Nothing can be done before the answer is there; then `next` has the data.
            Some(Machine::Asked(_)) => {
                self.reader.feed(input);
                return Opened::Data;
            }
        };
        if !now {
            if input.is_empty() {
                return Opened::Data;
            }
            self.reader.feed(input);
            return Opened::Control;
        }
        if !self.joiner.is_aligned() {
            // What follows belongs to a message half read. Without new input there is nothing that `next` has not seen:
            // `Control` again would keep the caller going round for as long as the peer likes.
            if input.is_empty() {
                return Opened::Data;
            }
            self.reader.feed(input);
            return Opened::Control;
        }
        let before = out.len();
        let result = self.reader.open_into(input, out);
        if out.len() > before {
            self.data_came(out.len() - before);
        }
        match result {
            Ok(_) if self.answer_due => Opened::Control,
            Ok(opened) => opened,
            Err(error) => {
                self.error = Some(error.into());
                Opened::Control
            }
        }
    }

    /// OTP's name of the state; after a failure the state that it happened in.
    pub fn state_name(&self) -> &'static str {
        self.state_name
    }

    /// What was negotiated, once the handshake is over.
    pub fn info(&self) -> Option<&Info> {
        self.info.as_deref()
    }

    /// Client or server.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Exported keying material (RFC 8446 section 7.5).
    pub fn export(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        len: usize,
    ) -> Result<Secret, Error> {
        self.established()
            .ok_or(LocalFailure::NotConnected)?
            .export(label, context, len)
    }

    /// The master secret (TLS 1.2 and below).
    pub fn master_secret(&self) -> Option<&MasterSecret> {
        self.established()?.master_secret()
    }

    /// What must be known to resume the connection's session (TLS 1.2 and below). `None`: it cannot be.
    pub fn saved_session(&self) -> Option<SavedSession> {
        let config = &self.common.as_ref()?.config;
        handshake::saved_session(self.info()?, self.master_secret()?, config)
    }

    /// The PRF of the connection's version and suite (TLS 1.2 and below; RFC 5246 section 5). `None`: there is none, or
    /// `len` is beyond what anybody could want.
    pub fn prf(&self, secret: &[u8], label: &[u8], seed: &[u8], len: usize) -> Option<Secret> {
        self.established()?.prf(secret, label, seed, len)
    }

    fn established(&self) -> Option<&Established> {
        match &self.phase {
            Phase::Established(established) | Phase::Closed(established, _) => Some(established),
            _ => None,
        }
    }

    /// What came in one piece with the peer's close_notify, behind it: not TLS any more (once).
    pub fn take_rest(&mut self) -> Vec<u8> {
        match &mut self.phase {
            Phase::Closed(_, rest) => core::mem::take(rest),
            _ => Vec::new(),
        }
    }

    /// Bytes of input that wait to be processed.
    pub fn buffered(&self) -> usize {
        self.reader.buffered()
    }

    fn drive(&mut self, tx: &mut Tx, heavy: bool) -> Output {
        if core::mem::take(&mut self.answer_due) {
            if let Err(error) = tx.answer_key_update_now() {
                self.fail(tx, error);
            }
        }
        for (generation, secret) in tx.take_key_log() {
            self.log_update(self.role, generation, secret);
        }
        loop {
            self.queue_trace(tx);
            let flush_before = match self.queue.front() {
                Some(Output::Event(Event::KeyLog { .. } | Event::Trace(_))) => false,
                Some(_) => true,
                None => false,
            };
            if flush_before {
                if let Some(transmit) = self.transmit(tx) {
                    return transmit;
                }
            }
            if let Some(output) = self.queue.pop_front() {
                if matches!(output, Output::Event(Event::Connected(_))) {
                    self.connected = true;
                }
                if self.queue.is_empty() {
                    self.queue = VecDeque::new();
                }
                return output;
            }
            let progress = match self.error.take() {
                Some(error) => Err(error),
                None => self.step(tx, heavy),
            };
            match progress {
                Ok(Progress::Again) => {}
                // What was said before may be what the world waits for, but not for a computation of our own.
                Ok(Progress::Give(Output::Heavy)) => return Output::Heavy,
                Ok(Progress::Give(output)) => match self.transmit(tx) {
                    None => return output,
                    Some(transmit) => {
                        self.queue.push_back(output);
                        return transmit;
                    }
                },
                Ok(Progress::Idle) => return self.transmit(tx).unwrap_or(Output::Idle),
                Err(error) => self.fail(tx, error),
            }
        }
    }

    /// What came and went meanwhile, if anybody wants to know.
    fn queue_trace(&mut self, tx: &mut Tx) {
        if self.reader.tracer.is_on() {
            let items = self.reader.tracer.take().into_iter().chain(tx.take_trace());
            for item in items {
                let item = self.followed.mark(item);
                self.queue.push_back(Output::Event(Event::Trace(item)));
            }
        }
    }

    /// What came in since the last time, if it is traced and no `Output` was made of it.
    pub fn take_trace(&mut self) -> Vec<Traced> {
        self.reader.tracer.take()
    }

    pub(super) fn set_trace(&mut self, on: bool) {
        self.reader.tracer.set(on);
    }

    /// The next handshake message.
    fn message(&mut self) -> Result<Option<HandshakeMessage>, Error> {
        let message = self.joiner.next()?;
        if let Some(message) = &message {
            self.reader.tracer.message_in(message.raw());
        }
        Ok(message)
    }

    /// Input is of no interest any more.
    fn drop_input(&mut self) -> RecordReader {
        let tracer = core::mem::take(&mut self.reader.tracer);
        let old = core::mem::take(&mut self.reader);
        self.reader.tracer = tracer;
        old
    }

    /// A traffic secret after a KeyUpdate of one side.
    fn log_update(&mut self, side: Role, generation: u64, secret: Secret) {
        let Some(info) = &self.info else { return };
        let side = match side {
            Role::Client => "CLIENT",
            Role::Server => "SERVER",
        };
        self.queue.push_back(Output::Event(Event::KeyLog {
            label: format!("{side}_TRAFFIC_SECRET_{generation}").into(),
            client_random: info.client_random,
            secret,
        }));
    }

    fn transmit(&mut self, tx: &mut Tx) -> Option<Output> {
        if self.connected || !tx.has_pending() {
            return None;
        }
        let mut bytes = Vec::new();
        tx.take_pending(&mut bytes);
        Some(Output::Transmit(bytes))
    }

    fn step(&mut self, tx: &mut Tx, heavy: bool) -> Result<Progress, Error> {
        match self.phase {
            Phase::Start => {
                self.phase = Phase::Handshake;
                let role = self.role;
                let step = self.with_cx(tx, |cx| handshake::start(role, cx))?;
                self.take_step(tx, step);
                return Ok(Progress::Again);
            }
            Phase::Handshake | Phase::Established(_) => {}
            Phase::Closed(..) | Phase::Over => return Ok(Progress::Idle),
        }
        let step = match self.machine.take() {
            Some(Machine::Asked(park)) => {
                self.machine = Some(Machine::Asked(park));
                return Ok(Progress::Idle);
            }
            Some(Machine::Parked(park)) => match self.with_cx(tx, |cx| park.advance(cx, heavy))? {
                Advance::Step(step) => step,
                Advance::Heavy(park) => {
                    self.machine = Some(Machine::Parked(park));
                    return Ok(Progress::Give(Output::Heavy));
                }
                Advance::Ask(query, park) => {
                    self.machine = Some(Machine::Asked(park));
                    return Ok(Progress::Give(Output::Ask(query)));
                }
            },
            Some(Machine::Waiting(state)) => match self.message()? {
                Some(message) => self.with_cx(tx, |cx| state.handle(cx, message))?,
                None => {
                    self.machine = Some(Machine::Waiting(state));
                    return self.record(tx);
                }
            },
            None => match self.message()? {
                Some(message) => match self.later_message(tx, message)? {
                    Some(step) => step,
                    None => return Ok(Progress::Again),
                },
                None => return self.record(tx),
            },
        };
        self.take_step(tx, step);
        Ok(Progress::Again)
    }

    /// A handshake message after the handshake. Before TLS 1.3 it may begin another one.
    fn later_message(
        &mut self,
        tx: &mut Tx,
        message: HandshakeMessage,
    ) -> Result<Option<Step>, Error> {
        if self.is_old() {
            let role = self.role;
            return self.with_cx(tx, |cx| handshake::asked(role, cx, &message));
        }
        let Phase::Established(established) = &mut self.phase else {
            return Err(Error::UnexpectedMessage(message.msg_type()));
        };
        let generation = established.peer_generation();
        established.handle(
            &message,
            &mut self.reader,
            &self.joiner,
            tx,
            &mut self.queue,
        )?;
        if established.peer_generation() != generation && tx.has_key_log() {
            if let Some(secret) = self.reader.traffic_secret().cloned() {
                self.log_update(self.role.peer(), generation + 1, secret);
            }
        }
        Ok(None)
    }

    /// Begins a renegotiation (TLS 1.2 and below): a client with a ClientHello, a server with a HelloRequest, which waits
    /// in `tx`. Its end is an `Event::Renegotiated`, or `RenegotiationRefused`. Nothing happens while one is under way.
    pub fn renegotiate(&mut self, tx: &mut Tx) -> Result<(), Error> {
        if !matches!(self.phase, Phase::Established(_)) || !tx.is_open() {
            return Err(LocalFailure::NotConnected.into());
        }
        if !self.is_old() {
            return Err(LocalFailure::NoRenegotiation.into());
        }
        if self.machine.is_none() {
            let role = self.role;
            if let Some(step) = self.with_cx(tx, |cx| handshake::begin(role, cx))? {
                self.take_step(tx, step);
            }
        }
        Ok(())
    }

    /// The peer does not want to renegotiate. Was it asked?
    fn renegotiation_refused(&mut self) -> bool {
        let Some(common) = self.common.as_mut() else {
            return false;
        };
        let begun = matches!(&self.machine, Some(Machine::Waiting(state)) if state.is_refusable());
        let asked = core::mem::take(&mut common.renegotiation.asked);
        if !matches!(self.phase, Phase::Established(_)) || !(begun || asked) {
            return false;
        }
        if begun {
            self.machine = None;
            self.state_name = CONNECTION;
        }
        true
    }

    fn with_cx<T>(
        &mut self,
        tx: &mut Tx,
        run: impl FnOnce(&mut Cx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let common = self.common.as_mut().ok_or(LocalFailure::WrongAnswer)?;
        run(&mut Cx {
            common,
            tx,
            reader: &mut self.reader,
            joiner: &mut self.joiner,
            queue: &mut self.queue,
        })
    }

    fn take_step(&mut self, tx: &mut Tx, step: Step) {
        match step {
            Step::Wait(state) => {
                self.state_name = state.name();
                if state.is_retry() {
                    self.change_cipher_specs = Budget::new(MAX_CHANGE_CIPHER_SPECS_RETRY);
                }
                self.machine = Some(Machine::Waiting(state));
            }
            Step::Park(park) => {
                if let Some(name) = park.state_name().filter(|_| self.role == Role::Server) {
                    self.state_name = name;
                }
                self.machine = Some(Machine::Parked(park));
            }
            Step::Done(established, info) => {
                tx.open();
                self.state_name = CONNECTION;
                let event = match self.phase {
                    Phase::Established(_) => Event::Renegotiated(info.clone()),
                    _ => Event::Connected(info.clone()),
                };
                self.queue.push_back(Output::Event(event));
                if info.version >= ProtocolVersion::TLS13 {
                    self.common = None;
                }
                self.info = Some(Arc::new(*info));
                self.phase = Phase::Established(established);
            }
        }
    }

    /// One record.
    fn record(&mut self, tx: &mut Tx) -> Result<Progress, Error> {
        let Some(record) = self.reader.next()? else {
            return Ok(Progress::Idle);
        };
        match record.content_type {
            ContentType::HANDSHAKE => self.joiner.push(record.payload)?,
            ContentType::ALERT => {
                let alert = Alert::parse(record.payload)?;
                self.alert(alert)?;
            }
            ContentType::CHANGE_CIPHER_SPEC => {
                if record.payload != [1] {
                    return Err(Offence::BadChangeCipherSpec.into());
                }
                self.change_cipher_spec(tx)?;
            }
            _ => {
                if !matches!(self.phase, Phase::Established(_)) {
                    return Err(Offence::EarlyApplicationData.into());
                }
                if !self.joiner.is_aligned() {
                    return Err(Offence::InterleavedRecord.into());
                }
                if matches!(&self.machine, Some(Machine::Waiting(state)) if !state.takes_data()) {
                    return Err(Offence::EarlyApplicationData.into());
                }
                if !record.payload.is_empty() {
                    self.queue.push_back(Output::Data(record.payload.to_vec()));
                    let bytes = record.payload.len();
                    self.data_came(bytes);
                }
            }
        }
        Ok(Progress::Again)
    }

    /// Application data came, which pays for what the peer may do.
    fn data_came(&mut self, bytes: usize) {
        if let Phase::Established(established) = &mut self.phase {
            self.answer_due |= established.data_came(bytes);
        }
        if let Some(common) = &mut self.common {
            common.renegotiation.refused.reset();
        }
        self.warnings.reset();
    }

    fn change_cipher_spec(&mut self, tx: &mut Tx) -> Result<(), Error> {
        let Some(Machine::Waiting(state)) = self.machine.take() else {
            return Err(Offence::LateChangeCipherSpec.into());
        };
        match self.with_cx(tx, |cx| state.change_cipher_spec(cx))? {
            Spec::Step(step) => self.take_step(tx, step),
            Spec::Noise(state) => {
                self.state_name = handshake::after_change(self.state_name);
                self.machine = Some(Machine::Waiting(state));
                self.change_cipher_specs
                    .spend()
                    .map_err(|_| Offence::TooManyChangeCipherSpecs)?;
            }
        }
        Ok(())
    }

    /// May the peer speak a version before TLS 1.3?
    fn is_old(&self) -> bool {
        match (&self.machine, &self.info) {
            (_, Some(info)) => info.version < ProtocolVersion::TLS13,
            (Some(Machine::Waiting(state)), None) => state.is_old(),
            _ => false,
        }
    }

    /// TLS 1.3: only user_canceled does not end the connection; the level says nothing (RFC 8446 section 6). Before, and
    /// while the peer is not known to speak TLS 1.3, warnings do not (RFC 5246 section 7.2).
    fn alert(&mut self, alert: Alert) -> Result<(), Error> {
        if alert.description == AlertDescription::CLOSE_NOTIFY {
            return self.closed(alert);
        }
        let first = matches!(&self.machine, Some(Machine::Waiting(state)) if state.is_first());
        let tolerated = match alert.level {
            Level::Fatal => false,
            Level::Warning if first => return Err(Offence::EarlyWarningAlert.into()),
            Level::Warning => alert.description == AlertDescription::USER_CANCELED || self.is_old(),
        };
        if !tolerated {
            return match alert.level {
                Level::Warning => Err(Offence::WarningAlert.into()),
                Level::Fatal => Err(Error::AlertReceived(alert.description)),
            };
        }
        self.warnings
            .spend()
            .map_err(|_| Offence::TooManyWarningAlerts)?;
        let refused = alert.description == AlertDescription::NO_RENEGOTIATION;
        let event = match refused && self.renegotiation_refused() {
            true => Event::RenegotiationRefused,
            false => Event::WarningAlert(alert.description),
        };
        self.queue.push_back(Output::Event(event));
        Ok(())
    }

    fn closed(&mut self, alert: Alert) -> Result<(), Error> {
        match core::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Established(established) => {
                let reader = self.drop_input();
                self.machine = None;
                self.queue.push_back(Output::Event(Event::PeerClosed));
                self.phase = Phase::Closed(established, reader.into_rest());
                Ok(())
            }
            _ => Err(Error::AlertReceived(alert.description)),
        }
    }

    fn fail(&mut self, tx: &mut Tx, error: Error) {
        if matches!(error, Error::AlertReceived(_)) {
            tx.abandon();
        } else {
            tx.alert(error.alert());
        }
        self.phase = Phase::Over;
        self.machine = None;
        self.common = None;
        self.queue_trace(tx);
        self.drop_input();
        self.joiner = HandshakeJoiner::new(0);
        self.queue.push_back(Output::Fatal(error));
    }
}
