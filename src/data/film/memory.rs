//! Memory that decoding a film takes, bounded by the length of its file before anything is allocated.

use crate::{
    config::ImageSize,
    data::image::{MAX_ALLOCATION, MAX_SIDE, allocation},
};

/// Most reference frames that a film may have (ITU-T H.264, A.3.1, MaxDpbFrames).
const MAX_REFERENCES: u32 = 16;
/// Bytes of a pixel in a frame of the decoder: luma and chroma with their borders, and motion.
const DECODED: u64 = 3;
/// Bytes of a pixel in a frame that waits for its display: luma and chroma; rounded up.
const WAITING: u64 = 2;
/// Bytes of a pixel of a picture that is shown.
const SHOWN: u64 = 3;
/// Pixels of all frames that are held for a byte of the file: a quarter of a bit for a pixel. Only still pictures of great
/// size and a second's length have less.
const PIXELS_PER_BYTE: u64 = 32;
/// Bytes of a file for a coded frame at least, with its entry in the tables.
const BYTES_PER_SAMPLE: u64 = 16;
/// Most coded frames of a film: eight hours at sixty frames a second.
const MAX_SAMPLES: u64 = 2_000_000;

/// Bounds of what decoding a film may allocate.
#[derive(Clone, Copy)]
pub struct FilmMemory {
    /// Length of the film's file.
    pub file_bytes: u64,
}

impl FilmMemory {
    /// Number of coded frames that a file of this length can have.
    pub fn max_samples(self) -> u32 {
        (self.file_bytes / BYTES_PER_SAMPLE).clamp(1, MAX_SAMPLES) as u32
    }

    /// Checks the size of frames and the number of reference frames that a film states.
    ///
    /// # Errors
    /// No film has such frames, or the file is too short for them.
    pub fn check(self, size: ImageSize, references: u32) -> Result<(), String> {
        let pixels = (size.width as u64).saturating_mul(size.height as u64);
        if pixels == 0 || size.width.max(size.height) > MAX_SIDE as usize || references > MAX_REFERENCES {
            return Err(format!(
                "its {size} pixels or {references} reference frames are none of a camera's film"
            ));
        }
        let references = u64::from(references);
        // The frame that is decoded is held beside its references, and as many as these wait for their display.
        let (decoded, waiting) = (references + 1, max_waiting(references) + 1);
        let bytes = pixels * (decoded * DECODED + waiting * WAITING + SHOWN);
        let is_plausible = decoded * pixels <= self.file_bytes.saturating_mul(PIXELS_PER_BYTE);
        if bytes > 2 * MAX_ALLOCATION || (bytes > allocation(self.file_bytes) && !is_plausible) {
            return Err(format!(
                "its {size} pixels with {references} reference frames are far more than its {} bytes can hold of what a \
                 camera sees",
                self.file_bytes
            ));
        }
        Ok(())
    }
}

/// Most frames that wait for their display: no film shows a frame later than that many others were decoded.
pub fn max_waiting(references: u64) -> u64 {
    references + 1
}
