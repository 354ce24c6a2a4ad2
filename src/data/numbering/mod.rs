//! Frame numbers of pictures from their names.

mod names;

use super::{NumberedBy, RemarkKind, Remarks};
use names::{NameNumber, ParsedName, is_constant, parse};
use std::collections::{BTreeMap, BTreeSet};

/// Largest frame number: nine hours at thirty frames per second.
pub(super) const MAX_FRAME: u32 = 999_999;
/// Longest step between the numbers of a drive's frames, a second of most films: longer ones are times.
const MAX_STEP: u32 = 30;
/// Time between frames, in medians of the drive, above which the recording was interrupted.
const PAUSE: u128 = 10;
/// Smallest number that is taken for seconds since 1970: a time in 1973.
const EPOCH_SECONDS: u128 = 100_000_000;
/// Fewest pictures of like names beside which a picture of another name is no frame.
const MIN_ALIKE: usize = 3;

/// Frame numbers of the pictures of a drive.
#[derive(Clone, Debug)]
pub(super) struct Numbering<'a> {
    /// Names of the pictures by frame number.
    pub frames: BTreeMap<u32, &'a str>,
    /// Difference of the numbers of neighbouring frames.
    pub step: u32,
    /// Numbers of the frames that do not follow the one before.
    pub breaks: BTreeSet<u32>,
    /// Rule of the numbers.
    pub by: NumberedBy,
    /// Names that are no frames, because no other is like them.
    pub strays: Vec<&'a str>,
}

/// Frame with its number in its clip. Frames of one clip follow each other.
struct Frame<'a> {
    /// Texts of the name, and its numbers that stay the same during a clip.
    clip: (Vec<String>, Vec<NameNumber>),
    number: NameNumber,
    name: &'a str,
}

impl<'a> Numbering<'a> {
    /// Numbers pictures by their names without ending, sorted
    /// ([Data layouts](crate::objective::method#data-layouts) of the method).
    pub fn of(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut parsed = parse(names.clone());
        let strays = split_strays(&mut parsed);
        let numbering = match frames(parsed) {
            Some(frames) => number(&frames),
            None => in_order(names.filter(|name| !strays.contains(name)), BTreeSet::new()),
        };
        Self { strays, ..numbering }
    }

    /// Adds to `remarks` what nobody would expect from the names.
    pub fn remark(&self, remarks: &mut Remarks, drive: &str) {
        let mut add = |kind, what: &str, names: &mut dyn Iterator<Item = &str>| {
            names.for_each(|name| remarks.add(kind, Some(drive), what, name));
        };
        const STRAYS: &str = "pictures left out, unlike all others by name";
        add(RemarkKind::LeftOut, STRAYS, &mut self.strays.iter().copied());
        let what = self.remark_on_numbers();
        if let Some(what) = what.filter(|_| self.frames.len() > 1) {
            add(RemarkKind::Numbered, &what, &mut self.frames.values().copied());
        }
        const BREAKS: &str = "breaks told by the names of files, which no sample crosses; first after";
        let after = |number| self.frames.get(number).copied();
        add(RemarkKind::Separated, BREAKS, &mut self.breaks.iter().filter_map(after));
    }

    fn remark_on_numbers(&self) -> Option<String> {
        let has_digit = |name: &&str| name.contains(|letter: char| letter.is_ascii_digit());
        match self.by {
            NumberedBy::Name if self.step > 1 => Some(format!(
                "frames numbered as in their names, in steps of {0}: those {0} numbers apart are neighbours",
                self.step
            )),
            NumberedBy::Name if !self.frames.values().is_sorted() => {
                Some("frames sorted by the numbers in their names, not by letters".to_owned())
            }
            NumberedBy::Name => None,
            NumberedBy::Order if self.frames.values().all(has_digit) => Some(
                "frames numbered by their order from 0, because the numbers in their names do not count them"
                    .to_owned(),
            ),
            NumberedBy::Order => Some("frames numbered by the order of their names from 0".to_owned()),
        }
    }
}

type ByTexts<'a> = BTreeMap<Vec<String>, Vec<ParsedName<'a>>>;

/// Takes away names that no other is like if most are alike: a cover, a copy.
fn split_strays<'a>(parsed: &mut ByTexts<'a>) -> Vec<&'a str> {
    let count: usize = parsed.values().map(Vec::len).sum();
    let singles = parsed.values().filter(|alike| alike.len() == 1).count();
    let is_main = |alike: &Vec<ParsedName<'_>>| alike.len() >= MIN_ALIKE && !alike[0].numbers.is_empty();
    if 4 * singles > count || !parsed.values().any(is_main) {
        return Vec::new();
    }
    parsed
        .extract_if(.., |_, alike| alike.len() == 1)
        .flat_map(|(_, alike)| alike)
        .map(|name| name.name)
        .collect()
}

