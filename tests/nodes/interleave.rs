use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// How long the task whose turn it is may wait. Longer means that it waits for a lock that another one holds.
const PATIENCE: Duration = Duration::from_millis(3);

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs all tasks to their ends, one at a time: each in its turn runs until it waits for the database, and `order` says
/// whose turn is next. The same order gives nearly the same run, since only the database works beside the tasks.
pub(crate) async fn interleave(order: &[u8], work: Vec<Work<'_>>) {
    let mut tasks: Vec<_> = work.into_iter().map(Task::new).collect();
    let mut order = order.iter().map(|number| usize::from(*number)).cycle();
    while !tasks.is_empty() {
        let mut chosen = order.next().unwrap_or(0) % tasks.len();
        while !is_ready(&mut tasks, chosen).await {
            chosen = (chosen + 1) % tasks.len();
        }
        if tasks[chosen].poll().is_ready() {
            drop(tasks.remove(chosen));
        }
    }
}

/// Waits for a task, but not a second time for one that waits for others.
async fn is_ready(tasks: &mut [Task<'_>], chosen: usize) -> bool {
    let all_wait = tasks.iter().all(|task| task.waits_for_others);
    let task = &mut tasks[chosen];
    let patience = if task.waits_for_others && !all_wait { Duration::ZERO } else { PATIENCE };
    let is_ready = timeout(patience, task.wakeup.0.notified()).await.is_ok();
    task.waits_for_others = !is_ready;
    is_ready
}

struct Task<'a> {
    work: Work<'a>,
    wakeup: Arc<Wakeup>,
    waits_for_others: bool,
}

/// Tells that the task can go on.
struct Wakeup(Notify);

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

impl<'a> Task<'a> {
    fn new(work: Work<'a>) -> Self {
        let wakeup = Arc::new(Wakeup(Notify::new()));
        wakeup.0.notify_one();
        Self { work, wakeup, waits_for_others: false }
    }

    fn poll(&mut self) -> Poll<()> {
        let waker = Waker::from(Arc::clone(&self.wakeup));
        self.work.as_mut().poll(&mut Context::from_waker(&waker))
    }
}
