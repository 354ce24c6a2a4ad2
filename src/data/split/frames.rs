//! Compact notation of sets of frame numbers: `0-75/3 !66 80`.

use crate::data::numbering::MAX_FRAME;
use std::collections::BTreeSet;

/// Most frames that the ranges of one set may name, counted again for each range.
const MAX_NAMED: usize = 2 * (MAX_FRAME as usize + 1);

/// Set of frame numbers as it is written, not yet expanded.
#[derive(Clone, Debug)]
pub(super) struct FrameRanges(Vec<FrameRange>);

#[derive(Clone, Copy, Debug)]
struct FrameRange {
    first: u32,
    last: u32,
    step: u32,
    /// True for frames to remove from the set.
    is_removed: bool,
}

impl FrameRange {
    fn numbers(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).step_by(self.step as usize)
    }

    fn count(self) -> usize {
        ((self.last - self.first) / self.step + 1) as usize
    }
}

impl FrameRanges {
    /// Parses ranges without expanding them.
    ///
    /// # Errors
    /// A word is no range, or all together name more frames than there can be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ranges: Vec<FrameRange> = text.split_whitespace().map(range).collect::<Result<_, _>>()?;
        let named = ranges.iter().map(|range| range.count()).sum::<usize>();
        if named > MAX_NAMED {
            return Err(format!("its ranges name {named} frames, more than a drive has: write fewer"));
        }
        Ok(Self(ranges))
    }

    /// Largest number of frames that the set can have.
    pub fn max_count(&self) -> usize {
        let added = self.0.iter().filter(|range| !range.is_removed).map(|range| range.count());
        added.sum::<usize>().min(MAX_FRAME as usize + 1)
    }

    /// The set.
    pub fn expand(&self) -> BTreeSet<u32> {
        let mut frames = BTreeSet::new();
        for range in &self.0 {
            if range.is_removed {
                range.numbers().for_each(|frame| {
                    frames.remove(&frame);
                });
            } else {
                frames.extend(range.numbers());
            }
        }
        frames
    }
}

/// Parses a set of frames: numbers, ranges `FIRST-LAST`, ranges in steps `FIRST-LAST/STEP`, and after `!` the
/// same to remove from the set.
///
/// # Errors
/// A word is none of these; the message quotes the first.
pub fn parse_frames(text: &str) -> Result<BTreeSet<u32>, String> {
    FrameRanges::parse(text).map(|ranges| ranges.expand())
}

fn range(word: &str) -> Result<FrameRange, String> {
    let (word, is_removed) = word.strip_prefix('!').map_or((word, false), |word| (word, true));
    let (ends, step) = word.split_once('/').unwrap_or((word, "1"));
    let (first, last) = ends.split_once('-').unwrap_or((ends, ends));
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= MAX_FRAME);
    match (number(first), number(last), number(step)) {
        (Some(first), Some(last), Some(step)) if first <= last && step > 0 => {
            Ok(FrameRange { first, last, step, is_removed })
        }
        _ => Err(format!("'{word}' is not a frame, FIRST-LAST or FIRST-LAST/STEP up to {MAX_FRAME}")),
    }
}
