//! The log records of a server, on their way to its standard output. Whoever reads that may have stopped reading, and
//! neither a request nor the end of the process may wait for them: records wait here, and further ones are dropped.

use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Most bytes that wait, which are some ten thousand records. As many again may be under way to the output.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Longest wait for the output at the end of the process.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The records of this process, as it has one standard output.
pub(crate) static LOG_QUEUE: LogQueue = LogQueue::new();

pub(crate) struct LogQueue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Whole records, each with its line break.
    waiting: Vec<u8>,
    is_writing: bool,
    dropped: u64,
    /// How many of the dropped ones need no report: it was made, or the output is gone.
    reported: u64,
}

impl LogQueue {
    const fn new() -> Self {
        let state = State { waiting: Vec::new(), is_writing: false, dropped: 0, reported: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Writes to the standard output from here on, in a thread of its own.
    ///
    /// # Errors
    /// The operating system has no thread for it.
    pub(super) fn start(&'static self) -> io::Result<()> {
        let write = || self.write_to(io::stdout());
        thread::Builder::new().name("logs".to_owned()).spawn(write).map(drop)
    }

    /// How many records nobody has read.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Waits until everything is written, for a moment.
    fn flush(&self) {
        let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        drop(self.changed.wait_timeout_while(self.lock(), FLUSH_TIMEOUT, is_busy));
    }

    /// Adds a record, which ends with a line break, unless too many wait.
    pub(crate) fn add(&self, record: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + record.len() > MAX_WAITING_BYTES {
            state.dropped += 1;
            return;
        }
        state.waiting.extend_from_slice(record);
        self.changed.notify_all();
    }

    fn write_to(&self, mut output: impl Write) -> ! {
        let mut records = Vec::new();
        loop {
            self.take(&mut records);
            // One by one: a line of usual length stays whole in a pipe that several processes write to.
            let lines = records.split_inclusive(|byte| *byte == b'\n');
            let lost = lines.filter(|line| output.write_all(line).and_then(|()| output.flush()).is_err()).count();
            records.clear();
            if let Some(records) = self.to_report(lost as u64) {
                tracing::warn!(records, "log records were dropped: nobody read them in time");
            }
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for records, and takes all there are.
    fn take(&self, records: &mut Vec<u8>) {
        let state = self.changed.wait_while(self.lock(), |state| state.waiting.is_empty());
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.waiting, records);
        state.is_writing = true;
    }

    /// How many records were dropped, once when everything else is written. Of those that the output did not take, it
    /// would not take the report either.
    fn to_report(&self, lost: u64) -> Option<u64> {
        let mut state = self.lock();
        state.dropped += lost;
        state.reported += lost;
        let records = state.dropped - state.reported;
        if records == 0 || !state.waiting.is_empty() {
            return None;
        }
        state.reported = state.dropped;
        Some(records)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts each record that is written to it into the queue.
pub(super) struct ToQueue(pub(super) &'static LogQueue);

impl Write for ToQueue {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.add(record);
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// When dropped, waits until the records of this process are written, for a moment.
pub(super) struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        LOG_QUEUE.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// An output that takes a line whenever somebody reads one.
    struct Pipe(SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.send(line.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (&'static LogQueue, Receiver<Vec<u8>>) {
        let queue: &'static LogQueue = Box::leak(Box::new(LogQueue::new()));
        let (pipe, reader) = sync_channel(0);
        thread::spawn(move || queue.write_to(Pipe(pipe)));
        (queue, reader)
    }

    #[test]
    fn what_nobody_reads_is_kept_up_to_a_limit_and_then_counted() {
        const LENGTH: usize = 1024;
        let (queue, reader) = start();
        let line = |byte: u8| [vec![byte; LENGTH - 1], vec![b'\n']].concat();
        queue.add(&line(b'a'));
        while !queue.lock().is_writing {
            thread::yield_now();
        }
        let most = MAX_WAITING_BYTES / LENGTH;
        (0..most + 3).for_each(|_| ToQueue(queue).write_all(&line(b'b')).unwrap());
        assert_eq!(queue.dropped(), 3);
        let read: Vec<_> = reader.iter().take(most + 1).collect();
        assert!(read[0] == line(b'a') && read[1..].iter().all(|read| *read == line(b'b')));
        queue.flush();
        assert_eq!((queue.dropped(), queue.lock().reported), (3, 3));
        queue.add(&line(b'c'));
        assert_eq!(reader.recv().unwrap(), line(b'c'), "it goes on");
    }

    #[test]
    fn an_output_that_is_gone_is_no_reason_to_report_and_the_end_waits_for_a_moment_only() {
        let (queue, reader) = start();
        queue.add(b"a\n");
        queue.flush();
        assert!(queue.lock().is_writing, "nobody has read it");
        drop(reader);
        queue.add(b"b\nc\n");
        queue.flush();
        let state = queue.lock();
        assert_eq!((state.dropped, state.reported, state.is_writing), (3, 3, false));
    }
}