/// Frames in the order of their clips and numbers; `None` if names tell nothing because few are alike.
fn frames(parsed: ByTexts<'_>) -> Option<Vec<Frame<'_>>> {
    let count: usize = parsed.values().map(Vec::len).sum();
    if 2 * parsed.len() > count.max(2) || parsed.keys().any(|texts| texts.len() < 2) {
        return None;
    }
    let mut frames = Vec::with_capacity(count);
    for (texts, mut alike) in parsed {
        let varying: Vec<usize> =
            (0..alike[0].numbers.len()).filter(|index| !is_constant(&alike, *index)).collect();
        let counter = varying.iter().copied().find(|index| repeats(&mut alike, *index, &varying));
        let index = counter.or(varying.last().copied()).unwrap_or(alike[0].numbers.len() - 1);
        for ParsedName { name, mut numbers, .. } in alike {
            let number = numbers.remove(index);
            let numbers = if counter.is_some() { Vec::new() } else { numbers };
            frames.push(Frame { clip: (texts.clone(), numbers), number, name });
        }
    }
    frames.sort_by(|a, b| (&a.clip, &a.number, a.name).cmp(&(&b.clip, &b.number, b.name)));
    Some(frames)
}

/// True if the other numbers only repeat the one at this index, as a time beside a count does: they grow with it
/// from frame to frame. Seconds since 1970 may stay the same.
fn repeats(alike: &mut [ParsedName<'_>], index: usize, varying: &[usize]) -> bool {
    alike.sort_by(|a, b| a.numbers[index].cmp(&b.numbers[index]));
    let follows = |pair: &[ParsedName<'_>]| {
        let [a, b] = pair else { return true };
        let grows = |other: &usize| {
            let (a, b) = (&a.numbers[*other], &b.numbers[*other]);
            a < b || *other != index && a == b && a.whole >= EPOCH_SECONDS
        };
        varying.iter().all(grows)
    };
    alike.windows(2).all(follows)
}

fn number<'a>(frames: &[Frame<'a>]) -> Numbering<'a> {
    let clips: Vec<&[Frame<'_>]> = frames.chunk_by(|a, b| a.clip == b.clip).collect();
    let differences: Vec<Option<u128>> = clips
        .iter()
        .flat_map(|clip| clip.windows(2))
        .map(|pair| difference(&pair[0].number, &pair[1].number))
        .collect();
    let step = step_of(&differences);
    // Where the last number does not count, as milliseconds after a time, another number ends no clip.
    let has_clips = clips.len() > 1 && (step.is_some() || 3 * differences.len() < frames.len());
    let names = frames.iter().map(|frame| frame.name);
    if let Some(step) = step
        && let Some(numbered) = by_name(frames, step)
    {
        let starts = clips.iter().skip(1).filter_map(|clip| clip[0].number.whole.try_into().ok());
        let breaks = starts.filter(|_| has_clips).collect();
        return Numbering { frames: numbered, step, breaks, by: NumberedBy::Name, strays: Vec::new() };
    }
    let longest = match step {
        Some(step) => Some(u128::from(step)),
        None => pause(&differences).filter(|_| clips.len() == 1),
    };
    let mut breaks = BTreeSet::new();
    for (index, pair) in (1..).zip(frames.windows(2)) {
        let is_pause = || {
            let difference = difference(&pair[0].number, &pair[1].number);
            longest.is_some_and(|longest| difference.is_some_and(|difference| difference > longest))
        };
        let is_same = pair[0].clip == pair[1].clip;
        if !is_same && has_clips || is_same && is_pause() {
            breaks.insert(index);
        }
    }
    in_order(names, breaks)
}

/// Frames by the numbers in their names; `None` if two have the same or a number is too large.
fn by_name<'a>(frames: &[Frame<'a>], step: u32) -> Option<BTreeMap<u32, &'a str>> {
    let number =
        |frame: &Frame<'_>| u32::try_from(frame.number.whole).ok().filter(|number| *number <= MAX_FRAME);
    let first = number(frames.first()?)?;
    let mut numbered = BTreeMap::new();
    for frame in frames {
        let number = number(frame).filter(|number| number.abs_diff(first).is_multiple_of(step))?;
        if numbered.insert(number, frame.name).is_some() || frame.number.decimals.is_some() {
            return None;
        }
    }
    // Clips whose numbers interleave cannot be told apart by breaks between numbers.
    let is_in_order = frames.windows(2).all(|pair| pair[0].number < pair[1].number);
    is_in_order.then_some(numbered)
}

fn in_order<'a>(names: impl Iterator<Item = &'a str>, breaks: BTreeSet<u32>) -> Numbering<'a> {
    Numbering {
        frames: (0..).zip(names).collect(),
        step: 1,
        breaks,
        by: NumberedBy::Order,
        strays: Vec::new(),
    }
}

/// Difference of two whole numbers; of times, in billionths. `None` if the second is not larger.
fn difference(a: &NameNumber, b: &NameNumber) -> Option<u128> {
    const DIGITS: usize = 9;
    let value = |number: &NameNumber| match &number.decimals {
        None => Some(number.whole),
        Some(decimals) => {
            let billionths = format!("{decimals:0<DIGITS$}");
            let billionths: u128 = billionths.get(..DIGITS)?.trim().parse().ok()?;
            number.whole.checked_mul(10_u128.pow(DIGITS as u32))?.checked_add(billionths)
        }
    };
    value(b)?.checked_sub(value(a)?).filter(|difference| *difference > 0)
}

/// Step of numbers that count frames: their most frequent difference, if half of all have it and the others are
/// multiples of it, across frames that are missing.
fn step_of(differences: &[Option<u128>]) -> Option<u32> {
    let mut counts: BTreeMap<u128, usize> = BTreeMap::new();
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

/// Longest usual difference between the times of frames.
fn pause(differences: &[Option<u128>]) -> Option<u128> {
    let mut sorted: Vec<u128> = differences.iter().copied().collect::<Option<_>>()?;
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2)?.checked_mul(PAUSE)
}
