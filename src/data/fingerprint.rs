//! A short number for a long text, equal for equal texts on every machine (FNV-1a, 64 bits).

/// The number of these bytes. It finds damage and names files; it keeps no secrets.
pub fn fingerprint(bytes: impl IntoIterator<Item = u8>) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const FACTOR: u64 = 0x0000_0100_0000_01b3;
    bytes.into_iter().fold(START, |number, byte| (number ^ u64::from(byte)).wrapping_mul(FACTOR))
}
