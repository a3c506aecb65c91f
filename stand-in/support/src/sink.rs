//! Callbacks, on threads of the DLL.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// The calls of one callback: one after the other, in order, on a thread of the
/// DLL that holds up nobody else's.
#[derive(Default)]
pub struct Sink {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_scheduled: bool,
    is_closed: bool,
    running: Option<ThreadId>,
}

impl Sink {
    /// One without calls.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Has the function called, unless the sink is closed before.
    pub fn post(self: &Arc<Self>, job: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        state.jobs.push_back(Box::new(job));
        if !std::mem::replace(&mut state.is_scheduled, true) {
            drop(state);
            let sink = self.clone();
            POOL.run(Box::new(move || sink.work()));
        }
    }

    /// When it returns no function is running and none will be called, but for the
    /// one that calls this itself.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let dropped = std::mem::take(&mut state.jobs);
        let here = thread::current().id();
        while state.running.is_some_and(|on| on != here) {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // What a function holds may have locks of its own.
        drop(dropped);
    }

    fn work(&self) {
        while let Some(job) = self.begin() {
            run(job);
            self.state().running = None;
            self.returned.notify_all();
        }
    }

    fn begin(&self) -> Option<Job> {
        let mut state = self.state();
        let job = state.jobs.pop_front();
        match job {
            Some(_) => state.running = Some(thread::current().id()),
            None => state.is_scheduled = false,
        }
        job
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}

/// As many threads as there are callbacks that run at a time. One that has nothing
/// to do for [`IDLE`] ends.
struct Pool {
    state: Mutex<Waiting>,
    ready: Condvar,
}

struct Waiting {
    jobs: VecDeque<Job>,
    idle: usize,
}

static POOL: Pool =
    Pool { state: Mutex::new(Waiting { jobs: VecDeque::new(), idle: 0 }), ready: Condvar::new() };

const IDLE: Duration = Duration::from_secs(5);

impl Pool {
    fn run(&'static self, job: Job) {
        let mut waiting = self.waiting();
        waiting.jobs.push_back(job);
        if waiting.jobs.len() <= waiting.idle {
            return self.ready.notify_one();
        }
        drop(waiting);
        if start(move || self.work()).is_err() {
            // Late, on a thread that has other things to do, or on the next that
            // is free: better than never.
            let job = self.waiting().jobs.pop_front();
            job.into_iter().for_each(run);
        }
    }

    fn work(&self) {
        let mut waiting = self.waiting();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                drop(waiting);
                run(job);
                waiting = self.waiting();
                continue;
            }
            waiting.idle += 1;
            let (woken, timeout) = self
                .ready
                .wait_timeout_while(waiting, IDLE, |waiting| waiting.jobs.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            waiting.idle -= 1;
            if timeout.timed_out() && waiting.jobs.is_empty() {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A function's panic must not end the thread of others.
fn run(job: Job) {
    let _ = catch_unwind(AssertUnwindSafe(job));
}

#[cfg(windows)]
fn start(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    crate::thread::start("callbacks", work)
}

#[cfg(not(windows))]
fn start(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name("callbacks".into()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn calls_come_in_order_and_elsewhere() {
        let (sender, receiver) = channel();
        let sink = Sink::new();
        for number in 0..100 {
            let sender = sender.clone();
            sink.post(move || sender.send((number, thread::current().id())).unwrap());
        }
        for number in 0..100 {
            let (got, on) = receiver.recv().unwrap();
            assert_eq!(got, number);
            assert_ne!(on, thread::current().id());
        }
    }

    #[test]
    fn closing_waits_for_the_call_that_runs_and_drops_the_rest() {
        let sink = Sink::new();
        let (began, begun) = channel();
        let is_done = Arc::new(AtomicBool::new(false));
        let (own, inner) = (sink.clone(), is_done.clone());
        sink.post(move || {
            began.send(()).unwrap();
            while !own.state().is_closed {
                thread::yield_now();
            }
            inner.store(true, Ordering::SeqCst);
        });
        let others = Arc::new(AtomicU32::new(0));
        let counter = others.clone();
        sink.post(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        begun.recv().unwrap();
        sink.close();
        assert!(is_done.load(Ordering::SeqCst), "closing did not wait for the call that runs");
        sink.post(|| panic!("it is closed"));
        assert_eq!(others.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_callback_may_close_its_own_sink_and_wait_for_another_callback() {
        let sink = Sink::new();
        let (done, is_done) = channel();
        let inner = sink.clone();
        sink.post(move || {
            let (sender, receiver) = channel();
            Sink::new().post(move || sender.send(7).unwrap());
            let other = receiver.recv().unwrap();
            inner.close();
            done.send(other).unwrap();
        });
        assert_eq!(is_done.recv().unwrap(), 7);
    }

    #[test]
    fn a_panic_ends_nothing() {
        let sink = Sink::new();
        let (sender, receiver) = channel();
        sink.post(|| std::panic::resume_unwind(Box::new(())));
        sink.post(move || sender.send(()).unwrap());
        receiver.recv().unwrap();
        sink.close();
    }
}
