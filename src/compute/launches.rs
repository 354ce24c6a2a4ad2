//! Counting the kernels that the GPU backend is asked to run: what a step costs there is first of all
//! how many there are.

use cubecl_runtime::logging::{LaunchObservation, LaunchObserver};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

#[derive(Default)]
struct Counter(AtomicU64);

impl LaunchObserver for Counter {
    fn launched(&self, _kernel: &'static str) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Does the work and counts the kernels that this process launched meanwhile, on whatever thread; none
/// on the CPU backend.
pub fn count_kernels<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let counter = Arc::<Counter>::default();
    let observation = LaunchObservation::new(Arc::clone(&counter) as _);
    let result = work();
    drop(observation);
    (result, counter.0.load(Ordering::Relaxed))
}
