//! The GPU time of each kernel.

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

/// All launches of one kernel together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelTime {
    /// Its name without the path of its module, with the operation that it does: `KernelBinop<AddOp>`.
    pub name: String,
    /// Times that it was launched.
    pub launches: u64,
    /// GPU time of these.
    pub milliseconds: f64,
    /// Part of the time of all kernels, 0 to 1.
    pub share: f64,
}

/// The kernels of a piece of work, the longest first.
#[derive(Clone, Debug, Default)]
pub struct KernelTimes {
    /// One entry a name.
    pub kernels: Vec<KernelTime>,
    /// Whether the GPU took the times itself, by timestamps. Without them they are the host's, with all
    /// waiting and, the first time, compilation.
    pub is_device_time: bool,
    /// Launches that gave no time.
    pub untimed: u64,
}

/// Does the work and times every kernel that this process launches meanwhile, on whatever thread; none
/// on the CPU backend. Each kernel is submitted by itself, so that the work as a whole takes longer than
/// usual, but the kernels do not wait for each other more than they do anyway.
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
    fn keep(&self, kernel: &'static str, measured: Measured) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((kernel, measured));
    }
}

impl LaunchObserver for Observer {
    fn launched(&self, kernel: &'static str) {
        launches::note(kernel);
        self.keep(kernel, Measured::Launched);
    }

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        self.keep(kernel, Measured::Unread(profile));
    }

    fn timed(&self, kernel: &'static str, duration: Duration, method: TimingMethod) {
        self.keep(kernel, Measured::Read(duration, method));
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

/// The type's name without modules and type arguments: the path says where a kernel is from, most arguments
/// which numbers it takes, and both fill several lines. The operation that it does is kept: `KernelBinop<AddOp>`.
fn short_name(kernel: &str) -> String {
    let name = type_name_format(kernel, TypeNameFormatLevel::Short);
    let arguments = kernel.split_once('<').map_or("", |(_, arguments)| arguments);
    let words = arguments.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    let mut operations: Vec<&str> = words.filter(|word| word.ends_with("Op")).collect();
    operations.dedup();
    if operations.is_empty() { name } else { format!("{name}<{}>", operations.join(", ")) }
}
