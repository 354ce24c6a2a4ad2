//! Observation of kernel launches on the GPU backend. The cost of a step there is, first of all, its number of
//! launches.

use super::throttle;
use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};
use std::{
    cell::RefCell,
    sync::{Arc, Once},
};

thread_local! {
    /// Kernels that this thread has launched; `None` if nobody records them.
    static LAUNCHED: RefCell<Option<Vec<&'static str>>> = const { RefCell::new(None) };
}

/// Records a launch of this thread, if somebody records launches.
pub(super) fn note(kernel: &'static str) {
    LAUNCHED.with_borrow_mut(|launched| launched.iter_mut().for_each(|launched| launched.push(kernel)));
}

/// Observer of every launch of the process that [`time_kernels`](super::time_kernels) does not observe. cubecl has room
/// for one observer, so this one stays installed and serves both the recording and the throttle.
struct Launches;

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        note(kernel);
        throttle::launched();
    }
}

/// Installs the observer, once for the process.
pub(super) fn observe() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::mem::forget(LaunchObservation::new(Arc::new(Launches))));
}

/// Runs `work` and lists the names of the kernels that this thread launched meanwhile, in order; none on the CPU
/// backend.
pub fn launched_kernels<T>(work: impl FnOnce() -> T) -> (T, Vec<&'static str>) {
    observe();
    let outer = LAUNCHED.replace(Some(Vec::new()));
    let result = work();
    let launched = LAUNCHED.replace(outer).unwrap_or_default();
    launched.iter().for_each(|kernel| note(kernel));
    (result, launched)
}

/// Runs `work` and counts the kernels that this thread launched meanwhile; none on the CPU backend.
pub fn count_kernels<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let (result, launched) = launched_kernels(work);
    (result, launched.len() as u64)
}
