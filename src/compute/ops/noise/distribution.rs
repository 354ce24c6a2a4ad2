//! The numbers of the noise, and their constants for every implementation.

/// Standard deviation of the noise, far below any difference of losses that means something.
pub(super) const STANDARD_DEVIATION: f32 = 1e-5;

/// Increment of a splitmix64 state before it is mixed, and factors of its two products.
pub(super) const INCREMENT: u64 = 0x9E37_79B9_7F4A_7C15;
pub(super) const FACTORS: [u64; 2] = [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB];

/// A sum of four evenly distributed 16-bit numbers has mean 2·65535 and variance 65536²/3 (very nearly).
pub(super) const MEAN_OF_SUM: f32 = 131_070.0;
pub(super) const SCALE_OF_SUM: f32 = 1.732_050_8 / 65_536.0;

/// splitmix64: a bijection of 64 bits in which every input bit moves about half of the output's
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub fn splitmix64(value: u64) -> u64 {
    let mut value = value.wrapping_add(INCREMENT);
    value = (value ^ (value >> 30)).wrapping_mul(FACTORS[0]);
    value = (value ^ (value >> 27)).wrapping_mul(FACTORS[1]);
    value ^ (value >> 31)
}

/// A nearly normal number of mean 0 and standard deviation 1, by the Irwin-Hall distribution: a sum of
/// four 16-bit numbers.
pub(super) fn irwin_hall(bits: u64) -> f32 {
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
    (sum as f32 - MEAN_OF_SUM) * SCALE_OF_SUM
}
