//! GPU time by kernel.

use super::launches;
use cubecl_runtime::{
    config::{TypeNameFormatLevel, type_name_format},
    logging::{
        Duration, LaunchObservation, LaunchObserver, ProfileDuration, ProfileTicks, TimingMethod,
        TimingRequest,
    },
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Time of all launches of one kernel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelTime {
    /// Name of the kernel without its module path, with its operation: `KernelBinop<AddOp>`.
    pub name: String,
    /// Number of launches.
    pub launches: u64,
    /// Time of these launches together, milliseconds.
    pub milliseconds: f64,
    /// Share of the time of all kernels, 0 to 1.
    pub share: f64,
}

/// Times of the kernels of some work, the longest first.
#[derive(Clone, Debug, Default)]
pub struct KernelTimes {
    /// One entry for each kernel name.
    pub kernels: Vec<KernelTime>,
    /// True if the GPU measured all times by timestamps. Otherwise they are the host's and include waiting and, at
    /// the first launch, compilation.
    pub is_device_time: bool,
    /// Launches without a time.
    pub untimed: u64,
}

/// Runs `work` and times every kernel that this process launches meanwhile, on any thread; none on the CPU backend.
/// Each kernel is submitted by itself, so the work as a whole takes longer than usual, but each kernel by itself
/// does not.
pub fn time_kernels<T>(work: impl FnOnce() -> T) -> (T, KernelTimes) {
    launches::observe();
    let observer = Arc::<Observer>::default();
    let observation = LaunchObservation::new(Arc::clone(&observer) as _);
    let result = work();
    drop(observation);
    let launches = std::mem::take(&mut *observer.0.lock().unwrap_or_else(PoisonError::into_inner));
    (result, sum(launches))
}

#[derive(Default)]
struct Observer(Mutex<Vec<(&'static str, Measured)>>);

enum Measured {
    Launched,
    Unread(ProfileDuration),
    Read(Duration, TimingMethod),
}

impl Observer {
    fn record(&self, kernel: &'static str, measured: Measured) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((kernel, measured));
    }
}

impl LaunchObserver for Observer {
    fn launched(&self, kernel: &'static str) {
        launches::note(kernel);
        self.record(kernel, Measured::Launched);
    }

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        self.record(kernel, Measured::Unread(profile));
    }

    fn timed(&self, kernel: &'static str, duration: Duration, method: TimingMethod) {
        self.record(kernel, Measured::Read(duration, method));
    }
}

fn sum(launches: Vec<(&'static str, Measured)>) -> KernelTimes {
    let mut times = KernelTimes { is_device_time: true, ..KernelTimes::default() };
    let mut sums: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    for (kernel, measured) in launches {
        let (launches, milliseconds) = sums.entry(short_name(kernel)).or_default();
        let (duration, method) = match measured {
            Measured::Launched => {
                *launches += 1;
                times.untimed += 1;
                continue;
            }
            Measured::Unread(profile) => {
                let method = profile.timing_method();
                (pollster::block_on(profile.resolve()).as_ref().map(ProfileTicks::duration), method)
            }
            Measured::Read(duration, method) => (Some(duration), method),
        };
        if let Some(duration) = duration {
            *milliseconds += 1e3 * duration.as_secs_f64();
            times.untimed = times.untimed.saturating_sub(1);
            times.is_device_time &= method == TimingMethod::Device;
        }
    }
    let total: f64 = sums.values().map(|(_, milliseconds)| milliseconds).sum();
    let kernel = |(name, (launches, milliseconds))| KernelTime {
        name,
        launches,
        milliseconds,
        share: if total > 0.0 { milliseconds / total } else { 0.0 },
    };
    times.kernels = sums.into_iter().map(kernel).collect();
    times.kernels.sort_by(|a, b| b.milliseconds.total_cmp(&a.milliseconds));
    times
}

/// Name of a kernel's type without modules and type arguments, which together fill several lines. The argument
/// that names the operation is kept: `KernelBinop<AddOp>`.
fn short_name(kernel: &str) -> String {
    let name = type_name_format(kernel, TypeNameFormatLevel::Short);
    let arguments = kernel.split_once('<').map_or("", |(_, arguments)| arguments);
    let words = arguments.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut operations: Vec<&str> = words.filter(|word| word.ends_with("Op")).collect();
    operations.dedup();
    if operations.is_empty() { name } else { format!("{name}<{}>", operations.join(", ")) }
}
