//! Names that are hexadecimal numbers, as 0009, 000a and 000b.

use super::steps::step_of;
use std::collections::BTreeSet;

/// Fewest names that are taken for hexadecimal numbers, and most digits of one.
const MIN_NAMES: usize = 3;
const MAX_DIGITS: usize = 16;

/// Names in the order of their numbers, and the indices of those that do not follow the one before; `None` if the names
/// are no hexadecimal numbers of one length that count.
pub(super) fn frames<'a>(names: impl Iterator<Item = &'a str>) -> Option<(Vec<&'a str>, BTreeSet<u32>)> {
    let mut numbered: Vec<(i128, &str)> = Vec::new();
    let (mut has_digit, mut has_letter) = (false, false);
    for name in names {
        let is_number = name.len() <= MAX_DIGITS && name.bytes().all(|digit| digit.is_ascii_hexdigit());
        let is_alike = numbered.first().is_none_or(|(_, first)| first.len() == name.len());
        let number = i128::from_str_radix(name, 16).ok().filter(|_| is_number && is_alike)?;
        // In a0001 and a0002 the letter is a word.
        has_digit |= name.ends_with(|digit: char| digit.is_ascii_digit());
        has_letter |= name.ends_with(|digit: char| digit.is_ascii_alphabetic());
        numbered.push((number, name));
    }
    if !has_digit || !has_letter || numbered.len() < MIN_NAMES {
        return None;
    }
    numbered.sort_unstable();
    let difference = |pair: &[(i128, &str)]| Some(pair[1].0 - pair[0].0).filter(|difference| *difference > 0);
    let differences: Vec<Option<i128>> = numbered.windows(2).map(difference).collect();
    let step = step_of(&differences)?;
    let is_break = |(_, difference): &(u32, Option<i128>)| *difference != Some(i128::from(step));
    let breaks = (1..).zip(differences).filter(is_break).map(|(index, _)| index).collect();
    Some((numbered.into_iter().map(|(_, name)| name).collect(), breaks))
}
