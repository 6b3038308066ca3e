//! A logical lock with a first-in-first-out queue of waiters, as plain data.
//!
//! One process holds it at a time. Whoever finds it taken queues; the lock is handed to the head of the queue
//! directly, so nobody can overtake. The caller of these functions notifies the process that a [`Grant`] names.
//! No clock, no terms, no threads: `conn.rs` keeps two of these under its mutexes and feeds process deaths in.

use std::collections::VecDeque;

/// A place in the queue. `id` tells places of one process apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter<P, T> {
    /// The process.
    pub who: P,
    /// What the caller keeps with the place: the reference given out, the monitor.
    pub ticket: T,
}

/// The lock went to this waiter; the process must be told.
pub type Grant<'a, P, T> = &'a Waiter<P, T>;

/// What giving up the lock, or a place in the queue, comes to.
#[derive(Debug, PartialEq, Eq)]
pub struct GivenUp<'a, P, T> {
    /// The place in which the process waits, or had waited for the lock.
    pub place: Option<Waiter<P, T>>,
    /// Who has the lock now; `None`: nobody got it by this.
    pub next: Option<Grant<'a, P, T>>,
}

/// What [`LockQueue::acquire`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquire {
    /// It was free and is now the caller's.
    Taken,
    /// It was the caller's before.
    Held,
    /// Another process has it, or others wait already.
    Busy,
}

/// What [`LockQueue::down`] found out about a process that died.
#[derive(Debug, PartialEq, Eq)]
pub struct Down {
    /// It held the lock, which is free now or handed on.
    pub held: bool,
    /// It held it and had begun to use it.
    pub in_use: bool,
}

#[derive(Debug)]
struct Holder<P, T> {
    who: P,
    /// The place this process waited in, when the lock was handed to it.
    granted: Option<Waiter<P, T>>,
    in_use: bool,
}

/// The lock. `P` names processes, `T` is kept with each waiter.
#[derive(Debug)]
pub struct LockQueue<P, T> {
    holder: Option<Holder<P, T>>,
    waiters: VecDeque<Waiter<P, T>>,
}

impl<P: Copy + Eq, T> LockQueue<P, T> {
    /// A free lock.
    pub fn new() -> Self {
        LockQueue {
            holder: None,
            waiters: VecDeque::new(),
        }
    }

    /// Who has it.
    pub fn holder(&self) -> Option<P> {
        self.holder.as_ref().map(|h| h.who)
    }

    /// Number of processes queued.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Takes the lock if it is free.
    pub fn acquire(&mut self, who: P) -> Acquire {
        match &self.holder {
            Some(holder) if holder.who == who => Acquire::Held,
            Some(_) => Acquire::Busy,
            None => {
                self.holder = Some(Holder {
                    who,
                    granted: None,
                    in_use: false,
                });
                Acquire::Taken
            }
        }
    }

    /// Queues; only after [`Acquire::Busy`].
    pub fn enqueue(&mut self, who: P, ticket: T) {
        self.waiters.push_back(Waiter { who, ticket });
    }

    /// From here to the release, the death of the holder is not harmless.
    pub fn begin_use(&mut self) {
        if let Some(holder) = &mut self.holder {
            holder.in_use = true;
        }
    }

