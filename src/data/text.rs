//! Text files of numbers, such as poses, sensor readings and calibrations.

use super::{DataError, atomic_file::read_within, unreadable::io_reason};
use std::{io, path::Path};

/// Largest text file that is read, bytes: no file of numbers is larger.
const MAX_BYTES: u64 = 64 << 20;
/// Largest file that is read which stands beside frames and describes them, such as a calibration, bytes.
const MAX_SIDE_BYTES: u64 = 1 << 20;

/// Reads a text file.
///
/// # Errors
/// The file cannot be read or is larger than 64 MiB.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    Ok(decode(&read_within(path, MAX_BYTES)?))
}

/// Text of a file in UTF-8, or in UTF-16 as PowerShell and spreadsheets write it, without a byte order mark. Invalid
/// characters are replaced, because not all editors write UTF-8 and numbers are ASCII anyway.
pub(super) fn decode(bytes: &[u8]) -> String {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks().0.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // ASCII in UTF-16 without a mark.
        [letter, 0, ..] if *letter != 0 => utf_16(bytes, u16::from_le_bytes),
        [0, letter, ..] if *letter != 0 => utf_16(bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Reads and parses a text file, which should hold `what`.
///
/// # Errors
/// The file cannot be read, or `parse` fails with a reason.
pub(super) fn read_parsed<T>(
    what: &str,
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, DataError> {
    let text = read_text(path).map_err(|error| error.to_string());
    text.and_then(|text| parse(&text)).map_err(|reason| DataError::unreadable(what, path, reason))
}

/// Reads a text file of at most 1 MiB that stands beside frames and describes them, without a byte order mark.
///
/// # Errors
/// The reason why it cannot be read: also if it is UTF-16, which Windows' editors and PowerShell write.
pub(super) fn read_side_text(path: &Path) -> Result<String, String> {
    let bytes = read_within(path, MAX_SIDE_BYTES).map_err(|error| io_reason(&error))?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err("it is UTF-16 or no text: save it as UTF-8, in PowerShell by Set-Content -Encoding utf8"
            .to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
}

/// Parses numbers that are separated by whitespace.
///
/// # Errors
/// The first word that is not a finite number.
pub(super) fn finite_numbers(text: &str) -> Result<Vec<f64>, String> {
    let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
    text.split_whitespace()
        .map(|word| number(word).ok_or_else(|| format!("'{word}' is not a finite number")))
        .collect()
}
