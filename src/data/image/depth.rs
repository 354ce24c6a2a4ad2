//! Depth maps in KITTI's format: 16-bit PNG, 256 levels per metre, 0 where unknown.

use super::{
    file::{not_opened, unreadable},
    limits::MAX_SIDE,
};
use crate::{
    config::ImageSize,
    data::{
        DataError, DepthMap,
        atomic_file::write_bytes,
        foreign_content::foreign_content,
        regular_file::{memory_limit, open_regular, start_of},
    },
};
use png::{BitDepth, ColorType, Decoder, DecodingError, Limits};
use std::{
    fs::File,
    io::{BufReader, BufWriter, IntoInnerError, Write},
    path::Path,
};

/// Levels per metre, or per another unit of depth.
const LEVELS: f32 = 256.0;

/// Memory of a pixel while it is read, bytes: two bytes of the picture, four of the depth.
const PIXEL_MEMORY: u64 = 6;

/// Reads a depth map.
///
/// # Errors
/// The file does not exist, is damaged, or holds another kind of image.
pub fn read_depth(path: &Path) -> Result<DepthMap, DataError> {
    let (mut file, length) = open_regular(path).map_err(|error| not_opened(path, &error))?;
    let start = start_of(&mut file).map_err(|error| not_opened(path, &error))?;
    if !start.starts_with(PNG) {
        return Err(unreadable(
            path,
            match foreign_content(&start) {
                Some(foreign) => format!("it is {}; {NO_DEPTH}", foreign.what),
                None => NO_DEPTH.to_owned(),
            },
        ));
    }
    decode(file, length).map_err(|reason| unreadable(path, reason))
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const NO_DEPTH: &str = "it is not a 16-bit grey picture, as depth maps are";

/// Decodes a picture, of which nothing is decompressed before its header is known to be that of a depth map.
fn decode(file: File, length: u64) -> Result<DepthMap, String> {
    let memory = memory_limit(length);
    let limits = Limits { bytes: memory as usize };
    let damaged = |error: DecodingError| match error {
        DecodingError::LimitsExceeded => "it needs more memory than a picture of its size may".to_owned(),
        DecodingError::IoError(_) => "it is cut off".to_owned(),
        _ => "it is damaged: its checksums or its compressed data are wrong".to_owned(),
    };
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), limits);
    let header = decoder.read_header_info().map_err(damaged)?;
    if (header.color_type, header.bit_depth) != (ColorType::Grayscale, BitDepth::Sixteen) {
        return Err(NO_DEPTH.to_owned());
    }
    let (width, height) = (header.width, header.height);
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels * PIXEL_MEMORY > memory {
        return Err(format!("its {width}×{height} pixels are more than a file of {length} bytes may have"));
    }
    if pixels == 0 {
        return Err("it has no pixels".to_owned());
    }
    let mut reader = decoder.read_info().map_err(damaged)?;
    let mut bytes = vec![0; 2 * pixels as usize];
    reader.next_frame(&mut bytes).map_err(damaged)?;
    let levels = bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_be_bytes(*bytes));
    Ok(DepthMap {
        width: width as usize,
        height: height as usize,
        metres: levels.map(|level| f32::from(level) / LEVELS).collect(),
    })
}

/// Writes depth × 256, truncated, with the unit in the file's text chunk. Returns the number of clipped
/// pixels: depths from 256 units on become 65535, that is 255.996. The PNG library is used directly because
/// the image library writes no text chunks. `depths` are row by row.
///
/// # Errors
/// The file cannot be written.
pub fn write_depth(
    path: &Path,
    size: ImageSize,
    depths: impl Iterator<Item = f32>,
    unit: &str,
) -> Result<usize, DataError> {
    let max_level = f32::from(u16::MAX);
    let mut clipped = 0;
    let encode = || -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size.width as u32, size.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Sixteen);
        encoder.set_compression(png::Compression::Fast);
        encoder.add_itxt_chunk("Unit".to_owned(), format!("depth = value / {LEVELS}, {unit}"))?;
        let mut writer = encoder.write_header()?;
        let mut levels = BufWriter::new(writer.stream_writer()?);
        for depth in depths {
            clipped += usize::from(depth * LEVELS >= max_level + 1.0);
            levels.write_all(&((depth * LEVELS).min(max_level) as u16).to_be_bytes())?;
        }
        levels.into_inner().map_err(IntoInnerError::into_error)?.finish()?;
        writer.finish()?;
        Ok(bytes)
    };
    let written = encode().map_err(|error| error.to_string());
    let written = written.and_then(|bytes| write_bytes(path, &bytes).map_err(|error| error.to_string()));
    written.map_err(|reason| DataError::unwritable("depth map", path, reason))?;
    Ok(clipped)
}
