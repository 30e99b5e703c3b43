use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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

/// The jobs on their way to the threads: never more than one for each thread that is free, and `capacity` beyond.
pub(crate) struct HashQueue {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: VecDeque<HashJob>,
    free_threads: usize,
    closed: bool,
}

impl HashQueue {
    /// An empty queue for `threads` threads.
    pub(crate) fn new(threads: usize, capacity: usize) -> Self {
        let state = State { jobs: VecDeque::new(), free_threads: threads, closed: false };
        Self { capacity, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job, or refuses it at once when the queue is full.
    pub(crate) fn push(&self, job: HashJob) -> Result<(), HashError> {
        let mut state = self.lock();
        if state.jobs.len() >= self.capacity + state.free_threads {
            return Err(HashError::Overloaded);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for a job and takes it. `None` once the queue is closed. Each job taken is followed by one
    /// [`HashQueue::finished`].
    pub(crate) fn take(&self) -> Option<HashJob> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(job) = state.jobs.pop_front() {
                state.free_threads -= 1;
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
    fn gives_nothing_once_closed() {
        let queue = HashQueue::new(1, 1);
        queue.push(job()).unwrap();
        queue.close();
        assert!(queue.take().is_none());
    }
}
