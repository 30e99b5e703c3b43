use std::io;
use std::ops::RangeInclusive;
use std::thread::available_parallelism;

use thiserror::Error;

const THREADS: RangeInclusive<usize> = 1..=64;
const QUEUE: RangeInclusive<usize> = 1..=10_000;
const PARALLELISM: RangeInclusive<u32> = 1..=4;
const MIN_KIB_PER_LANE: u32 = 8;

/// How passwords are hashed, and how much of it at once.
///
/// Memory in use is at most `threads * memory_kib`, and `threads * max_memory_kib` more while stored hashes with
/// larger parameters than the current ones are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Settings {
    /// Memory of one hash in KiB: `m`. At least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory: `t`.
    pub iterations: u32,
    /// Lanes: `p`, 1 to 4. They are computed one after the other.
    pub parallelism: u32,
    /// Threads that hash, 1 to 64.
    pub threads: usize,
    /// Passwords that may wait beyond those being hashed, 1 to 10,000.
    pub queue: usize,
    /// A stored hash with a larger `m` is refused.
    pub max_memory_kib: u32,
    /// A stored hash with a larger `t` is refused.
    pub max_iterations: u32,
}

impl Default for Argon2Settings {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            threads: available_parallelism().map_or(1, usize::from).min(*THREADS.end()),
            queue: 64,
            max_memory_kib: 65_536,
            max_iterations: 10,
        }
    }
}

/// Why a pool cannot be made.
#[derive(Debug, Error)]
pub enum InvalidArgon2Settings {
    /// `memory_kib` is out of bounds.
    #[error("Argon2 needs from {min} KiB, 8 for each lane, to {max} KiB, the cap for stored hashes")]
    Memory {
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// `iterations` is out of bounds.
    #[error("Argon2 makes from 1 to {max} iterations, the cap for stored hashes")]
    Iterations {
        /// Most.
        max: u32,
    },
    /// `parallelism` is out of bounds.
    #[error("Argon2 has from 1 to 4 lanes here")]
    Parallelism,
    /// `threads` is out of bounds.
    #[error("from 1 to 64 threads can hash passwords")]
    Threads,
    /// `queue` is out of bounds.
    #[error("from 1 to 10000 passwords can wait to be hashed")]
    Queue,
    /// The operating system did not give a thread.
    #[error("a thread for hashing cannot be started")]
    Spawn(#[source] io::Error),
}

impl Argon2Settings {
    pub(crate) fn check(&self) -> Result<(), InvalidArgon2Settings> {
        if !PARALLELISM.contains(&self.parallelism) {
            return Err(InvalidArgon2Settings::Parallelism);
        }
        let (min, max) = (self.parallelism * MIN_KIB_PER_LANE, self.max_memory_kib);
        if !(min..=max).contains(&self.memory_kib) {
            return Err(InvalidArgon2Settings::Memory { min, max });
        }
        if !(1..=self.max_iterations).contains(&self.iterations) {
            return Err(InvalidArgon2Settings::Iterations { max: self.max_iterations });
        }
        if !THREADS.contains(&self.threads) {
            return Err(InvalidArgon2Settings::Threads);
        }
        if !QUEUE.contains(&self.queue) {
            return Err(InvalidArgon2Settings::Queue);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        let settings = Argon2Settings::default();
        assert!(settings.check().is_ok());
        assert_eq!((settings.memory_kib, settings.iterations, settings.parallelism), (19_456, 2, 1));
    }

    #[test]
    fn refuses_what_is_out_of_bounds() {
        type Change = fn(&mut Argon2Settings);
        let changes: [Change; 12] = [
            |it| it.parallelism = 0,
            |it| it.parallelism = 5,
            |it| it.memory_kib = 7,
            |it| (it.memory_kib, it.parallelism) = (31, 4),
            |it| it.memory_kib = it.max_memory_kib + 1,
            |it| it.max_memory_kib = 0,
            |it| it.iterations = 0,
            |it| it.iterations = it.max_iterations + 1,
            |it| it.threads = 0,
            |it| it.threads = 65,
            |it| it.queue = 0,
            |it| it.queue = 10_001,
        ];
        for change in changes {
            let mut settings = Argon2Settings::default();
            change(&mut settings);
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }
}
