//! Chunks of PNG files that the image library does not tell of.

use std::io::{self, BufRead, Seek};

/// Largest content that is read, bytes: EXIF data of JPEG are smaller.
const MAX_CONTENT: u32 = 1 << 16;

/// Content of the first chunk of this name; `None` if there is none before the chunk `end`.
///
/// # Errors
/// The file ends before.
pub(super) fn find_chunk(
    reader: &mut (impl BufRead + Seek),
    name: [u8; 4],
    end: [u8; 4],
) -> io::Result<Option<Vec<u8>>> {
    const SIGNATURE: i64 = 8;
    const CHECKSUM: i64 = 4;
    reader.rewind()?;
    reader.seek_relative(SIGNATURE)?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [length @ .., a, b, c, d] = head;
        let length = u32::from_be_bytes(length);
        match [a, b, c, d] {
            found if found == name && length <= MAX_CONTENT => {
                let mut content = vec![0; length as usize];
                reader.read_exact(&mut content)?;
                return Ok(Some(content));
            }
            found if found == end => return Ok(None),
            _ => reader.seek_relative(i64::from(length) + CHECKSUM)?,
        }
    }
}
