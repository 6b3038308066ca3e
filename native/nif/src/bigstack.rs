//! A few threads of the library's own with large stacks, for computations that neither a normal scheduler (too long) nor
//! a dirty one (328 KB of stack) is good for.
//!
//! They are fed by a bounded channel and start with the first job. A job that finds the channel full is given back: the
//! caller does it another way or says so. A job that panics takes nothing with it. Users: loading of large trust stores;
//! signatures of the post-quantum schemes that need more stack than a dirty scheduler has are to follow.

use crossbeam_channel::{bounded, Sender, TrySendError};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::OnceLock;
use std::thread::Builder;

/// Threads.
const THREADS: usize = 2;
/// Jobs that wait. More callers than this at once are better off doing the work themselves.
const WAITING: usize = 32;
/// Stack of a thread; only what is used of it becomes memory. The largest known need is 332 KB (ML-DSA-87 in pure Rust).
const STACK: usize = 8 * 1024 * 1024;

/// A computation. It delivers its result itself.
pub type Job = Box<dyn FnOnce() + Send>;

/// A pool.
pub struct Pool {
    channel: OnceLock<Option<Sender<Job>>>,
}

impl Pool {
    /// A pool without threads yet.
    pub const fn new() -> Self {
        Pool {
            channel: OnceLock::new(),
        }
    }

    /// Runs a job on one of the threads. `Err`: it cannot be taken now.
    pub fn run(&self, job: Job) -> Result<(), Job> {
        match self.channel.get_or_init(start) {
            Some(channel) => channel.try_send(job).map_err(TrySendError::into_inner),
            None => Err(job),
        }
    }
}

/// Starts the threads. `None`: the system gives none.
fn start() -> Option<Sender<Job>> {
    let (sender, receiver) = bounded::<Job>(WAITING);
    let started = (0..THREADS)
        .filter(|number| {
            let jobs = receiver.clone();
            Builder::new()
                .name(format!("ssl_bigstack_{number}"))
                .stack_size(STACK)
                .spawn(move || {
                    for job in jobs {
                        // What panicked has delivered nothing; its receiver finds that out by what the job owned.
                        let _ = catch_unwind(AssertUnwindSafe(job));
                    }
                })
                .is_ok()
        })
        .count();
    (started > 0).then_some(sender)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn runs_jobs_that_need_more_stack_than_a_dirty_scheduler_has() {
        fn deep(depth: usize) -> usize {
            let block = std::hint::black_box([depth as u8; 4096]);
            if depth == 0 {
                usize::from(block[0])
            } else {
                deep(depth - 1) + usize::from(block[17] != depth as u8)
            }
        }
        let pool = Pool::new();
        let (sender, receiver) = channel();
        assert!(pool
            .run(Box::new(move || sender.send(deep(1000)).unwrap()))
            .is_ok());
        assert_eq!(receiver.recv_timeout(SOON), Ok(0));
    }

    #[test]
    fn outlives_jobs_that_panic() {
        let pool = Pool::new();
        for _ in 0..THREADS * 3 {
            assert!(pool
                .run(Box::new(|| std::panic::resume_unwind(Box::new(()))))
                .is_ok());
        }
        let (sender, receiver) = channel();
        assert!(pool.run(Box::new(move || sender.send(7).unwrap())).is_ok());
        assert_eq!(receiver.recv_timeout(SOON), Ok(7));
    }

    #[test]
    fn gives_jobs_back_when_too_many_wait() {
        let pool = Pool::new();
        let (hold, held) = crossbeam_channel::bounded::<()>(0);
        let mut taken = 0;
        let refused = (0..THREADS + WAITING + 1).find_map(|_| {
            let held = held.clone();
            let result = pool.run(Box::new(move || {
                let _ = held.recv();
            }));
            taken += usize::from(result.is_ok());
            result.err()
        });
        assert!(refused.is_some());
        assert!(taken >= WAITING);
        drop(hold);
    }
}
