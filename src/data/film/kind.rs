//! Kinds of films by their content: those that can be read, and how to make such of others.

use crate::data::{image::PictureKind, regular_file};
use std::path::Path;

/// Endings of films that can be read.
pub const ENDINGS: [&str; 3] = ["mp4", "m4v", "mov"];
/// Endings of other films.
const OTHER_ENDINGS: [&str; 14] =
    ["3gp", "asf", "avi", "flv", "m2ts", "mkv", "mpeg", "mpg", "mts", "ogv", "ts", "vob", "webm", "wmv"];

/// True if a file is a film, by its content or else by the ending of its name; only MP4 and MOV can be opened.
pub fn is_film(path: &Path) -> bool {
    let start = start_of(path);
    is_mp4(&start)
        || foreign_content(&start).is_some()
        || ((has_ending(path, &ENDINGS) || has_ending(path, &OTHER_ENDINGS))
            && PictureKind::of(&start).is_err())
}

/// True if a file begins as MP4 and MOV do.
pub(super) fn begins_as_mp4(path: &Path) -> bool {
    is_mp4(&start_of(path))
}

/// Kind of a film that cannot be read; `None` if it may be MP4 or MOV.
pub(super) fn foreign(path: &Path) -> Option<&'static str> {
    let start = start_of(path);
    match foreign_content(&start) {
        None if !start.is_empty() && !is_mp4(&start) && has_ending(path, &OTHER_ENDINGS) => {
            Some("another kind of film")
        }
        kind => kind,
    }
}

/// Advice with the command that makes a readable film of this one: H.264, 8 bits, 4:2:0, frame by frame.
pub(super) fn mending(path: &Path) -> String {
    let quoted = |path: &Path| {
        let text = path.to_string_lossy().into_owned();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:,@%".contains(letter);
        if text.chars().all(is_plain) && !text.starts_with('-') {
            text
        } else {
            let text = if text.starts_with('-') { format!("./{text}") } else { text };
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push("_h264.mp4");
    format!(
        "make one of it that can: ffmpeg -i {} -vf yadif=deint=interlaced -pix_fmt yuv420p -c:v libx264 -an {}",
        quoted(path),
        quoted(&path.with_file_name(name))
    )
}

fn is_mp4(start: &[u8]) -> bool {
    match start {
        // Pictures of phones lie in the same container.
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', b'e' | b'i', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', ..] => false,
        [_, _, _, _, kind @ ..] => {
            [b"ftyp", b"moov", b"mdat", b"wide"].iter().any(|known| kind.starts_with(known.as_slice()))
        }
        _ => false,
    }
}

fn foreign_content(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "a Matroska or WebM film",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', ..] => "an AVI film",
        [0, 0, 1, 0xBA | 0xB3, ..] => "an MPEG film",
        [0x30, 0x26, 0xB2, 0x75, ..] => "a Windows Media film",
        [b'F', b'L', b'V', 1, ..] => "a Flash film",
        [b'O', b'g', b'g', b'S', ..] => "an Ogg film",
        _ => return None,
    })
}

/// First bytes of a file; empty if it cannot be read.
fn start_of(path: &Path) -> Vec<u8> {
    let start = regular_file::open_regular(path).and_then(|(mut file, _)| regular_file::start_of(&mut file));
    start.unwrap_or_default()
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
