//! Cameras of a stereo pair by name: the words left and right in the names of folders and pictures.

use crate::data::Side;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Words for the side of a camera, in small letters; the longer ones count first.
const WORDS: [(&str, Side); 4] =
    [("left", Side::Left), ("right", Side::Right), ("l", Side::Left), ("r", Side::Right)];
/// Words in the names of cameras that look to all sides, of which no two are known to be a stereo pair.
const RINGS: [&str; 6] = ["front", "back", "rear", "side", "ring", "surround"];
/// Fewest pairs of pictures in one folder that are taken for those of a stereo pair.
const MIN_PAIRS: usize = 3;
/// Share of the pictures of one camera for which the other must have one too: half.
const SHARED: usize = 2;

/// Side that a name says, and the name with `*` in its place; `None` if it says none.
fn side_of(name: &str) -> Option<(Side, String)> {
    let lower = name.to_ascii_lowercase();
    if RINGS.iter().any(|ring| lower.contains(ring)) {
        return None;
    }
    WORDS.iter().find_map(|(word, side)| {
        let (start, _) = lower.rmatch_indices(word).find(|(start, _)| is_word(name, *start, word.len()))?;
        Some((*side, format!("{}*{}", &name[..start], &name[start + word.len()..])))
    })
}

/// True if letters of a name are a word of its own, as in `cam_left`, `0001L` and `leftImage`.
fn is_word(name: &str, start: usize, length: usize) -> bool {
    let (before, rest) = name.split_at(start);
    let (word, after) = rest.split_at(length);
    let is_capital = |text: &str| text.starts_with(char::is_uppercase);
    let begins = before
        .chars()
        .last()
        .is_none_or(|letter| !letter.is_alphabetic() || letter.is_lowercase() && is_capital(word));
    let ends = after.chars().next().is_none_or(|letter| {
        !letter.is_alphabetic() || letter.is_uppercase() && !word.ends_with(char::is_uppercase)
    });
    begins && ends
}

/// Pairs of names that differ in the side only, left and right.
pub(super) fn pairs_of_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<[&'a str; 2]> {
    let mut by_rest: BTreeMap<String, [Option<&str>; 2]> = BTreeMap::new();
    for name in names {
        if let Some((side, rest)) = side_of(name) {
            by_rest.entry(rest.to_lowercase()).or_default()[side as usize] = Some(name);
        }
    }
    let pair = |[left, right]: [Option<&'a str>; 2]| Some([left?, right?]);
    by_rest.into_values().filter_map(pair).collect()
}

/// Pictures of the left and the right camera in one folder, by their names without the side; `None` if not all names say
/// a side, or few are pairs.
pub(super) fn split_by_side(pictures: &BTreeMap<String, PathBuf>) -> Option<[BTreeMap<String, PathBuf>; 2]> {
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    for (name, path) in pictures {
        let (side, rest) = side_of(name)?;
        sides[side as usize].insert(rest, path.clone());
    }
    let [left, right] = &sides;
    let shared = left.keys().filter(|name| right.contains_key(*name)).count();
    let is_whole = left.len() + right.len() == pictures.len();
    let is_paired = shared >= MIN_PAIRS && SHARED * shared >= left.len().max(right.len());
    (is_whole && is_paired).then_some(sides)
}

/// True if nearly all frames of two cameras have the same numbers, as those of a stereo pair do.
pub(super) fn are_pairs(one: &BTreeSet<u32>, other: &BTreeSet<u32>) -> bool {
    let most = one.len().max(other.len());
    most > 0 && 10 * one.intersection(other).count() >= 9 * most
}
