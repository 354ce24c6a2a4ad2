//! Header of a JPEG file: the segments before its first scan.

use super::orientation::of_exif;
use crate::config::ImageSize;
use image::metadata::Orientation;
use std::io::{self, BufRead, Seek};

/// Contents of a JPEG header that decoding needs.
pub(super) struct JpegHeader {
    /// Size of the pixels as they are stored.
    pub stored_size: ImageSize,
    /// Orientation in which the picture is shown.
    pub orientation: Orientation,
    /// Number of colour components: 1 for grey, 3, or 4 for CMYK.
    pub components: u8,
    /// Bits of a component.
    pub bits: u8,
    /// True if the picture comes in several scans, whose coefficients are all held in memory.
    pub is_progressive: bool,
    /// True if Adobe's marker is there: four components are then inverted.
    pub is_of_adobe: bool,
}

impl JpegHeader {
    /// Bytes that decoding takes for a pixel at most.
    pub fn bytes_per_pixel(&self) -> u64 {
        let components = u64::from(self.components);
        let decoded = if components == 4 { 7 } else { 3 };
        // A progressive picture's coefficients have two bytes.
        decoded + if self.is_progressive { 2 * components } else { 0 }
    }
}

/// Reads the segments of a JPEG file up to its first scan.
///
/// # Errors
/// The header is cut short or names no size.
pub(super) fn read(mut reader: impl BufRead + Seek) -> Result<JpegHeader, String> {
    segments(&mut reader)
        .map_err(|_| "the JPEG data is cut short in its header".to_owned())?
        .ok_or_else(|| "its header names no size".to_owned())
}

fn segments(reader: &mut (impl BufRead + Seek)) -> io::Result<Option<JpegHeader>> {
    const START_OF_SCAN: u8 = 0xDA;
    const END: u8 = 0xD9;
    const EXIF: &[u8] = b"Exif\0\0";
    let (mut orientation, mut is_of_adobe) = (None, false);
    let mut frame: Option<[u8; 6]> = None;
    let mut progressive = false;
    loop {
        let marker = next_marker(reader)?;
        if let START_OF_SCAN | END = marker {
            break;
        }
        // Markers without a segment: start of image, restarts, and one for temporary use.
        if let 0x01 | 0xD0..=0xD8 = marker {
            continue;
        }
        let length = usize::from(u16::from_be_bytes(bytes(reader)?)).saturating_sub(2);
        let used = match marker {
            // Start of frame; the other three of these markers define tables.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) && length >= 6 => {
                frame = Some(bytes(reader)?);
                progressive = matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
                6
            }
            0xE1 if orientation.is_none() && length > EXIF.len() => {
                let mut segment = vec![0; length];
                reader.read_exact(&mut segment)?;
                orientation = segment.strip_prefix(EXIF).and_then(of_exif);
                length
            }
            0xEE if length >= 5 => {
                is_of_adobe |= bytes::<5>(reader)? == *b"Adobe";
                5
            }
            _ => 0,
        };
        reader.seek_relative((length - used) as i64)?;
    }
    Ok(frame.map(|[bits, height_high, height_low, width_high, width_low, components]| JpegHeader {
        stored_size: ImageSize {
            height: usize::from(u16::from_be_bytes([height_high, height_low])),
            width: usize::from(u16::from_be_bytes([width_high, width_low])),
        },
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        components,
        bits,
        is_progressive: progressive,
        is_of_adobe,
    }))
}

/// Code of the next marker. Bytes before it are skipped, as decoders do.
fn next_marker(reader: &mut impl BufRead) -> io::Result<u8> {
    loop {
        if bytes(reader)? != [0xFF] {
            continue;
        }
        let mut code = [0xFF];
        while code == [0xFF] {
            code = bytes(reader)?;
        }
        if code != [0] {
            return Ok(code[0]);
        }
    }
}

fn bytes<const N: usize>(reader: &mut impl BufRead) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
