use std::panic::{AssertUnwindSafe, catch_unwind};

use argon2::Block;

use crate::argon2_recipe::allocate;
use crate::hash_queue::{HashJob, HashQueue};

/// The nice value of the threads, up to 19: at 10, they get about a tenth of a processor that one other thread wants,
/// too.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Computes jobs until the queue is closed, in one memory of `blocks` blocks that is taken once.
pub(crate) fn work(queue: &HashQueue, blocks: usize) {
    give_way();
    let mut memory = allocate(blocks).unwrap_or_else(|| {
        tracing::error!(blocks, "there is no memory to keep for hashing; each hash takes its own");
        Vec::new()
    });
    while let Some(job) = queue.take() {
        answer(queue, job, &mut memory);
    }
}

/// Lets the threads that serve requests go first. Otherwise each of their requests waits until the scheduler takes the
/// processor from a hash, which is in the middle of milliseconds of work.
#[cfg(target_os = "linux")]
fn give_way() {
    // On Linux, no id means the calling thread, and not the process.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the priority of a thread that hashes cannot be lowered");
    }
}

/// Elsewhere a priority belongs to the whole process.
#[cfg(not(target_os = "linux"))]
fn give_way() {}

/// A job whose caller has gone away is not computed. After a panic, which nothing is known to cause, one caller gets no
/// result, and the thread goes on.
fn answer(queue: &HashQueue, job: HashJob, memory: &mut [Block]) {
    let HashJob { password, recipe, reply, place } = job;
    let compute = AssertUnwindSafe(|| recipe.compute(password.expose(), memory));
    let answer = if reply.is_closed() { None } else { catch_unwind(compute).ok() };
    queue.finished();
    // Before the caller goes on: whoever then asks for its place finds it free.
    drop(place);
    if let Some(answer) = answer {
        // A caller that left meanwhile needs no answer.
        drop(reply.send(answer));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use argon2::Params;
    use domain::passwords::Password;
    use tokio::sync::oneshot;

    use super::*;
    use crate::argon2_recipe::Argon2Recipe;

    #[test]
    fn skips_a_job_whose_caller_has_gone() {
        let queue = HashQueue::new(1, 1);
        let (reply, _) = oneshot::channel();
        let place = Arc::new(queue.reserve().unwrap());
        // An hour of work.
        let params = Params::new(1_048_576, 10_000, 1, Some(32)).unwrap();
        let recipe = Argon2Recipe { params, salt: vec![0; 16] };
        queue.push(HashJob { password: Password::parse("correct horse").unwrap(), recipe, reply, place });
        let begun = Instant::now();
        let job = queue.take().unwrap();
        answer(&queue, job, &mut []);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
