//! Drives the core and collects what it gives: the one place that knows what an output does to the connection.

use crate::atoms;
use crate::beam::binary;
use crate::conn::{Conn, End, Phase, Reason, Receiver, Sender};
use crate::encode::{self, Fatal};
use rustler::{Atom, Encoder, Env, ResourceArc, Term};
use std::time::{SystemTime, UNIX_EPOCH};
use tls_core::query::{Event, Output};
use tls_core::record::Opened;
use tls_core::trace::Traced;

/// What a call gives out, in order.
pub struct Steps<'a> {
    env: Env<'a>,
    /// For the transport, before all else.
    send: Vec<u8>,
    events: Vec<Term<'a>>,
    /// Control records wait for the write lock.
    flush: bool,
    /// `ask`, `heavy`: the core stands still until it is served.
    parked: Option<Term<'a>>,
    /// The connection failed.
    fatal: Option<Fatal>,
}

impl<'a> Steps<'a> {
    /// Nothing yet.
    pub fn new(env: Env<'a>) -> Self {
        Steps {
            env,
            send: Vec::new(),
            events: Vec::new(),
            flush: false,
            parked: None,
            fatal: None,
        }
    }

    /// Something happened that the core does not tell by itself.
    pub fn event(&mut self, event: &Event) {
        self.events.push(encode::event(self.env, event));
    }

    /// Has the connection failed?
    pub fn failed(&self) -> bool {
        self.fatal.is_some()
    }

    /// A word to the endpoint.
    pub fn note(&mut self, what: Atom) {
        self.events.push(what.encode(self.env));
    }

    /// The list that the endpoint's calls return: `send` first, `ask`, `heavy` and `fatal` last.
    pub fn outs(mut self, data: Option<Term<'a>>) -> Term<'a> {
        let env = self.env;
        let mut outs = Vec::with_capacity(self.events.len() + 4);
        if !self.send.is_empty() {
            outs.push((atoms::send(), binary(env, self.send)).encode(env));
        }
        if let Some(data) = data {
            outs.push((atoms::data(), data).encode(env));
        }
        outs.append(&mut self.events);
        if self.flush {
            outs.push(atoms::flush().encode(env));
        }
        outs.extend(self.parked);
        outs.extend(self.fatal.map(|fatal| fatal.encode(env)));
        outs.encode(env)
    }

    /// What a reader outside the endpoint hands to it; the connection's failure is left in `rx` for it. `None`: nothing.
    pub fn notes(mut self, rx: &mut Receiver) -> Option<Term<'a>> {
        if let Some(fatal) = self.fatal {
            rx.end_with(End::Fatal(fatal));
        }
        if self.flush {
            self.events.push(atoms::flush().encode(self.env));
        }
        self.events.extend(self.parked);
        (!self.events.is_empty()).then(|| self.events.encode(self.env))
    }

    /// Runs the core until it has nothing more to say. With `heavy` long computations are allowed.
    pub fn drive(&mut self, rx: &mut Receiver, tx: &mut Sender, heavy: bool) {
        let env = self.env;
        loop {
            let (Some(reader), Some(writer)) = (&mut rx.core, &mut tx.core) else {
                return;
            };
            let output = if heavy {
                reader.next_heavy(writer)
            } else {
                reader.next(writer)
            };
            match output {
                Output::Idle => break,
                Output::Transmit(bytes) if rx.phase == Phase::Open => {
                    tx.pending.extend_from_slice(&bytes)
                }
                Output::Transmit(mut bytes) if self.send.is_empty() => {
                    std::mem::swap(&mut self.send, &mut bytes)
                }
                Output::Transmit(bytes) => self.send.extend_from_slice(&bytes),
                Output::Data(bytes) => rx.plain.push(bytes),
                Output::Event(event) => {
                    self.events.push(encode::event(env, &event));
                    match event {
                        Event::Connected(_) => {
                            rx.phase = Phase::Open;
                            tx.open = tx.end.is_none();
                        }
                        Event::PeerClosed => rx.end_with(End::Reason(Reason::closed())),
                        _ => {}
                    }
                }
                Output::Ask(query) => {
                    self.parked = Some(encode::query(env, &query));
                    break;
                }
                Output::Heavy => {
                    self.parked = Some(atoms::heavy().encode(env));
                    break;
                }
                Output::Fatal(error) => {
                    self.fatal = Some(Fatal::new(&error, reader.state_name()));
                    tx.end_with(Reason::closed());
                    break;
                }
            }
        }
        let waiting =
            !tx.pending.is_empty() || tx.core.as_ref().is_some_and(|core| core.has_pending());
        if waiting && !tx.dead {
            if rx.phase == Phase::Open {
                self.flush = true;
            } else {
                tx.take_control(&mut self.send);
            }
        }
    }

    /// Records of data, for the debug log.
    fn trace(&mut self, items: &[Traced]) {
        let env = self.env;
        self.events.extend(
            items
                .iter()
                .map(|item| (atoms::event(), encode::trace(env, item)).encode(env)),
        );
    }

    /// Takes network input, whatever the state; plaintext goes to the buffer.
    pub fn ingest(&mut self, conn: &ResourceArc<Conn>, rx: &mut Receiver, parts: &[&[u8]]) {
        if rx.phase == Phase::Open {
            self.ingest_open(conn, rx, parts);
            return;
        }
        rx.phase = Phase::Handshake;
        let Some(reader) = &mut rx.core else { return };
        reader.set_now(unix_seconds());
        for part in parts {
            reader.feed(part);
        }
        self.drive(rx, &mut conn.tx(), false);
    }

    fn ingest_open(&mut self, conn: &ResourceArc<Conn>, rx: &mut Receiver, parts: &[&[u8]]) {
        let mut plain = Vec::new();
        if let Some(reader) = &mut rx.core {
            // A renegotiation verifies certificates, and may have come too early.
            reader.set_now(unix_seconds());
        }
        for part in parts {
            let mut input = *part;
            loop {
                let Some(reader) = &mut rx.core else { return };
                let opened = reader.open(input, &mut plain);
                input = &[];
                // With `Control` the core gives it out itself, in order with the rest.
                if opened == Opened::Data {
                    self.trace(&reader.take_trace());
                }
                match opened {
                    Opened::Data => break,
                    Opened::Control => {
                        rx.plain.push(std::mem::take(&mut plain));
                        self.drive(rx, &mut conn.tx(), false);
                        // A question in the middle of a renegotiation stops nothing: the core keeps what comes.
                        if self.fatal.is_some() || rx.end.is_some() {
                            return;
                        }
                    }
                }
            }
        }
        rx.plain.push(plain);
    }
}

/// Time for certificates; a clock before 1970 is taken for 1970.
pub fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
