//! Container of a film with its other tracks hidden: the tables of sound may have an entry for every one of its values,
//! more than can be held, and nothing here hears it.

use image::metadata::Orientation;
use std::io::{self, Read, Seek, SeekFrom};

/// Longest table of contents (`moov`) that is read, bytes.
const MAX_CONTENTS: u64 = 256 << 20;

/// Most boxes that are looked through for one.
const MAX_PARTS: usize = 1000;

/// Reader of an MP4 or MOV file in which tracks that have no pictures are free space.
pub struct PicturesOnly<R> {
    inner: R,
    position: u64,
    /// Positions of the names of hidden tracks, sorted.
    hidden: Vec<u64>,
    orientation: Orientation,
    has_contents: bool,
}

/// Name that tells readers to skip a box.
const FREE: [u8; 4] = *b"free";

/// A box: its name, and the positions of its name, content and end.
struct Part {
    name: [u8; 4],
    name_at: u64,
    content: u64,
    end: u64,
}

impl<R: Read + Seek> PicturesOnly<R> {
    /// Finds the tracks without pictures. A damaged part stays as it is, for the reader to refuse.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(mut inner: R) -> io::Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        let mut hidden = Vec::new();
        let mut orientation = None;
        let contents = find(&mut inner, 0, length, *b"moov")?;
        let has_contents = contents.is_some();
        if let Some(contents) = contents.filter(|contents| contents.end - contents.content <= MAX_CONTENTS) {
            // Fragments of a film name the tracks that they belong to, which must be there.
            let has_fragments = find(&mut inner, contents.content, contents.end, *b"mvex")?.is_some();
            let mut at = contents.content;
            while let (Some(part), false) =
                (part(&mut inner, at, contents.end)?, has_fragments || hidden.len() == MAX_PARTS)
            {
                if part.name == *b"trak" {
                    if !has_pictures(&mut inner, &part)? {
                        hidden.push(part.name_at);
                    } else if orientation.is_none() {
                        orientation = Some(orientation_of(&mut inner, &part)?);
                    }
                }
                at = part.end;
            }
        }
        inner.rewind()?;
        let orientation = orientation.unwrap_or(Orientation::NoTransforms);
        Ok(Self { inner, position: 0, hidden, orientation, has_contents })
    }

    /// True if there is a whole table of contents (`moov`).
    pub fn has_contents(&self) -> bool {
        self.has_contents
    }

    /// Orientation in which the first track's pictures are shown: phones write them as their sensor lies.
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }
}

/// Orientation of a track by the matrix in its header (ISO/IEC 14496-12, 8.3.2).
fn orientation_of(reader: &mut (impl Read + Seek), track: &Part) -> io::Result<Orientation> {
    /// Position of the matrix in versions 0 and 1, and the length of its upper two rows.
    const MATRIX: [usize; 2] = [40, 52];
    const ROWS: usize = 20;
    let Some(header) = find(reader, track.content, track.end, *b"tkhd")? else {
        return Ok(Orientation::NoTransforms);
    };
    let mut content = [0; MATRIX[1] + ROWS];
    let length = content.len().min((header.end - header.content) as usize);
    reader.seek(SeekFrom::Start(header.content))?;
    reader.read_exact(&mut content[..length])?;
    let matrix = MATRIX[usize::from(content[0] == 1)];
    let sign = |index: usize| {
        let at = matrix + 4 * index;
        content[at..at + 4].try_into().map_or(0, |number| i32::from_be_bytes(number).signum())
    };
    // Of x to x, x to y, y to x and y to y.
    Ok(match [sign(0), sign(1), sign(3), sign(4)] {
        [0, 1, -1, 0] => Orientation::Rotate90,
        [-1, 0, 0, -1] => Orientation::Rotate180,
        [0, -1, 1, 0] => Orientation::Rotate270,
        [-1, 0, 0, 1] => Orientation::FlipHorizontal,
        [1, 0, 0, -1] => Orientation::FlipVertical,
        [0, 1, 1, 0] => Orientation::Rotate90FlipH,
        [0, -1, -1, 0] => Orientation::Rotate270FlipH,
        _ => Orientation::NoTransforms,
    })
}

/// True for a track of pictures, and for one that says nothing of what it has.
fn has_pictures(reader: &mut (impl Read + Seek), track: &Part) -> io::Result<bool> {
    let Some(media) = find(reader, track.content, track.end, *b"mdia")? else { return Ok(true) };
    let Some(handler) = find(reader, media.content, media.end, *b"hdlr")? else { return Ok(true) };
    // Version and flags, a reserved number, and the kind of the track.
    let mut content = [0; 12];
    if handler.end - handler.content < content.len() as u64 {
        return Ok(true);
    }
    reader.seek(SeekFrom::Start(handler.content))?;
    reader.read_exact(&mut content)?;
    Ok(content[8..] == *b"vide")
}

/// First box of this name between two positions.
fn find(reader: &mut (impl Read + Seek), from: u64, end: u64, name: [u8; 4]) -> io::Result<Option<Part>> {
    let mut at = from;
    for _ in 0..MAX_PARTS {
        match part(reader, at, end)? {
            Some(part) if part.name == name => return Ok(Some(part)),
            Some(part) => at = part.end,
            None => break,
        }
    }
    Ok(None)
}

/// Box at a position; `None` if none begins there that ends before `end`.
fn part(reader: &mut (impl Read + Seek), at: u64, end: u64) -> io::Result<Option<Part>> {
    const HEAD: u64 = 8;
    const LONG_HEAD: u64 = 16;
    if end.saturating_sub(at) < HEAD {
        return Ok(None);
    }
    reader.seek(SeekFrom::Start(at))?;
    let (mut length, mut name) = ([0; 4], [0; 4]);
    reader.read_exact(&mut length)?;
    reader.read_exact(&mut name)?;
    let (head, length) = match u32::from_be_bytes(length) {
        0 => (HEAD, end - at),
        1 if end - at >= LONG_HEAD => {
            let mut long = [0; 8];
            reader.read_exact(&mut long)?;
            (LONG_HEAD, u64::from_be_bytes(long))
        }
        short => (HEAD, u64::from(short)),
    };
    let is_inside = length >= head && length <= end - at;
    Ok(is_inside.then(|| Part { name, name_at: at + 4, content: at + head, end: at + length }))
}

impl<R: Read> Read for PicturesOnly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let (start, end) = (self.position, self.position + read as u64);
        let first = self.hidden.partition_point(|name| name + FREE.len() as u64 <= start);
        for name in self.hidden[first..].iter().take_while(|name| **name < end) {
            for (at, letter) in (*name..).zip(FREE).filter(|(at, _)| (start..end).contains(at)) {
                buffer[(at - start) as usize] = letter;
            }
        }
        self.position = end;
        Ok(read)
    }
}

impl<R: Seek> Seek for PicturesOnly<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}
