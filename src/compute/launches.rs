//! Counting the kernels that the GPU backend is asked to run: what a step costs there is first of all
//! how many there are.

use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, ThreadId},
};

/// Counts what one thread launches.
struct Counter {
    thread: ThreadId,
    launches: AtomicU64,
}

impl LaunchObserver for Counter {
    fn launched(&self, _kernel: &'static str) {
        if thread::current().id() == self.thread {
            self.launches.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Does the work and counts the kernels that this thread launched meanwhile; none on the CPU backend.
/// Threads that count take turns, because a process has one observer.
pub fn count_kernels<T>(work: impl FnOnce() -> T) -> (T, u64) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let counter = Arc::new(Counter { thread: thread::current().id(), launches: AtomicU64::new(0) });
    let observation = LaunchObservation::new(Arc::clone(&counter) as _);
    let result = work();
    drop(observation);
    (result, counter.launches.load(Ordering::Relaxed))
}
