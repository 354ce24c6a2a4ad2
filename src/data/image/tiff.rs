//! Directory of a TIFF file: the decoder allocates what its entries state before it knows the length of the file.

use std::io::{self, BufRead, Seek, SeekFrom};

/// Most values of an entry: a picture has one for each of its strips, at most its rows.
const MAX_VALUES: u64 = 1 << 18;

/// True if every entry of the first directory fits into a file of this length.
pub(super) fn entries_fit(reader: &mut (impl BufRead + Seek), file_bytes: u64) -> bool {
    let mut check = || -> io::Result<bool> {
        let mut head = [0; 8];
        reader.rewind()?;
        reader.read_exact(&mut head)?;
        let is_little = head[0] == b'I';
        let short =
            |bytes: [u8; 2]| if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
        let long =
            |bytes: [u8; 4]| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        let [_, _, _, _, directory @ ..] = head;
        reader.seek(SeekFrom::Start(long(directory).into()))?;
        let mut count = [0; 2];
        reader.read_exact(&mut count)?;
        for _ in 0..short(count) {
            let mut entry = [0; 12];
            reader.read_exact(&mut entry)?;
            let [_, _, kind @ .., a, b, c, d, _, _, _, _] = entry;
            let values = u64::from(long([a, b, c, d]));
            let bytes = match short(kind) {
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16..=18 => 8,
                _ => 1,
            };
            // Texts and colour profiles are not read value by value.
            let is_long = values > MAX_VALUES && bytes > 1;
            if is_long || values * bytes > file_bytes {
                return Ok(false);
            }
        }
        Ok(true)
    };
    // The decoder refuses a directory that is cut off.
    check().unwrap_or(true)
}
