//! Seeing the kernels that the GPU backend is asked to run: what a step costs there is first of all how many
//! there are.

use super::throttle;
use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};
use std::{
    cell::RefCell,
    sync::{Arc, Once},
};

thread_local! {
    /// The kernels that this thread launches, while somebody asks.
    static LAUNCHED: RefCell<Option<Vec<&'static str>>> = const { RefCell::new(None) };
}

/// Notes a launch of this thread, if somebody asks.
pub(super) fn note(kernel: &'static str) {
    LAUNCHED.with_borrow_mut(|launched| launched.iter_mut().for_each(|launched| launched.push(kernel)));
}

/// Sees every launch of the process that nobody times. There is room for one observer, so this one stays: each
/// thread keeps a list of its own, and the launches are held to their bound.
struct Launches;

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        note(kernel);
        throttle::launched();
    }
}

/// Begins to see launches, once for the process.
pub(super) fn observe() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::mem::forget(LaunchObservation::new(Arc::new(Launches))));
}

/// Does the work and gives the names of the kernels that this thread launched meanwhile, in order; none on the
/// CPU backend.
pub fn launched_kernels<T>(work: impl FnOnce() -> T) -> (T, Vec<&'static str>) {
    observe();
    let outer = LAUNCHED.replace(Some(Vec::new()));
    let result = work();
    let launched = LAUNCHED.replace(outer).unwrap_or_default();
    launched.iter().for_each(|kernel| note(kernel));
    (result, launched)
}

/// Does the work and counts the kernels that this thread launched meanwhile; none on the CPU backend.
pub fn count_kernels<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let (result, launched) = launched_kernels(work);
    (result, launched.len() as u64)
}
