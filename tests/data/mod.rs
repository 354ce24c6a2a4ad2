//! From files to samples: images, augmentation, parsers, splits, sources, loading.

mod arrays;
mod cache;
mod files;
mod films;
mod folders;
mod loading;
mod motion;
mod pictures;
mod previews;
mod splits;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Text with up to five bytes changed, added or cut off.
fn damaged(random: &mut ChaCha8Rng, text: &str) -> String {
    String::from_utf8_lossy(&damaged_bytes(random, text.as_bytes())).into_owned()
}

/// Bytes with up to five of them changed, added or cut off.
fn damaged_bytes(random: &mut ChaCha8Rng, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..4) {
            0 => bytes[at] = random.random(),
            // A letter or digit for another keeps more of the form.
            1 => bytes[at] = random.random_range(b'0'..=b'z'),
            2 => bytes.truncate(at + 1),
            _ => bytes.insert(at, random.random_range(b' '..=b'~')),
        }
    }
    bytes
}
