//! Reading ahead: small messages reach passive readers faster when the endpoint has the transport send it what comes, as in
//! active mode, than when each reader asks the transport (which costs a call and a change of what the emulator polls, for
//! every message). The endpoint then holds the read lock, and what it feeds waits in the buffer; readers take it there, and
//! the one who comes too early queues here until its unit is complete.
//!
//! Whether it is worth it shows in what is read: a row of small reads asks for it, large input or much that nobody takes ends
//! it, since bulk is faster without another process in between and the transport is to hold back what is not wanted.

use crate::atoms;
use crate::beam::Pid;
use crate::plaintext::{Framing, Plaintext, Share};
use crate::turn::Ticket;
use rustler::{Encoder, Env, ResourceArc};
use std::collections::VecDeque;

/// Input of a reader's that counts as small.
const SMALL: usize = 2048;
/// Small reads in a row after which reading ahead begins.
const ROW: u32 = 8;
/// Input of one message from the transport that shows bulk.
const LARGE: usize = 8192;
/// Plaintext that may wait for readers while more is read.
const MAX_WAITING: usize = 32768;
/// Entries of processes that died waiting are looked for when so many wait.
const SWEEP: usize = 8;

struct Reader {
    who: Pid,
    length: usize,
    ticket: ResourceArc<Ticket>,
}

/// The state of it, beside the read lock.
#[derive(Default)]
pub struct Ahead {
    on: bool,
    readers: VecDeque<Reader>,
    small: u32,
}

impl Ahead {
    /// Does the endpoint read ahead?
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// The endpoint has the read lock, and begins.
    pub fn begin(&mut self) {
        self.on = true;
    }

    /// It ends: who waits comes and sees.
    pub fn stop(&mut self, env: Env) {
        self.on = false;
        self.small = 0;
        for reader in std::mem::take(&mut self.readers) {
            tell(env, &reader);
        }
    }

    /// A reader read for itself. `true`: this was the last of a row of small reads.
    pub fn after_read(&mut self, bytes: usize, satisfied: bool) -> bool {
        if bytes > SMALL {
            self.small = 0;
        } else if satisfied {
            self.small = self.small.saturating_add(1);
        }
        self.small == ROW && satisfied
    }

    /// The endpoint fed this much, and so much waits: is this a case for readers of their own?
    pub fn is_bulk(&self, input: usize, waiting: usize) -> bool {
        self.on && (input >= LARGE || waiting > MAX_WAITING)
    }

    /// A place in the queue for a reader that wants `length` bytes.
    pub fn enter(&mut self, env: Env, who: Pid, length: usize) -> ResourceArc<Ticket> {
        if self.readers.len() >= SWEEP {
            self.readers
                .retain(|reader| reader.who.local().is_alive(env));
        }
        let ticket = ResourceArc::new(Ticket);
        self.readers.push_back(Reader {
            who,
            length,
            ticket: ticket.clone(),
        });
        ticket
    }

    /// Gives a place up.
    pub fn cancel(&mut self, ticket: &ResourceArc<Ticket>) {
        self.readers
            .retain(|reader| reader.ticket.as_c_arg() != ticket.as_c_arg());
    }

    /// Tells the first reader to come if what it wants is there. It does not own it then: whoever comes first gets it.
    pub fn wake<C: Share>(&mut self, env: Env, plain: &Plaintext<C>, framing: Framing) {
        while let Some(first) = self.readers.front() {
            if !plain.has_unit(framing, first.length) {
                return;
            }
            let Some(first) = self.readers.pop_front() else {
                return;
            };
            if first.who.local().is_alive(env) {
                tell(env, &first);
                return;
            }
        }
    }
}

/// `{ssl_native, Ref, go}`, as to those who queue for a lock; sent under the connection's mutex.
fn tell(env: Env, reader: &Reader) {
    let message = (atoms::ssl_native(), reader.ticket.clone(), atoms::go()).encode(env);
    let _ = env.send(&reader.who.local(), message);
}
