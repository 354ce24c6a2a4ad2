//! Frames within a WebP file: the decoder allocates what each of them states before it compares that with the picture.

use crate::config::ImageSize;
use std::io::{self, BufRead, Seek};

/// True if no lossy frame is larger than the picture that it belongs to.
pub(super) fn frames_fit(reader: &mut (impl BufRead + Seek), size: ImageSize) -> bool {
    /// Length of the head of a file.
    const RIFF: i64 = 12;
    let fits = |[_, _, _, code @ .., low_width, high_width, low_height, high_height]: [u8; 10]| {
        // The upper two bits are a scale that nobody uses.
        let [width, height] = [[low_width, high_width], [low_height, high_height]]
            .map(|bytes| usize::from(u16::from_le_bytes(bytes) & 0x3FFF));
        code != [0x9D, 0x01, 0x2A] || (width <= size.width && height <= size.height)
    };
    let mut check = || -> io::Result<bool> {
        reader.rewind()?;
        reader.seek_relative(RIFF)?;
        loop {
            let mut head = [0; 8];
            reader.read_exact(&mut head)?;
            let [name @ .., a, b, c, d] = head;
            let length = i64::from(u32::from_le_bytes([a, b, c, d]));
            let padded = length + (length & 1);
            let rest = match &name {
                b"VP8 " => {
                    let mut frame = [0; 10];
                    reader.read_exact(&mut frame)?;
                    if !fits(frame) {
                        return Ok(false);
                    }
                    padded - frame.len() as i64
                }
                // A picture of an animation: its chunks follow its head.
                b"ANMF" => 16,
                _ => padded,
            };
            reader.seek_relative(rest.max(0))?;
        }
    };
    // At the end of the file, or where it is damaged, nothing more is stated.
    check().unwrap_or(true)
}
