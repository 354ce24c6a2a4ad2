//! Directories of a TIFF file: the decoder allocates what their entries state before it knows the length of the file,
//! and reads the first one only.

use std::io::{self, BufRead, Seek, SeekFrom};

/// Most values of an entry: a picture has one for each of its strips, at most its rows.
const MAX_VALUES: u64 = 1 << 18;

/// Entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    values: u32,
    /// Value, if it is a single number of four bytes.
    value: u32,
}

/// True if every entry of the first directory fits into a file of this length.
pub(super) fn entries_fit(reader: &mut (impl BufRead + Seek), file_bytes: u64) -> bool {
    let fits = |entry: &Entry| {
        let bytes = match entry.kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 1,
        };
        let values = u64::from(entry.values);
        // Texts and colour profiles are not read value by value.
        let is_long = values > MAX_VALUES && bytes > 1;
        !is_long && values * bytes <= file_bytes
    };
    // The decoder refuses a file that ends before its directory.
    directory(reader, 0).map_or(true, |entries| entries.iter().all(fits))
}

/// True if there is a second picture that is no smaller copy of the first one and no mask.
///
/// # Errors
/// The file is cut off.
pub(super) fn has_second_page(reader: &mut (impl BufRead + Seek)) -> io::Result<bool> {
    /// Tag of the kind of a page (`NewSubfileType`), and its bits for a smaller copy and for a mask.
    const KIND: u16 = 254;
    const COPY_OR_MASK: u32 = 1 | 4;
    let second = directory(reader, 1)?;
    let is_other = |entry: &Entry| entry.tag == KIND && entry.value & COPY_OR_MASK != 0;
    Ok(!second.is_empty() && !second.iter().any(is_other))
}

/// Entries of the directory of a page, as many as the file has; none if there is no such page.
fn directory(reader: &mut (impl BufRead + Seek), page: usize) -> io::Result<Vec<Entry>> {
    let mut head = [0; 8];
    reader.rewind()?;
    reader.read_exact(&mut head)?;
    let is_little = head[0] == b'I';
    let short =
        |bytes: [u8; 2]| if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
    let long = |bytes: [u8; 4]| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let [_, _, _, _, mut next @ ..] = head;
    for index in 0.. {
        if long(next) == 0 {
            break;
        }
        reader.seek(SeekFrom::Start(long(next).into()))?;
        let mut count = [0; 2];
        reader.read_exact(&mut count)?;
        let mut entries = Vec::new();
        for _ in 0..short(count) {
            let mut entry = [0; 12];
            if reader.read_exact(&mut entry).is_err() {
                break;
            }
            let [tag0, tag1, kind0, kind1, a, b, c, d, value @ ..] = entry;
            entries.push(Entry {
                tag: short([tag0, tag1]),
                kind: short([kind0, kind1]),
                values: long([a, b, c, d]),
                value: long(value),
            });
        }
        if index == page {
            return Ok(entries);
        }
        reader.read_exact(&mut next)?;
    }
    Ok(Vec::new())
}
