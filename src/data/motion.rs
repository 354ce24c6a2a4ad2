//! Where the camera stands and how fast it moves, told from small pictures alone: frames around which
//! nothing moves teach nothing, and frames much closer together than KITTI's teach little.

use super::{Drive, FrameKey, FrameSource};
use crate::{config::ImageSize, panics};
use image::{RgbImage, imageops};
use rayon::prelude::*;
use std::{collections::BTreeSet, panic::AssertUnwindSafe};

/// Size of the grey thumbnails: small enough that noise averages out, large enough that motion does not.
const THUMBNAIL: (u32, u32) = (64, 20);
/// The camera stands at a frame if three quarters of its thumbnail differ by less than so many of 255 grey
/// levels from those before and after. A quarter may change at will: in KITTI a standing camera gives 1
/// here even while cars pass, where the mean difference gives 4; a moving one gives 7 to 20.
pub const STANDING_BELOW: u8 = 3;
/// What this difference should reach, a stride apart, in the livelier quarter of a drive's frames.
pub const ENOUGH_MOTION: u8 = 6;
/// No longer stride is proposed.
const LONGEST_STRIDE: usize = 10;

/// What the thumbnails of a drive tell.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveMotion {
    /// The size of its pictures, if one can be read.
    pub size: Option<ImageSize>,
    /// Frames that are there and readable.
    pub frames: usize,
    /// The frames around which the camera stands: nothing changes a stride before and after.
    pub standing: BTreeSet<u32>,
    /// The least stride at which frames differ enough: use sources that far apart.
    pub stride: u32,
    /// The median over the drive of the difference from frame to frame, in grey levels of 255.
    pub difference: u8,
}

/// Looks through a drive's first camera. `progress` is called once a frame, from several threads.
pub fn measure(source: &dyn FrameSource, drive: &Drive, progress: &(dyn Fn() + Sync)) -> DriveMotion {
    let keys: Vec<FrameKey> = drive.sides.first().map(|side| drive.keys(*side).collect()).unwrap_or_default();
    let look = |key: &FrameKey| {
        // A decoder that panics on a damaged file must cost one frame, not the whole look.
        let read = || source.contains(key).then(|| source.image(key).ok()).flatten();
        let image = panics::catch(AssertUnwindSafe(read)).ok().flatten();
        progress();
        image.map(|image| (thumbnail(&image), image.dimensions()))
    };
    let seen: Vec<_> = keys.par_iter().map(look).collect();
    let size = seen
        .iter()
        .flatten()
        .next()
        .map(|(_, (width, height))| ImageSize { height: *height as usize, width: *width as usize });
    let thumbnails: Vec<Option<Vec<u8>>> = seen.into_iter().map(|seen| Some(seen?.0)).collect();
    let typical =
        |stride: usize, part| rank(differences(&thumbnails, stride).into_iter().flatten().collect(), part, 4);
    // Most of a drive may be a halt, so the livelier frames decide. Where no stride helps, the camera stands.
    let is_enough = |stride: &usize| typical(*stride, 3).is_some_and(|it| it >= ENOUGH_MOTION);
    let stride = (1..=LONGEST_STRIDE).find(is_enough).unwrap_or(1);
    let onwards = differences(&thumbnails, stride);
    let standing = (0..keys.len())
        .filter(|index| {
            let before = index.checked_sub(stride).and_then(|before| onwards[before]);
            let after = onwards.get(*index).copied().flatten();
            let around = [before, after];
            around.iter().any(Option::is_some)
                && around.iter().flatten().all(|difference| *difference < STANDING_BELOW)
        })
        .map(|index| keys[index].frame)
        .collect();
    DriveMotion {
        size,
        frames: thumbnails.iter().flatten().count(),
        standing,
        stride: stride as u32,
        difference: typical(1, 2).unwrap_or(0),
    }
}

/// The frames of a source around which the camera stands, by drive and number.
pub fn standing_frames(source: &dyn FrameSource) -> BTreeSet<(&str, u32)> {
    let of_drive = |drive| measure(source, drive, &|| ()).standing;
    let standing = |drive| of_drive(drive).into_iter().map(|frame| (drive.folder.as_str(), frame));
    source.drives().iter().flat_map(standing).collect()
}

fn thumbnail(image: &RgbImage) -> Vec<u8> {
    let (width, height) = THUMBNAIL;
    let small = imageops::thumbnail(image, width.min(image.width()), height.min(image.height()));
    imageops::grayscale(&small).into_raw()
}

/// Differences between the pictures that far apart, by the first one's place: what three quarters of the
/// pixels do not exceed.
fn differences(thumbnails: &[Option<Vec<u8>>], stride: usize) -> Vec<Option<u8>> {
    let pairs = thumbnails.iter().zip(thumbnails.iter().skip(stride));
    pairs.map(|(before, after)| difference(before.as_deref()?, after.as_deref()?)).collect()
}

fn difference(a: &[u8], b: &[u8]) -> Option<u8> {
    // Pictures of two sizes cannot be compared.
    let changes = (a.len() == b.len()).then(|| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).collect())?;
    rank(changes, 3, 4)
}

/// The value that `part` of `parts` of the values do not exceed.
fn rank(mut values: Vec<u8>, part: usize, parts: usize) -> Option<u8> {
    values.sort_unstable();
    values.get(values.len() * part / parts).copied()
}
