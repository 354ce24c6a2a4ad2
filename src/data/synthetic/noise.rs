//! Procedural texture: noise from integer hashes and patterns, band-limited by the size of a pixel, so that
//! there is texture at every scale and no aliasing.

use glam::{Vec2, Vec3};

/// Hash of a number: neighbouring numbers give unrelated hashes.
pub fn hash(value: u32) -> u32 {
    let mut bits = value.wrapping_mul(0x9E37_79B1);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(0x2C1B_3C6D);
    bits ^= bits >> 12;
    bits = bits.wrapping_mul(0x297A_2D39);
    bits ^ (bits >> 15)
}

/// Random number in [0, 1) of the cell (x, y) of an infinite grid.
pub fn cell(seed: u32, x: i32, y: i32) -> f32 {
    unit(hash(seed ^ (x as u32).wrapping_mul(0x8DA6_B343) ^ (y as u32).wrapping_mul(0xD816_3841)))
}

fn cell3(seed: u32, x: i32, y: i32, z: i32) -> f32 {
    cell(seed ^ (z as u32).wrapping_mul(0xCB1A_B31F), x, y)
}

/// Top 24 bits as a fraction in [0, 1), exact in f32.
fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / 16_777_216.0
}

/// Largest whole number not above `x`. Faster than `f32::floor`, which is a function call on older CPUs.
pub fn floor(x: f32) -> i32 {
    let truncated = x as i32;
    truncated - i32::from(x < truncated as f32)
}

/// Cell of a coordinate, and the smoothed position in it.
fn lattice(x: f32) -> (i32, f32) {
    let whole = floor(x);
    let rest = x - whole as f32;
    (whole, rest * rest * (3.0 - 2.0 * rest))
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// Value noise from -1 to 1 in the plane, with one random value per unit square.
pub fn noise2(seed: u32, x: f32, y: f32) -> f32 {
    let ((x, tx), (y, ty)) = (lattice(x), lattice(y));
    let row = |y: i32| lerp(cell(seed, x, y), cell(seed, x + 1, y), tx);
    2.0 * lerp(row(y), row(y + 1), ty) - 1.0
}

/// Value noise from -1 to 1 in space.
pub fn noise3(seed: u32, point: Vec3) -> f32 {
    let ((x, tx), (y, ty), (z, tz)) = (lattice(point.x), lattice(point.y), lattice(point.z));
    let row = |y: i32, z: i32| lerp(cell3(seed, x, y, z), cell3(seed, x + 1, y, z), tx);
    let plane = |z: i32| lerp(row(y, z), row(y + 1, z), ty);
    2.0 * lerp(plane(z), plane(z + 1), tz) - 1.0
}

/// Weight of a texture of this grain for a pixel of this footprint, both metres: 1 if the grain spans at
/// least 2.5 pixels, 0 below 1.25 pixels, so that nothing aliases.
pub fn band_limit(grain: f32, footprint: f32) -> f32 {
    smoothstep(1.25, 2.5, grain / footprint.max(1e-6))
}

/// One octave of noise: grain along both axes in metres, and strength.
pub type Octave = (f32, f32, f32);

/// Sum of the octaves of noise in the plane, band-limited to a pixel of this footprint (metres along each axis).
pub fn octaves2(seed: u32, point: Vec2, footprint: Vec2, octaves: &[Octave]) -> f32 {
    let mut sum = 0.0;
    for (index, (grain_x, grain_y, strength)) in octaves.iter().enumerate() {
        let weight = strength * band_limit(*grain_x, footprint.x) * band_limit(*grain_y, footprint.y);
        if weight != 0.0 {
            sum += weight * noise2(seed.wrapping_add(index as u32), point.x / grain_x, point.y / grain_y);
        }
    }
    sum
}

/// Sum of the octaves (grain in metres, strength) of noise in space, band-limited to a pixel of this
/// footprint, metres.
pub fn octaves3(seed: u32, point: Vec3, footprint: f32, octaves: &[(f32, f32)]) -> f32 {
    let mut sum = 0.0;
    for (index, (grain, strength)) in octaves.iter().enumerate() {
        let weight = strength * band_limit(*grain, footprint);
        if weight != 0.0 {
            sum += weight * noise3(seed.wrapping_add(index as u32), point / *grain);
        }
    }
    sum
}

/// Smooth step: 0 below `from`, 1 above `to`.
pub fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Share of a pixel at `x` that lies between `from` and `to`, metres.
pub fn band(x: f32, from: f32, to: f32, footprint: f32) -> f32 {
    let width = footprint.max(1e-4) * 1.3;
    let low = x - 0.5 * width;
    let high = x + 0.5 * width;
    ((high.min(to) - low.max(from)) / width).clamp(0.0, 1.0)
}

/// Share of a pixel at `x` that lies in a band which repeats with `period`; the mean where a pixel spans
/// periods.
pub fn stripes(x: f32, period: f32, from: f32, to: f32, footprint: f32) -> f32 {
    let width = (to - from).max(0.0);
    let at = x - period * floor(x / period) as f32;
    let sharp = band(at, from, to, footprint)
        + band(at - period, from, to, footprint)
        + band(at + period, from, to, footprint);
    let weight = band_limit(period, footprint);
    lerp(width / period, sharp.min(1.0), weight)
}

/// Random number generator for the layout of the street. Own code, so that a seed gives the same street in every
/// version.
pub struct Rng(u32);

impl Rng {
    /// Starts the sequence of this seed for one purpose; different purposes are independent.
    pub fn new(seed: u64, purpose: u32) -> Self {
        Self(hash(seed as u32 ^ hash((seed >> 32) as u32 ^ hash(purpose))))
    }

    /// Draws 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        hash(self.0)
    }

    /// Draws from the uniform distribution over `low..high`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        lerp(low, high, unit(self.bits()))
    }

    /// Draws true with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        unit(self.bits()) < probability
    }

    /// Draws one of the choices.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.bits() as usize % choices.len()]
    }
}
