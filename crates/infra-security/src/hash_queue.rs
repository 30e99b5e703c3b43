use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Password;
use domain::ports::HashError;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::argon2_recipe::Argon2Recipe;

/// One hash to compute, and where the answer goes.
pub(crate) struct HashJob {
    pub(crate) password: Password,
    pub(crate) recipe: Argon2Recipe,
    pub(crate) reply: oneshot::Sender<HashAnswer>,
}

/// What comes of a job.
pub(crate) type HashAnswer = Result<Zeroizing<Vec<u8>>, HashError>;

/// Upper bounds of the waiting times that are told apart. Whoever waits longer than the last may have given up.
const WAIT_BOUNDS: [Duration; 10] = [
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
];

/// How the pool is doing, and what it has done since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashLoad {
    /// Threads.
    pub threads: usize,
    /// Threads that compute now.
    pub busy: usize,
    /// Passwords that wait for a thread.
    pub waiting: usize,
    /// Passwords that may wait when all threads are busy.
    pub capacity: usize,
    /// Passwords that were refused because of it.
    pub rejected: u64,
    /// How many waited no longer than so, and longer than the bound before. The last bound is `Duration::MAX`.
    pub waits: Vec<(Duration, u64)>,
    /// How long all of them waited together.
    pub waited: Duration,
}

/// The jobs on their way to the threads: never more than one for each thread that is free, and `capacity` beyond.
pub(crate) struct HashQueue {
    threads: usize,
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: VecDeque<(Instant, HashJob)>,
    free_threads: usize,
    closed: bool,
    rejected: u64,
    /// How many waited up to which bound, and at the end those who waited longer.
    waits: [u64; WAIT_BOUNDS.len() + 1],
    waited: Duration,
}

impl HashQueue {
    /// An empty queue for `threads` threads.
    pub(crate) fn new(threads: usize, capacity: usize) -> Self {
        let jobs = VecDeque::new();
        let (waits, waited) = Default::default();
        let state = State { jobs, free_threads: threads, closed: false, rejected: 0, waits, waited };
        Self { threads, capacity, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job, or refuses it at once when the queue is full.
    pub(crate) fn push(&self, job: HashJob) -> Result<(), HashError> {
        let mut state = self.lock();
        if state.jobs.len() >= self.capacity + state.free_threads {
            state.rejected += 1;
            return Err(HashError::Overloaded);
        }
        state.jobs.push_back((Instant::now(), job));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job and takes it. `None` once the queue is closed. Each job taken is followed by one
    /// [`HashQueue::finished`].
    pub(crate) fn take(&self) -> Option<HashJob> {
        let mut state = self.lock();
        while !state.closed {
            if let Some((pushed, job)) = state.jobs.pop_front() {
                state.free_threads -= 1;
                state.note_wait(pushed.elapsed());
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Notes that a thread is free again.
    pub(crate) fn finished(&self) {
        self.lock().free_threads += 1;
    }

    /// How it is doing.
    pub(crate) fn load(&self) -> HashLoad {
        let state = self.lock();
        let bounds = WAIT_BOUNDS.into_iter().chain([Duration::MAX]);
        HashLoad {
            threads: self.threads,
            busy: self.threads - state.free_threads,
            waiting: state.jobs.len(),
            capacity: self.capacity,
            rejected: state.rejected,
            waits: bounds.zip(state.waits).collect(),
            waited: state.waited,
        }
    }

    /// Ends the threads after what they compute now, and drops the jobs that wait.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Nothing panics while it holds the lock half-way through a change, so a poisoned state is a sound one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note_wait(&mut self, wait: Duration) {
        let index = WAIT_BOUNDS.iter().position(|bound| wait <= *bound).unwrap_or(WAIT_BOUNDS.len());
        self.waits[index] += 1;
        self.waited += wait;
    }
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    fn job() -> HashJob {
        let password = Password::presented("correct horse").unwrap();
        let recipe = Argon2Recipe { params: Params::DEFAULT, salt: vec![0; 16] };
        HashJob { password, recipe, reply: oneshot::channel().0 }
    }

    #[test]
    fn holds_the_capacity_and_one_for_each_free_thread() {
        let queue = HashQueue::new(2, 3);
        for _ in 0..5 {
            assert!(queue.push(job()).is_ok());
        }
        assert!(matches!(queue.push(job()), Err(HashError::Overloaded)));
        assert!(queue.take().is_some());
        assert!(matches!(queue.push(job()), Err(HashError::Overloaded)), "one is computed and four wait");
        queue.finished();
        assert!(queue.push(job()).is_ok());
        assert!(matches!(queue.push(job()), Err(HashError::Overloaded)));
    }

    #[test]
    fn tells_its_load() {
        let queue = HashQueue::new(1, 1);
        for _ in 0..3 {
            drop(queue.push(job()));
        }
        assert!(queue.take().is_some());
        let load = queue.load();
        assert_eq!((load.threads, load.busy, load.waiting, load.capacity, load.rejected), (1, 1, 1, 1, 1));
        assert_eq!(load.waits.iter().map(|(_, count)| count).sum::<u64>(), 1);
        assert_eq!(load.waits.last().map(|(bound, _)| *bound), Some(Duration::MAX));
        queue.finished();
        assert_eq!(queue.load().busy, 0);
    }

    #[test]
    fn gives_nothing_once_closed() {
        let queue = HashQueue::new(1, 1);
        queue.push(job()).unwrap();
        queue.close();
        assert!(queue.take().is_none());
    }
}
