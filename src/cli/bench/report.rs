//! The report of all timings, as JSON or as tables.

use super::{
    args::Work,
    floor::PeakRates,
    timing::{Kernels, Timing},
};
use crate::{compute::KernelTime, output::outln};
use serde::Serialize;

/// Maximum number of kernels that a table lists.
const MAX_KERNELS: usize = 24;

#[derive(Serialize)]
pub(super) struct Measurement {
    pub work: Work,
    #[serde(flatten)]
    pub timing: Timing,
    pub images_per_second: f64,
    /// Lower bound divided by the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_share: Option<f64>,
    /// Median of the peer in the same run, for as many images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against_seconds: Option<f64>,
    /// Median of this program divided by that of the peer: below 1 this program is faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct BenchReport {
    pub device: String,
    pub threads: usize,
    pub size: [usize; 3],
    /// Peak rates of the device, if a lower bound needed them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates: Option<PeakRates>,
    /// Peak memory of this process in bytes, if the system reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// GPU memory in bytes at the end; burn keeps what it once allocated, so this is also the peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_memory: Option<u64>,
    pub results: Vec<Measurement>,
}

/// Peak memory of this process in bytes; `None` if the system does not report it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

impl BenchReport {
    pub(super) fn print(&self) {
        let [batch, height, width] = self.size;
        outln!("{}, {} threads; {width}×{height}, batches of {batch}", self.device, self.threads);
        outln!(
            "work         median        min        max   images/s  launches     floor  share    other  ratio"
        );
        self.results.iter().for_each(Measurement::print);
        if let Some(rates) = &self.rates {
            outln!("{rates}");
        }
        if let Some(bytes) = self.peak_memory {
            outln!("peak memory {:.2} GB", bytes as f64 / 1e9);
        }
        if let Some(bytes) = self.gpu_memory {
            outln!("GPU memory {:.2} GB", bytes as f64 / 1e9);
        }
        for Measurement { work, timing, .. } in &self.results {
            if let Some(together) = &timing.together {
                outln!("{together}");
            }
            if let Some(kernels) = &timing.kernels {
                print_kernels(*work, kernels);
            }
        }
    }
}

impl Measurement {
    fn print(&self) {
        let number =
            |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
        let Timing { seconds, min_seconds, max_seconds, launches, floor, .. } = &self.timing;
        outln!(
            "{:9} {seconds:7.4} s  {min_seconds:7.4} s  {max_seconds:7.4} s  {:9.1}  {:>8}  {:>8}  {:>5}  {:>7}  {:>5}",
            self.work.name(),
            self.images_per_second,
            number(launches.map(|launches| launches as f64), 0),
            number(floor.map(|floor| floor.floor_seconds), 4),
            number(self.floor_share, 2),
            number(self.against_seconds, 4),
            number(self.ratio, 2),
        );
    }
}

fn print_kernels(work: Work, times: &Kernels) {
    let launches: u64 = times.kernels.iter().map(|kernel| kernel.launches).sum();
    let milliseconds: f64 = times.kernels.iter().map(|kernel| kernel.milliseconds).sum();
    outln!(
        "\n{}: {launches} launches, {milliseconds:.3} ms of kernels, each submitted by itself",
        work.name()
    );
    if times.kernel_clock == "host" {
        outln!("this adapter has no timestamps: times are the host's and include all waiting");
    }
    if times.untimed_launches > 0 {
        outln!("{} launches gave no time", times.untimed_launches);
    }
    outln!("launches          ms   share  kernel");
    let (named, rest) = times.kernels.split_at(times.kernels.len().min(MAX_KERNELS));
    let others = KernelTime {
        name: format!("{} others", rest.len()),
        launches: rest.iter().map(|kernel| kernel.launches).sum(),
        milliseconds: rest.iter().map(|kernel| kernel.milliseconds).sum(),
        share: rest.iter().map(|kernel| kernel.share).sum(),
    };
    let others = (!rest.is_empty()).then_some(&others);
    for KernelTime { name, launches, milliseconds, share } in named.iter().chain(others) {
        outln!("{launches:8}  {milliseconds:10.3}  {:5.1}%  {name}", 100.0 * share);
    }
}
