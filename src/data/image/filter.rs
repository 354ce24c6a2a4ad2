//! Pillow's Lanczos weights in fixed point ([Resizing](crate::objective::method#resizing) of the method).

use std::{
    collections::HashMap,
    f64::consts::PI,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// Lobes of the filter on each side.
const LOBES: f64 = 3.0;
/// Tables kept at once; a run uses a handful.
const CACHED: usize = 64;
/// Filters by input and output length.
type Cache = HashMap<(usize, usize), Arc<Filter>>;
static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// The weights that make each output pixel of one axis.
pub struct Filter {
    starts: Vec<usize>,
    /// Where the weights of each output begin in `weights`, and one more for the end.
    offsets: Vec<usize>,
    weights: Vec<i32>,
}

/// The input pixels that one output pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps<'a> {
    /// The first input pixel.
    pub start: usize,
    /// The weights of it and the following, times 2²²; they add up to about 2²².
    pub weights: &'a [i32],
}

impl Filter {
    /// Fraction bits of a weight.
    pub const FRACTION_BITS: u32 = 22;

    /// The filter between two lengths in pixels, from a cache.
    pub fn between(input: usize, output: usize) -> Arc<Self> {
        // The map is only ever whole: a panic elsewhere cannot leave it half-written.
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = cache.get(&(input, output)) {
            return Arc::clone(filter);
        }
        if cache.len() >= CACHED {
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
            // A cast to usize cuts towards zero and takes negative values to 0, as Pillow clamps.
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

    /// The taps of output pixel `x`.
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
