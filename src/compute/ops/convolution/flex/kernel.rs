//! The two inner loops of the CPU backend, on the widest vectors of the CPU.

// Vector loads and stores take pointers. A comment at each block says why they stay inside their slices.
#![allow(unsafe_code)]

use super::{Activation, geometry::Tap};
use macerator::{AutoArch, Scalar, Simd, Vector, WithSimd, vload_unaligned, vstore_unaligned};
use std::{array, ops::Range};

/// Output channels that one task computes at a time.
pub(super) const ROWS: usize = 8;
/// Most vectors of neighbouring positions in a tile.
const VECTORS: usize = 3;
/// Values of the longest vector of any CPU.
pub(super) const MAX_LANES: usize = 16;
/// Terms that are summed up before their sum is added to the total: short sums lose fewer digits.
const TAPS_OF_A_SUM: usize = 192;
/// Values that a line must have beyond its last position, because tiles are always computed whole.
pub(super) const SLACK: usize = VECTORS * MAX_LANES;

/// True if the CPU has 32 vector registers (AVX-512, NEON) rather than 16.
#[inline(always)]
fn has_many_registers<S: Simd>() -> bool {
    S::lanes32() == MAX_LANES || cfg!(target_arch = "aarch64")
}

/// Sums over taps t, for `rows` channels r and `positions` positions p, of
/// weights[r·row_stride + t.weight] · line[p + t.line], with bias and activation.
pub(super) struct ShiftedSums<'a> {
    pub(super) weights: &'a [f32],
    pub(super) row_stride: usize,
    /// Number of channels, at most [`ROWS`].
    pub(super) rows: usize,
    pub(super) taps: &'a [Tap],
    /// Line with [`SLACK`] values more than the sums need.
    pub(super) line: &'a [f32],
    pub(super) positions: usize,
    /// One value for each row.
    pub(super) bias: Option<&'a [f32]>,
    pub(super) activation: Activation,
}

impl ShiftedSums<'_> {
    /// Computes the sums and passes them to `receive` in pieces: channel, first position, values of neighbouring
    /// positions.
    ///
    /// # Panics
    /// If there are too few weights, or the line is too short.
    pub(super) fn run(self, receive: impl FnMut(usize, usize, &[f32])) {
        let furthest = |offset: fn(&Tap) -> usize| self.taps.iter().map(offset).max().unwrap_or(0);
        let (weight, line) = (furthest(|tap| tap.weight), furthest(|tap| tap.line));
        assert!((self.rows - 1) * self.row_stride + weight < self.weights.len(), "too few weights");
        assert!(line + self.positions + SLACK <= self.line.len() + 1, "line too short");
        AutoArch::new().dispatch(ShiftedSumsTo { sums: self, receive });
    }
}

struct ShiftedSumsTo<'a, F> {
    sums: ShiftedSums<'a>,
    receive: F,
}

impl<F: FnMut(usize, usize, &[f32])> WithSimd for ShiftedSumsTo<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) {
        let mut row = 0;
        while row < self.sums.rows {
            let left = self.sums.rows - row;
            row += match (has_many_registers::<S>(), left) {
                (true, 8..) => self.rows::<S, 8, VECTORS>(row),
                (true, 4..) => self.rows::<S, 4, VECTORS>(row),
                (false, 4..) => self.rows::<S, 4, 2>(row),
                _ => self.rows::<S, 1, VECTORS>(row),
            };
        }
    }
}

impl<F: FnMut(usize, usize, &[f32])> ShiftedSumsTo<'_, F> {
    /// Computes `N` channels from `row` on. Gives `N`.
    #[inline(always)]
    fn rows<S: Simd, const N: usize, const V: usize>(&mut self, row: usize) -> usize {
        let ShiftedSums { weights, row_stride, taps, line, positions, bias, activation, .. } = self.sums;
        let tile = V * S::lanes32();
        let mut stored = [0.0; VECTORS * MAX_LANES];
        for position in (0..positions).step_by(tile) {
            // SAFETY: `run` checked that the last weight of the last row exists, and that for the tap with the
            // largest offset the line extends by a tile beyond the last position.
            let sums = unsafe {
                let weights = weights.as_ptr().add(row * row_stride);
                tile_sums::<S, N, V>(weights, row_stride, taps, line.as_ptr().add(position))
            };
            for r in 0..N {
                for v in 0..V {
                    // SAFETY: `stored` has room for `VECTORS` vectors of the longest kind.
                    unsafe { vstore_unaligned(stored.as_mut_ptr().add(v * S::lanes32()), sums[r][v]) };
                }
                activation.apply(bias.map_or(0.0, |bias| bias[row + r]), &mut stored[..tile]);
                (self.receive)(row + r, position, &stored[..tile.min(positions - position)]);
            }
        }
        N
    }
}

