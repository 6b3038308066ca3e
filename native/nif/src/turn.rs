//! One direction's logical lock: the queue of `lock.rs` with its monitors and messages.
//!
//! Every process that holds the lock or waits for it is monitored by the connection's resource. The last holder's
//! monitor stays when it gives the lock back, so that one process sending again and again costs one monitor.

use crate::atoms;
use crate::beam::{Monitor, Pid};
use crate::conn::Conn;
use crate::lock::{Acquire, Down, GivenUp, LockQueue};
use rustler::{Encoder, Env, Resource, ResourceArc, Term};

/// What a waiter gets to know its turn by; as a term it is a reference.
pub struct Ticket;

#[rustler::resource_impl]
impl Resource for Ticket {}

/// A waiter's ticket and monitor.
struct Place {
    ticket: ResourceArc<Ticket>,
    monitor: Monitor,
}

impl Place {
    fn is(&self, ticket: &ResourceArc<Ticket>) -> bool {
        self.ticket.as_c_arg() == ticket.as_c_arg()
    }
}

/// What asking for the lock gives.
pub enum Entered {
    /// The caller has it.
    Yes,
    /// It queues; the ticket is to be returned to it.
    Wait(ResourceArc<Ticket>),
    /// The caller is exiting.
    Dying,
}

/// The lock.
pub struct Turn {
    queue: LockQueue<Pid, Place>,
    sticky: Option<(Pid, Monitor)>,
}

impl Turn {
    /// A free lock.
    pub fn new() -> Self {
        Turn {
            queue: LockQueue::new(),
            sticky: None,
        }
    }

    /// Does this process have it?
    pub fn is_held_by(&self, who: Pid) -> bool {
        self.queue.holder() == Some(who)
    }

    /// Who has it.
    pub fn holder(&self) -> Option<Pid> {
        self.queue.holder()
    }

    /// Takes the lock or queues.
    pub fn enter(&mut self, env: Env, conn: &ResourceArc<Conn>, who: Pid) -> Entered {
        match self.queue.acquire(who) {
            Acquire::Held => Entered::Yes,
            Acquire::Taken => {
                if self.watch(env, conn, who) {
                    Entered::Yes
                } else {
                    self.leave(env, conn, who);
                    Entered::Dying
                }
            }
            Acquire::Busy => {
                let Some(monitor) = Monitor::new(env, conn, who) else {
                    return Entered::Dying;
                };
                let ticket = ResourceArc::new(Ticket);
                self.queue.enqueue(
                    who,
                    Place {
                        ticket: ticket.clone(),
                        monitor,
                    },
                );
                Entered::Wait(ticket)
            }
        }
    }

    /// From here to `leave`, the death of the holder fails the connection.
    pub fn begin_use(&mut self) {
        self.queue.begin_use();
    }

    /// Gives the lock on.
    pub fn leave(&mut self, env: Env, conn: &ResourceArc<Conn>, who: Pid) {
        let GivenUp {
            place: waited,
            next,
        } = self.queue.release(who);
        if let Some(next) = next {
            notify(env, next.who, &next.ticket);
        }
        if let Some(waited) = waited {
            // The monitor it waited with is the one that stays.
            if let Some((_, old)) = self.sticky.replace((who, waited.ticket.monitor)) {
                old.end(env, conn);
            }
        }
    }

    /// Gives up the place that the ticket names.
    pub fn cancel(&mut self, env: Env, conn: &ResourceArc<Conn>, ticket: &ResourceArc<Ticket>) {
        let GivenUp { place: gone, next } = self.queue.cancel(|place| place.is(ticket));
        if let Some(next) = next {
            notify(env, next.who, &next.ticket);
        }
        if let Some(gone) = gone {
            gone.ticket.monitor.end(env, conn);
        }
    }

    /// A process died. When it had begun to use the lock, nobody gets it: the connection is to fail.
    pub fn down(&mut self, env: Env, who: Pid) -> Down {
        let down = self.queue.down(who);
        self.sticky.take_if(|(pid, _)| *pid == who);
        if down.held && !down.in_use {
            if let Some(next) = self.queue.next() {
                notify(env, next.who, &next.ticket);
            }
        }
        down
    }

    /// The connection is over: everybody who waits comes and sees.
    pub fn wake_all(&mut self, env: Env) {
        for waiter in self.queue.drain() {
            notify(env, waiter.who, &waiter.ticket);
        }
    }

    /// Nobody needs to wait any more: everybody comes and sees.
    pub fn dismiss(&mut self, env: Env, conn: &ResourceArc<Conn>) {
        for waiter in self.queue.drain() {
            notify(env, waiter.who, &waiter.ticket);
            waiter.ticket.monitor.end(env, conn);
        }
    }

    fn watch(&mut self, env: Env, conn: &ResourceArc<Conn>, who: Pid) -> bool {
        if let Some((pid, old)) = self.sticky {
            if pid == who {
                return true;
            }
            old.end(env, conn);
        }
        self.sticky = Monitor::new(env, conn, who).map(|monitor| (who, monitor));
        self.sticky.is_some()
    }
}

/// `{ssl_native, Ref, go}`. Sent under the connection's mutex: whoever cancels afterwards finds it in the mailbox.
fn notify(env: Env, who: Pid, place: &Place) {
    let message: Term = (atoms::ssl_native(), place.ticket.clone(), atoms::go()).encode(env);
    // A process that is gone meanwhile has a monitor that fires.
    let _ = env.send(&who.local(), message);
}
