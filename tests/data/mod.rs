//! From files to samples: pictures, augmentation, parsers, splits, sources, loading.

mod cache;
mod files;
mod folders;
mod loading;
mod motion;
mod pictures;
mod splits;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A text with up to five bytes changed, added or cut off.
fn damaged(random: &mut ChaCha8Rng, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
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
    String::from_utf8_lossy(&bytes).into_owned()
}