    /// Gives the lock on. Nothing happens when `who` does not hold it.
    pub fn release(&mut self, who: P) -> GivenUp<'_, P, T> {
        match self.holder.take_if(|holder| holder.who == who) {
            Some(holder) => GivenUp {
                place: holder.granted,
                next: self.hand_over(),
            },
            None => GivenUp {
                place: None,
                next: None,
            },
        }
    }

    fn hand_over(&mut self) -> Option<Grant<'_, P, T>> {
        self.holder = self.waiters.pop_front().map(|waiter| Holder {
            who: waiter.who,
            granted: Some(waiter),
            in_use: false,
        });
        self.holder
            .as_ref()
            .and_then(|holder| holder.granted.as_ref())
    }

    /// Gives up the place whose ticket `is` the one meant; when the lock was handed to that place meanwhile and has not
    /// been used, it goes on to the next.
    pub fn cancel(&mut self, is: impl Fn(&T) -> bool) -> GivenUp<'_, P, T> {
        if let Some(at) = self.waiters.iter().position(|waiter| is(&waiter.ticket)) {
            return GivenUp {
                place: self.waiters.remove(at),
                next: None,
            };
        }
        let granted = self
            .holder
            .as_mut()
            .filter(|holder| !holder.in_use)
            .and_then(|holder| holder.granted.take_if(|waiter| is(&waiter.ticket)));
        match granted {
            Some(waiter) => GivenUp {
                place: Some(waiter),
                next: self.hand_over(),
            },
            None => GivenUp {
                place: None,
                next: None,
            },
        }
    }

    /// A process died: its places are given up, and the lock is free if it held it. The lock is *not* handed on:
    /// the caller decides by [`Down::in_use`] whether the rest of the queue may go on, and calls [`Self::next`].
    pub fn down(&mut self, who: P) -> Down {
        self.waiters.retain(|waiter| waiter.who != who);
        match &self.holder {
            Some(holder) if holder.who == who => {
                let in_use = holder.in_use;
                self.holder = None;
                Down { held: true, in_use }
            }
            _ => Down {
                held: false,
                in_use: false,
            },
        }
    }

    /// Hands a free lock to the head of the queue.
    pub fn next(&mut self) -> Option<Grant<'_, P, T>> {
        if self.holder.is_some() {
            return None;
        }
        self.hand_over()
    }

    /// Empties the queue: everybody is to be told to come and see (the connection is over). The holder stays.
    pub fn drain(&mut self) -> impl Iterator<Item = Waiter<P, T>> + '_ {
        self.waiters.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn handed_over_in_order_of_arrival() {
        let mut lock = LockQueue::new();
        assert_eq!(lock.acquire('a'), Acquire::Taken);
        assert_eq!(lock.acquire('a'), Acquire::Held);
        for (who, ticket) in [('b', 1), ('c', 2), ('b', 3)] {
            assert_eq!(lock.acquire(who), Acquire::Busy);
            lock.enqueue(who, ticket);
        }
        assert_eq!(
            lock.release('a').next.map(|g| (g.who, g.ticket)),
            Some(('b', 1))
        );
        assert_eq!(lock.acquire('a'), Acquire::Busy, "nobody overtakes");
        assert_eq!(
            lock.release('b').next.map(|g| (g.who, g.ticket)),
            Some(('c', 2))
        );
        assert!(lock.release('a').next.is_none(), "not the holder");
        assert_eq!(lock.holder(), Some('c'));
        assert_eq!(
            lock.release('c').next.map(|g| (g.who, g.ticket)),
            Some(('b', 3))
        );
        assert!(lock.release('b').next.is_none());
        assert_eq!(lock.holder(), None);
    }

    #[test]
    fn cancelling_a_lock_just_granted_passes_it_on() {
        let mut lock = LockQueue::new();
        lock.acquire('a');
        lock.enqueue('b', 1);
        lock.enqueue('c', 2);
        lock.release('a');
        let GivenUp {
            place: gone,
            next: grant,
        } = lock.cancel(|t| *t == 1);
        assert_eq!(gone.map(|w| w.who), Some('b'));
        assert_eq!(grant.map(|g| g.who), Some('c'));
    }

    #[test]
    fn cancelling_a_lock_in_use_does_nothing() {
        let mut lock = LockQueue::new();
        lock.acquire('a');
        lock.enqueue('b', 1);
        lock.release('a');
        lock.begin_use();
        assert_eq!(
            lock.cancel(|t| *t == 1),
            GivenUp {
                place: None,
                next: None
            }
        );
        assert_eq!(lock.holder(), Some('b'));
    }

    /// What the queue must do, said another way: one list, its head has the lock.
    #[derive(Default)]
    struct Model {
        line: VecDeque<(u8, Option<u32>)>,
        in_use: bool,
    }

    #[derive(Debug, Clone)]
    enum Op {
        Acquire(u8),
        Use,
        Release(u8),
        Cancel(u32),
        Down(u8),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => (0u8..5).prop_map(Op::Acquire),
            1 => Just(Op::Use),
            3 => (0u8..5).prop_map(Op::Release),
            2 => (0u32..40).prop_map(Op::Cancel),
            1 => (0u8..5).prop_map(Op::Down),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_one_line(ops in proptest::collection::vec(op(), 0..120)) {
            let mut lock: LockQueue<u8, u32> = LockQueue::new();
            let mut model = Model::default();
            let mut tickets = 0u32;
            for op in ops {
                match op {
                    Op::Acquire(who) => {
                        let head = model.line.front().map(|h| h.0);
                        match lock.acquire(who) {
                            Acquire::Taken => {
                                prop_assert_eq!(head, None);
                                model.line.push_back((who, None));
                                model.in_use = false;
                            }
                            Acquire::Held => prop_assert_eq!(head, Some(who)),
                            Acquire::Busy => {
                                prop_assert!(head.is_some() && head != Some(who));
                                lock.enqueue(who, tickets);
                                model.line.push_back((who, Some(tickets)));
                                tickets += 1;
                            }
                        }
                    }
                    Op::Use => {
                        lock.begin_use();
                        model.in_use = !model.line.is_empty();
                    }
                    Op::Release(who) => {
                        let GivenUp { place, next: granted } = lock.release(who);
                        let place = place.map(|p| (p.who, Some(p.ticket)));
                        let granted = granted.map(|g| (g.who, Some(g.ticket)));
                        if model.line.front().map(|h| h.0) == Some(who) {
                            prop_assert_eq!(place, model.line.pop_front().filter(|l| l.1.is_some()));
                            model.in_use = false;
                            prop_assert_eq!(granted, model.line.front().copied());
                        } else {
                            prop_assert_eq!((place, granted), (None, None));
                        }
                    }
                    Op::Cancel(ticket) => {
                        let GivenUp { place: gone, next: granted } = lock.cancel(|t| *t == ticket);
                        let gone = gone.map(|w| w.who);
                        let granted = granted.map(|g| g.who);
                        match model.line.iter().position(|l| l.1 == Some(ticket)) {
                            Some(0) if model.in_use => prop_assert_eq!((gone, granted), (None, None)),
                            Some(0) => {
                                prop_assert_eq!(gone, model.line.pop_front().map(|l| l.0));
                                prop_assert_eq!(granted, model.line.front().map(|l| l.0));
                            }
                            Some(at) => {
                                prop_assert_eq!(gone, model.line.remove(at).map(|l| l.0));
                                prop_assert_eq!(granted, None);
                            }
                            None => prop_assert_eq!((gone, granted), (None, None)),
                        }
                    }
                    Op::Down(who) => {
                        let held = model.line.front().map(|l| l.0) == Some(who);
                        let down = lock.down(who);
                        prop_assert_eq!(down, Down { held, in_use: held && model.in_use });
                        model.line.retain(|l| l.0 != who);
                        let granted = lock.next().map(|g| g.who);
                        if held {
                            model.in_use = false;
                            prop_assert_eq!(granted, model.line.front().map(|l| l.0));
                        } else {
                            prop_assert_eq!(granted, None);
                        }
                    }
                }
                prop_assert_eq!(lock.holder(), model.line.front().map(|l| l.0));
                prop_assert_eq!(lock.waiting(), model.line.len().saturating_sub(1));
            }
        }
    }
}
