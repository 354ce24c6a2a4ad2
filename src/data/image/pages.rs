//! Files of several pictures: the pages of TIFF, and the animations of PNG and WebP. Only the first picture is read.

use super::{kind::PictureKind, png_chunks::find_chunk, tiff::has_second_page};
use std::io::{self, BufRead, Seek};

/// True if a file of this format has more than one picture.
pub(super) fn has_more(reader: &mut (impl BufRead + Seek), kind: PictureKind) -> bool {
    let found = match kind {
        PictureKind::Tiff => has_second_page(reader),
        PictureKind::Png => is_animated_png(reader),
        PictureKind::WebP => is_animated_webp(reader),
        PictureKind::Jpeg | PictureKind::Bmp | PictureKind::Pnm => Ok(false),
    };
    // What is damaged states nothing.
    found.unwrap_or(false)
}

fn is_animated_png(reader: &mut (impl BufRead + Seek)) -> io::Result<bool> {
    let control = find_chunk(reader, *b"acTL", *b"IDAT")?;
    let frames = control.and_then(|content| content.first_chunk().copied());
    Ok(frames.is_some_and(|frames| u32::from_be_bytes(frames) > 1))
}

fn is_animated_webp(reader: &mut (impl BufRead + Seek)) -> io::Result<bool> {
    const ANIMATION: u8 = 2;
    let mut head = [0; 21];
    reader.rewind()?;
    reader.read_exact(&mut head)?;
    Ok(head[12..16] == *b"VP8X" && head[20] & ANIMATION != 0)
}