/// Sums of one tile, `N` channels by `V` vectors of positions, in registers.
///
/// # Safety
/// For every tap there must be weights in `N` rows, and a tile of values on the line.
#[inline(always)]
unsafe fn tile_sums<S: Simd, const N: usize, const V: usize>(
    weights: *const f32,
    row_stride: usize,
    taps: &[Tap],
    line: *const f32,
) -> [[Vector<S, f32>; V]; N] {
    let mut totals = [[0f32.splat::<S>(); V]; N];
    for taps in taps.chunks(TAPS_OF_A_SUM) {
        let mut sums = [[0f32.splat::<S>(); V]; N];
        for tap in taps {
            // SAFETY: guaranteed by the caller.
            unsafe {
                let shifted = line.add(tap.line);
                let values: [Vector<S, f32>; V] =
                    array::from_fn(|v| vload_unaligned(shifted.add(v * S::lanes32())));
                let weights = weights.add(tap.weight);
                for r in 0..N {
                    let weight = (*weights.add(r * row_stride)).splat::<S>();
                    for v in 0..V {
                        sums[r][v] = weight.mul_add(values[v], sums[r][v]);
                    }
                }
            }
        }
        for r in 0..N {
            for v in 0..V {
                totals[r][v] += sums[r][v];
            }
        }
    }
    totals
}

/// Taps of the weight's gradient that are summed at a time in registers.
pub(super) const TAPS: usize = 8;

/// Sums over pixels (y, x), for taps t and filters f, of
/// line[t + y·line_width + x] · gradient[(y·width + x)·filters + f], added to sums[t·filters + f].
pub struct PixelSums<'a> {
    /// Values of the input, row after row.
    pub line: &'a [f32],
    /// Distance from one row of the line to the next.
    pub line_width: usize,
    /// Gradient of the output, pixel after pixel, each with its `filters` values.
    pub gradient: &'a [f32],
    /// Pixels of a row of the gradient.
    pub width: usize,
    /// Number of filters, a multiple of `MAX_LANES`, so that vectors of every CPU fill it.
    pub filters: usize,
    /// Offsets on the line; their number is a multiple of `TAPS`.
    pub taps: &'a [usize],
    /// Sums, tap after tap, each with its `filters` values.
    pub sums: &'a mut [f32],
}

impl PixelSums<'_> {
    /// Adds the sums.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn run(self) {
        let height = self.gradient.len() / (self.width * self.filters);
        assert!(self.taps.len().is_multiple_of(TAPS), "taps fill no whole blocks");
        assert!(self.filters.is_multiple_of(MAX_LANES), "filters fill no whole vectors");
        assert_eq!(Some(self.sums.len()), self.taps.len().checked_mul(self.filters), "sums for other taps");
        let furthest = self.taps.iter().max().copied().unwrap_or(0);
        let before = height.saturating_sub(1).checked_mul(self.line_width);
        let reach = before.and_then(|before| before.checked_add(self.width)?.checked_add(furthest));
        assert!(reach.is_some_and(|reach| reach <= self.line.len()), "line too short");
        AutoArch::new().dispatch(self);
    }
}

impl WithSimd for PixelSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) {
        let height = self.gradient.len() / (self.width * self.filters);
        // Two vectors at a time; the last one alone if their number is odd.
        let (filters, pair) = (self.filters, 2 * S::lanes32());
        let pairs = filters - filters % pair;
        if has_many_registers::<S>() {
            self.rows::<S, 8, 2>(height, 0..pairs);
            self.rows::<S, 8, 1>(height, pairs..filters);
        } else {
            self.rows::<S, 4, 2>(height, 0..pairs);
            self.rows::<S, 4, 1>(height, pairs..filters);
        }
    }
}

impl PixelSums<'_> {
    /// Computes the sums for the filters in `part`, `N` taps by `V` vectors of filters at a time. The part is a
    /// multiple of `V` vectors.
    #[inline(always)]
    fn rows<S: Simd, const N: usize, const V: usize>(&mut self, height: usize, part: Range<usize>) {
        let filters = self.filters;
        for (block, taps) in self.taps.as_chunks::<N>().0.iter().enumerate() {
            for filter in part.clone().step_by(V * S::lanes32()) {
                // SAFETY: `run` checked the last value of the line and the number of sums, and the part is a whole
                // number of steps.
                unsafe {
                    let target = self.sums.as_mut_ptr().add(block * N * filters + filter);
                    let at = |n: usize, v: usize| target.add(n * filters + v * S::lanes32());
                    let mut sums = [[0f32.splat::<S>(); V]; N];
                    let mut gradient = self.gradient.as_ptr().add(filter);
                    for y in 0..height {
                        let mut line = self.line.as_ptr().add(y * self.line_width);
                        for _ in 0..self.width {
                            let values: [Vector<S, f32>; V] =
                                array::from_fn(|v| vload_unaligned(gradient.add(v * S::lanes32())));
                            for n in 0..N {
                                let value = (*line.add(taps[n])).splat::<S>();
                                for v in 0..V {
                                    sums[n][v] = value.mul_add(values[v], sums[n][v]);
                                }
                            }
                            gradient = gradient.wrapping_add(filters);
                            line = line.add(1);
                        }
                    }
                    for n in 0..N {
                        for v in 0..V {
                            // Added once per block: short sums lose fewer digits than a long one.
                            vstore_unaligned(at(n, v), vload_unaligned::<S, f32>(at(n, v)) + sums[n][v]);
                        }
                    }
                }
            }
        }
    }
}
