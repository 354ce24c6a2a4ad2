//! Camera motion estimated from thumbnails, to find frames at which the camera stands still and the stride at
//! which frames differ enough. The former teach the networks nothing, and frames much closer together than
//! KITTI's little.

use super::{Drive, FrameKey, FrameSource};
use crate::{
    config::{FrameId, ImageSize},
    panics,
};
use image::{RgbImage, imageops};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};

/// Size (width, height) of the grey thumbnails: small enough that noise averages out, large enough that
/// motion does not.
const THUMBNAIL: (u32, u32) = (64, 20);
/// Difference of a frame from the frames before and after below which the camera stands still: the 75th
/// percentile over the thumbnail's pixels, of 255 grey levels. A quarter of the pixels may change freely: in
/// KITTI a standing camera has 1 here even while cars pass (the mean difference is 4 then), a moving one 7 to
/// 20.
const STANDING_BELOW: u8 = 3;
/// Sufficient difference of frames a stride apart, reached by a quarter of a drive's frames.
const SUFFICIENT_MOTION: u8 = 6;
/// Longest stride that is proposed.
const MAX_STRIDE: i32 = 10;

/// Camera motion in a drive.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveMotion {
    /// Size of most images, if one can be read.
    pub size: Option<ImageSize>,
    /// Number of readable frames.
    pub frames: usize,
    /// Frames at which the camera stands still: nothing changes to the frames a stride before and after.
    pub standing: BTreeSet<u32>,
    /// Smallest stride at which frames differ enough: the distance at which to choose the sources.
    pub stride: u32,
    /// Median over the drive of the difference from frame to frame, of 255 grey levels.
    pub difference: u8,
}

/// Measures the motion of a drive's first camera. `progress` is called once per frame, from several threads.
pub fn measure(source: &dyn FrameSource, drive: &Drive, progress: &(dyn Fn() + Sync)) -> DriveMotion {
    let keys: Vec<FrameKey> = drive.sides.first().map(|side| drive.keys(*side).collect()).unwrap_or_default();
    let measure_frame = |key: &FrameKey| {
        // A decoder that panics on a damaged file must cost one frame, not the measurement.
        let read = || source.contains(key).then(|| source.image(key).ok()).flatten();
        let image = panics::catch(AssertUnwindSafe(read)).ok().flatten();
        progress();
        image.map(|image| (thumbnail(&image), image.dimensions()))
    };
    let found: Vec<_> = keys.par_iter().map(measure_frame).collect();
    let mut counts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    found.iter().flatten().for_each(|(_, size)| *counts.entry(*size).or_default() += 1);
    let most_frequent = counts.into_iter().max_by_key(|(_, count)| *count);
    let size = most_frequent
        .map(|((width, height), _)| ImageSize { height: height as usize, width: width as usize });
    let thumbnails: BTreeMap<u32, Vec<u8>> =
        keys.iter().zip(found).filter_map(|(key, found)| Some((key.frame, found?.0))).collect();
    let neighbour = |key: &FrameKey, offset: i32| {
        source.neighbour(key, FrameId::Temporal(offset)).map(|neighbour| neighbour.frame)
    };
    // Differences of the frames a stride apart, by the first.
    let differences = |stride: i32| -> BTreeMap<u32, u8> {
        let difference = |key: &FrameKey| {
            let after = thumbnails.get(&neighbour(key, stride)?)?;
            Some((key.frame, difference(thumbnails.get(&key.frame)?, after)?))
        };
        keys.iter().filter_map(difference).collect()
    };
    let quartile = |stride: i32, number| quartile(differences(stride).into_values().collect(), number);
    // The camera may stand still for most of a drive, so the upper quartile decides. If no stride suffices,
    // it always stands still.
    let is_enough =
        |stride: &i32| quartile(*stride, 3).is_some_and(|difference| difference >= SUFFICIENT_MOTION);
    let stride = (1..=MAX_STRIDE).find(is_enough).unwrap_or(1);
    let to_next = differences(stride);
    let is_standing = |key: &&FrameKey| {
        let before = neighbour(key, -stride).and_then(|before| to_next.get(&before));
        let around = [before, to_next.get(&key.frame)];
        around.iter().any(Option::is_some)
            && around.iter().flatten().all(|difference| **difference < STANDING_BELOW)
    };
    let standing = keys.iter().filter(is_standing).map(|key| key.frame).collect();
    DriveMotion {
        size,
        frames: thumbnails.len(),
        standing,
        stride: stride as u32,
        difference: quartile(1, 2).unwrap_or(0),
    }
}

/// Frames of a source at which the camera stands still, as (drive, frame number).
pub(super) fn standing_frames(source: &dyn FrameSource) -> BTreeSet<(&str, u32)> {
    let of_drive = |drive| measure(source, drive, &|| ()).standing;
    let standing = |drive| of_drive(drive).into_iter().map(|frame| (drive.folder.as_str(), frame));
    source.drives().iter().flat_map(standing).collect()
}

fn thumbnail(image: &RgbImage) -> Vec<u8> {
    let (width, height) = THUMBNAIL;
    let small = imageops::thumbnail(image, width.min(image.width()), height.min(image.height()));
    imageops::grayscale(&small).into_raw()
}

/// Difference of two thumbnails: the 75th percentile over the pixels. `None` if their sizes differ.
fn difference(a: &[u8], b: &[u8]) -> Option<u8> {
    let changes = (a.len() == b.len()).then(|| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).collect())?;
    quartile(changes, 3)
}

/// Quartile of this number: 2 is the median, 3 the 75th percentile. `None` without values.
fn quartile(mut values: Vec<u8>, number: usize) -> Option<u8> {
    values.sort_unstable();
    values.get(values.len() * number / 4).copied()
}
