use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::passwords::{HashError, Password};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

use crate::argon2_recipe::Argon2Recipe;
use crate::refusals::Refusals;

/// One hash to compute, and where the answer goes.
pub(crate) struct HashJob {
    pub(crate) password: Password,
    pub(crate) recipe: Argon2Recipe,
    pub(crate) reply: oneshot::Sender<HashAnswer>,
    /// The caller's place, which is not free before the job is done.
    pub(crate) place: Arc<OwnedSemaphorePermit>,
}

/// The outcome of a job.
pub(crate) type HashAnswer = Result<Zeroizing<Vec<u8>>, HashError>;

/// Upper bounds of the classes of waiting times. A caller that waits longer than the last may have given up.
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

/// The load of the pool, and what it has done since it was made.
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
    /// Passwords that were refused because all places were taken.
    pub rejected: u64,
    /// How many waited no longer than so, and longer than the bound before. The last bound is `Duration::MAX`.
    pub waits: Vec<(Duration, u64)>,
    /// How long all of them waited together.
    pub waited: Duration,
}

/// The jobs on their way to the threads. There is a place for each thread and `capacity` beyond, and one has to be
/// reserved before a job is pushed.
///
/// Reserving takes no lock that a thread holds: these run at a low priority, so waiting for them takes long.
pub(crate) struct HashQueue {
    threads: usize,
    capacity: usize,
    places: Arc<Semaphore>,
    rejected: AtomicU64,
    refusals: Refusals,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: VecDeque<(Instant, HashJob)>,
    free_threads: usize,
    closed: bool,
    /// How many waited up to which bound, and at the end those who waited longer.
    waits: [u64; WAIT_BOUNDS.len() + 1],
    waited: Duration,
}

impl HashQueue {
    /// An empty queue for `threads` threads.
    pub(crate) fn new(threads: usize, capacity: usize) -> Self {
        let jobs = VecDeque::new();
        let (waits, waited) = Default::default();
        let state = State { jobs, free_threads: threads, closed: false, waits, waited };
        Self {
            threads,
            capacity,
            places: Arc::new(Semaphore::new(threads + capacity)),
            rejected: AtomicU64::new(0),
            refusals: Refusals::of("all places at the password hasher are taken: more sign-ins are refused"),
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Takes a place for as long as what it returns is kept, or refuses at once when there is none.
    pub(crate) fn reserve(&self) -> Result<OwnedSemaphorePermit, HashError> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            self.refusals.refused();
            return Err(HashError::Overloaded);
        };
        self.refusals.admitted();
        Ok(place)
    }

    /// Adds a job. Once the queue is closed, it is dropped.
    pub(crate) fn push(&self, job: HashJob) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.jobs.push_back((Instant::now(), job));
        drop(state);
        self.changed.notify_one();
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

    /// Its load.
    pub(crate) fn load(&self) -> HashLoad {
        let state = self.lock();
        let bounds = WAIT_BOUNDS.into_iter().chain([Duration::MAX]);
        HashLoad {
            threads: self.threads,
            busy: self.threads - state.free_threads,
            waiting: state.jobs.len(),
            capacity: self.capacity,
            rejected: self.rejected.load(Ordering::Relaxed),
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

    /// Nothing panics half-way through a change while it holds the lock, so a poisoned state is still consistent.
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

    fn job_in(queue: &HashQueue) -> HashJob {
        let password = Password::parse("correct horse").unwrap();
        let recipe = Argon2Recipe { params: Params::DEFAULT, salt: vec![0; 16] };
        HashJob { password, recipe, reply: oneshot::channel().0, place: Arc::new(queue.reserve().unwrap()) }
    }

    #[test]
    fn a_job_keeps_its_place_until_it_is_done() {
        let queue = HashQueue::new(2, 3);
        for _ in 0..5 {
            queue.push(job_in(&queue));
        }
        assert!(matches!(queue.reserve(), Err(HashError::Overloaded)));
        let job = queue.take().unwrap();
        assert!(matches!(queue.reserve(), Err(HashError::Overloaded)), "one is computed and four wait");
        drop(job);
        queue.push(job_in(&queue));
        assert!(matches!(queue.reserve(), Err(HashError::Overloaded)));
    }

    #[test]
    fn tells_its_load() {
        let queue = HashQueue::new(1, 1);
        for _ in 0..2 {
            queue.push(job_in(&queue));
        }
        assert!(queue.reserve().is_err());
        let job = queue.take().unwrap();
        let load = queue.load();
        assert_eq!((load.threads, load.busy, load.waiting, load.capacity, load.rejected), (1, 1, 1, 1, 1));
        assert_eq!(load.waits.iter().map(|(_, count)| count).sum::<u64>(), 1);
        assert_eq!(load.waits.last().map(|(bound, _)| *bound), Some(Duration::MAX));
        drop(job);
        queue.finished();
        assert_eq!(queue.load().busy, 0);
    }

    #[test]
    fn gives_nothing_once_closed() {
        let queue = HashQueue::new(1, 1);
        queue.push(job_in(&queue));
        queue.close();
        assert!(queue.take().is_none());
        assert_eq!(queue.places.available_permits(), 2, "the job that waited is gone");
    }
}
