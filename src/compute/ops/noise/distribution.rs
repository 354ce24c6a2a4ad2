//! Random numbers of the noise, and constants for every implementation of them.

/// Standard deviation of the noise, far below any meaningful difference between losses.
pub(super) const STANDARD_DEVIATION: f32 = 1e-5;

/// Increment of splitmix64 before it mixes the bits.
pub(super) const INCREMENT: u64 = 0x9E37_79B9_7F4A_7C15;
/// Factors of the two products of splitmix64.
pub(super) const FACTORS: [u64; 2] = [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB];

/// Mean of a sum of four uniform 16-bit integers, 2·65535.
pub(super) const MEAN_OF_SUM: f32 = 131_070.0;
/// Inverse standard deviation of such a sum, √3 / 65536 (very nearly).
pub(super) const SCALE_OF_SUM: f32 = 1.732_050_8 / 65_536.0;

/// Mixes 64 bits: a bijection in which every input bit changes about half of the output bits (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub fn splitmix64(value: u64) -> u64 {
    let mut value = value.wrapping_add(INCREMENT);
    value = (value ^ (value >> 30)).wrapping_mul(FACTORS[0]);
    value = (value ^ (value >> 27)).wrapping_mul(FACTORS[1]);
    value ^ (value >> 31)
}

/// Nearly normal number of mean 0 and standard deviation 1, by the Irwin-Hall distribution: the sum of the four 16-bit
/// integers in `bits`, shifted and scaled.
pub(super) fn irwin_hall(bits: u64) -> f32 {
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
    (sum as f32 - MEAN_OF_SUM) * SCALE_OF_SUM
}
