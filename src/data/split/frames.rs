//! Compact notation of sets of frame numbers: `0-75/3 !66 80`.

use crate::data::image_files::MAX_FRAME;
use std::collections::BTreeSet;

/// Parses a set of frames: numbers, ranges `FIRST-LAST`, ranges in steps `FIRST-LAST/STEP`, and after `!` the
/// same to remove from the set.
///
/// # Errors
/// A word is none of these; the message quotes the first.
pub fn parse_frames(text: &str) -> Result<BTreeSet<u32>, String> {
    let mut frames = BTreeSet::new();
    for word in text.split_whitespace() {
        match word.strip_prefix('!') {
            Some(word) => range(word)?.for_each(|frame| {
                frames.remove(&frame);
            }),
            None => frames.extend(range(word)?),
        }
    }
    Ok(frames)
}

fn range(word: &str) -> Result<impl Iterator<Item = u32> + use<>, String> {
    let (ends, step) = word.split_once('/').unwrap_or((word, "1"));
    let (first, last) = ends.split_once('-').unwrap_or((ends, ends));
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= MAX_FRAME);
    match (number(first), number(last), number(step)) {
        (Some(first), Some(last), Some(step)) if first <= last && step > 0 => {
            Ok((first..=last).step_by(step as usize))
        }
        _ => Err(format!("'{word}' is not a frame, FIRST-LAST or FIRST-LAST/STEP up to {MAX_FRAME}")),
    }
}
