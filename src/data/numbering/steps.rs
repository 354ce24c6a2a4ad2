//! Steps and pauses between the numbers of frames.

use super::names::NameNumber;
use std::collections::BTreeMap;

/// Longest step between the numbers of a drive's frames, a second of most films: longer ones are times.
const MAX_STEP: u32 = 30;
/// Time between frames, in medians of the clip, above which the recording was interrupted.
const PAUSE: i128 = 10;

/// Difference of two whole numbers; of times, in billionths. `None` if the second is not larger.
pub(super) fn difference(a: &NameNumber, b: &NameNumber) -> Option<i128> {
    const DIGITS: usize = 9;
    let value = |number: &NameNumber| match &number.decimals {
        None => Some(number.whole),
        Some(decimals) => {
            let billionths = format!("{decimals:0<DIGITS$}");
            let billionths: i128 = billionths.get(..DIGITS)?.trim().parse().ok()?;
            number.whole.checked_mul(10_i128.pow(DIGITS as u32))?.checked_add(billionths)
        }
    };
    value(b)?.checked_sub(value(a)?).filter(|difference| *difference > 0)
}

/// Step of numbers that count frames: their most frequent difference, if half of all have it and the others are
/// multiples of it, across frames that are missing.
pub(super) fn step_of(differences: &[Option<i128>]) -> Option<u32> {
    let mut counts: BTreeMap<i128, usize> = BTreeMap::new();
    for difference in differences {
        *counts.entry((*difference)?).or_default() += 1;
    }
    // Of steps that are as frequent, the smallest.
    let most = counts.iter().max_by_key(|(difference, count)| (**count, std::cmp::Reverse(**difference)));
    let Some((step, count)) = most else { return Some(1) };
    let divides = counts.keys().all(|difference| difference % step == 0);
    let step = u32::try_from(*step).ok().filter(|step| *step <= MAX_STEP)?;
    (divides && 2 * count >= differences.len()).then_some(step)
}

/// Longest usual difference between the times of frames. Those of the same time tell nothing.
pub(super) fn pause(differences: &[Option<i128>]) -> Option<i128> {
    let mut sorted: Vec<i128> = differences.iter().flatten().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2)?.checked_mul(PAUSE)
}
