//! Frame numbers of pictures from their names.

mod clips;
mod hexadecimal;
mod names;
mod steps;
mod times;

use super::{NumberedBy, RemarkKind, Remarks};
use clips::{Frame, frames};
use names::{ByTexts, ParsedName, parse};
use std::collections::{BTreeMap, BTreeSet};
use steps::{difference, pause, step_of};
use times::join_times;

/// Largest frame number: nine hours at thirty frames per second.
pub(super) const MAX_FRAME: u32 = 999_999;
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
    /// Names whose last number is that of one of several cameras.
    of_cameras: Vec<&'a str>,
}

impl<'a> Numbering<'a> {
    /// Numbers pictures by their names without ending, sorted
    /// ([Data layouts](crate::objective::method#data-layouts) of the method).
    pub fn of(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        if let Some((names, breaks)) = hexadecimal::frames(names.clone()) {
            return in_order(names.into_iter(), breaks);
        }
        let mut parsed = parse(names.clone());
        parsed.values_mut().for_each(|alike| join_times(alike));
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
        const CAMERAS: &str =
            "pictures of several cameras, which the last number of their names tells: each camera is a clip";
        add(RemarkKind::Separated, CAMERAS, &mut self.of_cameras.iter().copied());
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

fn number<'a>(frames: &[Frame<'a>]) -> Numbering<'a> {
    let clips: Vec<&[Frame<'_>]> = frames.chunk_by(|a, b| b.is_in_clip_of(a)).collect();
    let step = step_of(&clips.iter().flat_map(|clip| differences(clip)).collect::<Vec<_>>());
    let by_name = step.and_then(|step| Some((by_name(frames, step)?, step)));
    let is_by_name = by_name.is_some();
    let longest = |differences: &[Option<i128>]| match step {
        Some(_) if is_by_name => None,
        Some(step) => Some(i128::from(step)),
        None => pause(differences),
    };
    let starts = starts(&clips, longest);
    let of_cameras = frames.iter().filter(|frame| frame.has_camera).map(|frame| frame.name).collect();
    match by_name {
        Some((numbered, step)) => {
            let start = |index: usize| frames[index].number.whole.try_into().ok();
            let breaks = starts.into_iter().filter_map(start).collect();
            let (by, strays) = (NumberedBy::Name, Vec::new());
            Numbering { frames: numbered, step, breaks, by, strays, of_cameras }
        }
        None => {
            let breaks = starts.into_iter().filter_map(|index| index.try_into().ok()).collect();
            Numbering { of_cameras, ..in_order(frames.iter().map(|frame| frame.name), breaks) }
        }
    }
}

/// Indices of the frames that do not follow the one before: the first ones of clips, those after a pause, and those whose
/// number differs by more than `longest` of all differences of its clip.
fn starts(clips: &[&[Frame<'_>]], longest: impl Fn(&[Option<i128>]) -> Option<i128>) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut first = 0;
    for clip in clips {
        let numbers = differences(clip);
        let time = |pair: &[Frame<'_>]| difference(pair[0].time.as_ref()?, pair[1].time.as_ref()?);
        let times: Vec<Option<i128>> = clip.windows(2).map(time).collect();
        let (longest, pause) = (longest(&numbers), pause(&times));
        let is_above = |difference: Option<i128>, longest: Option<i128>| {
            difference.zip(longest).is_some_and(|(difference, longest)| difference > longest)
        };
        starts.extend(Some(first).filter(|first| *first > 0));
        let is_start = |index: &usize| is_above(numbers[*index], longest) || is_above(times[*index], pause);
        starts.extend((0..numbers.len()).filter(is_start).map(|index| first + index + 1));
        first += clip.len();
    }
    starts
}

/// Differences of the numbers of neighbouring frames.
fn differences(clip: &[Frame<'_>]) -> Vec<Option<i128>> {
    clip.windows(2).map(|pair| difference(&pair[0].number, &pair[1].number)).collect()
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
        of_cameras: Vec::new(),
    }
}
