//! Clips of pictures: which of the numbers in their names counts frames or tells the time, and which tells the clip or
//! the camera.

use super::names::{ByTexts, NameNumber, ParsedName, counts, is_constant};
use std::collections::{BTreeMap, BTreeSet};

/// Most cameras whose pictures are told apart by a number at the end.
const MAX_CAMERAS: usize = 8;
/// Largest number of such a camera, and the most digits that it is written with.
const MAX_CAMERA: i128 = 9;
const CAMERA_DIGITS: usize = 2;
/// Word in front of the number of a camera.
const CAMERA: &str = "cam";
/// Words in front of the number of a clip, whose frames are counted after it.
const CLIPS: [&str; 7] = ["clip", "scene", "seq", "shot", "snippet", "take", "video"];
/// Fewest frames that a clip has on average; a number that changes more often tells no clips.
const CLIP_FRAMES: usize = 3;

/// Frame with its place in its clip.
pub(super) struct Frame<'a> {
    /// Texts of the name or camera, by their order, and the numbers that stay the same during a clip.
    pub clip: (usize, Vec<NameNumber>),
    /// Number that counts frames, or else tells the time or the order.
    pub number: NameNumber,
    /// Numbers after a time, by which frames of the same time are sorted.
    rest: Vec<NameNumber>,
    /// Time beside a number that counts.
    pub time: Option<NameNumber>,
    /// Name of the picture.
    pub name: &'a str,
    /// True if the last number of the name is the camera's.
    pub has_camera: bool,
}

impl Frame<'_> {
    /// True if this frame is in the clip of another.
    pub fn is_in_clip_of(&self, other: &Self) -> bool {
        self.clip == other.clip && self.rest == other.rest
    }
}

/// Frames in the order of their clips and numbers; `None` if names tell nothing because few are alike.
pub(super) fn frames(parsed: ByTexts<'_>) -> Option<Vec<Frame<'_>>> {
    let count: usize = parsed.values().map(Vec::len).sum();
    if 2 * parsed.len() > count.max(2) || parsed.keys().any(|texts| texts.len() < 2) {
        return None;
    }
    let mut frames = Vec::with_capacity(count);
    let mut group = 0;
    for alike in parsed.into_values() {
        let cameras = by_camera(alike);
        let has_camera = cameras.len() > 1;
        for alike in cameras {
            frames.extend(frames_alike(alike, group, has_camera));
            group += 1;
        }
    }
    Some(frames)
}

/// Indices of the numbers that differ.
fn varying(alike: &[ParsedName<'_>]) -> Vec<usize> {
    (0..alike[0].numbers.len()).filter(|index| !is_constant(alike, *index)).collect()
}

/// Names of each camera, if the last number tells the camera: of every instant, which other numbers tell, there are the
/// same few.
fn by_camera(alike: Vec<ParsedName<'_>>) -> Vec<Vec<ParsedName<'_>>> {
    let varying = varying(&alike);
    let Some((camera, instants)) = varying.split_last().filter(|(_, instants)| !instants.is_empty()) else {
        return vec![alike];
    };
    let texts: Vec<String> = alike[0].texts[..=*camera].iter().map(|text| text.to_lowercase()).collect();
    let is_named = texts[*camera].contains(CAMERA);
    let is_clip = |text: &String| CLIPS.iter().any(|clip| text.contains(clip));
    let is_camera = |name: &ParsedName<'_>| {
        name.numbers[*camera].whole <= MAX_CAMERA && name.digits[*camera].len() <= CAMERA_DIGITS
    };
    if !alike.iter().all(is_camera) || !is_named && texts.iter().any(is_clip) {
        return vec![alike];
    }
    let instants: BTreeSet<Vec<NameNumber>> = alike.iter().map(|name| numbers_at(name, instants)).collect();
    let cameras: BTreeSet<i128> = alike.iter().map(|name| name.numbers[*camera].whole).collect();
    // A few pictures may be lost.
    let is_full = 10 * alike.len() >= 9 * instants.len() * cameras.len();
    if !is_full || cameras.len() > MAX_CAMERAS || instants.len() <= cameras.len() {
        return vec![alike];
    }
    let mut by_camera: BTreeMap<i128, Vec<ParsedName<'_>>> = BTreeMap::new();
    for name in alike {
        by_camera.entry(name.numbers[*camera].whole).or_default().push(name);
    }
    by_camera.into_values().collect()
}

/// Frames of names with the same texts, sorted.
fn frames_alike<'a>(mut alike: Vec<ParsedName<'a>>, group: usize, has_camera: bool) -> Vec<Frame<'a>> {
    let varying = varying(&alike);
    let is_time = |index: &usize| alike.iter().all(|name| name.numbers[*index].is_time());
    let (times, others): (Vec<usize>, Vec<usize>) = varying.iter().copied().partition(is_time);
    let time = times.last().copied();
    let counter = others.iter().chain(&times).copied().find(|index| counts(&mut alike, *index, &varying));
    let index = counter.or(time).or(varying.last().copied()).unwrap_or(alike[0].numbers.len() - 1);
    let (clip, rest): (Vec<usize>, Vec<usize>) = match (counter, time) {
        (Some(_), _) => (Vec::new(), Vec::new()),
        (None, Some(time)) => {
            // A number before a time may name the clip; one after it is a part of it, or something of the frame.
            let others = varying.into_iter().filter(|other| *other != time);
            let (before, after): (Vec<usize>, Vec<usize>) = others.partition(|other| *other < time);
            if has_clips(&alike, &before) { (before, after) } else { (Vec::new(), [before, after].concat()) }
        }
        (None, None) => (varying.into_iter().filter(|other| *other != index).collect(), Vec::new()),
    };
    let time = time.filter(|time| *time != index);
    let frame = |name: ParsedName<'a>| Frame {
        clip: (group, numbers_at(&name, &clip)),
        number: name.numbers[index].clone(),
        rest: numbers_at(&name, &rest),
        time: time.map(|time| name.numbers[time].clone()),
        name: name.name,
        has_camera,
    };
    let mut frames: Vec<Frame<'a>> = alike.into_iter().map(frame).collect();
    frames.sort_by(|a, b| (&a.clip, &a.number, &a.rest, a.name).cmp(&(&b.clip, &b.number, &b.rest, b.name)));
    // If the numbers after a time stay for a while, they tell clips after all.
    let runs = frames.chunk_by(|a, b| b.is_in_clip_of(a)).count();
    if CLIP_FRAMES * runs > frames.len() {
        frames.iter_mut().for_each(|frame| frame.rest.clear());
    }
    frames
}

/// True if the numbers at these indices tell clips, not something of each frame.
fn has_clips(alike: &[ParsedName<'_>], indices: &[usize]) -> bool {
    let clips: BTreeSet<Vec<NameNumber>> = alike.iter().map(|name| numbers_at(name, indices)).collect();
    CLIP_FRAMES * clips.len() <= alike.len()
}

fn numbers_at(name: &ParsedName<'_>, indices: &[usize]) -> Vec<NameNumber> {
    indices.iter().map(|index| name.numbers[*index].clone()).collect()
}
