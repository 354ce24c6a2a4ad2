//! Lanczos weights in Pillow's fixed point ([Resizing](crate::objective::method#resizing) of the method).

use std::{
    collections::HashMap,
    f64::consts::PI,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Lobes of the filter on each side.
const LOBES: f64 = 3.0;
/// Most filters in the cache; a run uses a handful.
const MAX_CACHED: usize = 64;
/// Filters by input and output length.
type Cache = HashMap<(usize, usize), Arc<Filter>>;
static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// Weights of the output pixels along one axis.
pub struct Filter {
    starts: Vec<usize>,
    /// Index in `weights` of each output's first weight, and the end.
    offsets: Vec<usize>,
    weights: Vec<i32>,
}

/// Input pixels of one output pixel, with their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps<'a> {
    /// Index of the first input pixel.
    pub start: usize,
    /// Weights of the first and the following input pixels, times 2²²; their sum is about 2²².
    pub weights: &'a [i32],
}

impl Filter {
    /// Number of fraction bits of a weight.
    pub const FRACTION_BITS: u32 = 22;

    /// Filter between two lengths in pixels, from a cache.
    pub fn between(input: usize, output: usize) -> Arc<Self> {
        // The cache is consistent even after a panic: filters are computed before they are inserted.
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = cache.get(&(input, output)) {
            return Arc::clone(filter);
        }
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        let filter = Arc::new(Self::new(input, output));
        cache.insert((input, output), Arc::clone(&filter));
        filter
    }

    fn new(input: usize, output: usize) -> Self {
        let ratio = input as f64 / output as f64;
        let stretch = ratio.max(1.0);
        let support = LOBES * stretch;
        let mut filter = Self { starts: Vec::with_capacity(output), offsets: vec![0], weights: Vec::new() };
        for x in 0..output {
            let centre = (x as f64 + 0.5) * ratio;
            // A cast to usize truncates and clamps negative values to 0, as Pillow does.
            let start = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(input);
            let raw: Vec<f64> =
                (start..end).map(|i| lanczos((i as f64 - centre + 0.5) * (1.0 / stretch))).collect();
            let sum: f64 = raw.iter().sum();
            filter.weights.extend(raw.iter().map(|weight| fixed_point(weight / sum)));
            filter.starts.push(start);
            filter.offsets.push(filter.weights.len());
        }
        filter
    }

    /// Input pixels and weights of output pixel `x`.
    #[inline(always)]
    pub fn taps(&self, x: usize) -> Taps<'_> {
        Taps { start: self.starts[x], weights: &self.weights[self.offsets[x]..self.offsets[x + 1]] }
    }
}

fn lanczos(t: f64) -> f64 {
    if (-LOBES..LOBES).contains(&t) { sinc(t) * sinc(t / LOBES) } else { 0.0 }
}

fn sinc(t: f64) -> f64 {
    if t == 0.0 {
        return 1.0;
    }
    let angle = t * PI;
    angle.sin() / angle
}

fn fixed_point(weight: f64) -> i32 {
    (weight * f64::from(1 << Filter::FRACTION_BITS) + 0.5_f64.copysign(weight)) as i32
}
