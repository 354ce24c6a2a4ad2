//! Making of one sample from its frames ([Samples](crate::objective::method#samples) of the method).

use crate::{
    config::{FrameId, ImageSize, ObjectiveConfig},
    data::{
        DataError, DerivedImages, FrameKey, FrameSource, ResizedFrame, STEREO_SHIFT, Sample, Side,
        augment::{Augmentation, mirror},
    },
};
use std::collections::BTreeMap;

/// Place where pyramids and jittered images are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparation {
    /// Loader, on the worker threads: for the CPU backend.
    Loader,
    /// Upload to tensors, on the device: for the GPU backend.
    Upload,
}

/// Content of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleOptions {
    /// Size of scale 0.
    pub size: ImageSize,
    /// Number of scales of the target's pyramid, at least 1; each has half the size of the one before.
    pub scales: usize,
    /// Frames, including the target.
    pub frame_ids: Vec<FrameId>,
    /// True to give every frame all scales, not only the target.
    pub full_pyramid: bool,
    /// Place where scales above 0 and jittered images are made.
    pub preparation: Preparation,
}

impl SampleOptions {
    /// Content that an objective over images of this size needs, with the derived images left to the upload.
    pub fn of(objective: &ObjectiveConfig, size: ImageSize) -> Self {
        Self {
            size,
            scales: objective.scales.iter().max().map_or(1, |scale| scale + 1),
            frame_ids: objective.frame_ids.clone(),
            full_pyramid: objective.v1_multiscale,
            preparation: Preparation::Upload,
        }
    }

    fn scales_of(&self, id: FrameId) -> usize {
        if self.full_pyramid || id == FrameId::TARGET { self.scales.max(1) } else { 1 }
    }

    /// These options reduced to the frames that exist around a target, to show targets at either end of a drive.
    pub fn present(&self, source: &dyn FrameSource, target: &FrameKey) -> Self {
        let exists = |id: &FrameId| source.neighbour(target, *id).is_some_and(|key| source.contains(&key));
        let frame_ids = self.frame_ids.iter().copied().filter(exists).collect();
        Self { frame_ids, ..self.clone() }
    }
}

/// Reads and mirrors the frames of a target; with [`Preparation::Loader`] also makes pyramids and jittered
/// images. Mirroring follows resizing, which is cheaper and bit-identical because the filter is symmetric.
///
/// # Errors
/// A frame does not exist, cannot be read, or has another size than the first.
pub fn load_sample(
    source: &dyn FrameSource,
    target: &FrameKey,
    options: &SampleOptions,
    augmentation: &Augmentation,
) -> Result<Sample, DataError> {
    let mut expected_size = None;
    let mut images = BTreeMap::new();
    for id in &options.frame_ids {
        let key = source.neighbour(target, *id).ok_or_else(|| {
            DataError::Unusable(format!(
                "'{target}' has no frame {}: drop it from the split by a pre-scan",
                id.label()
            ))
        })?;
        let ResizedFrame { mut image, native_size } = source.resized(&key, options.size)?;
        let expected_size = *expected_size.get_or_insert(native_size);
        if native_size != expected_size {
            return Err(DataError::Unusable(format!(
                "'{key}' has {native_size} pixels, '{target}' {expected_size}: \
                 frames that are compared must come from one camera"
            )));
        }
        if augmentation.mirror {
            mirror(&mut image);
        }
        images.insert(*id, image);
    }
    let scales = options.frame_ids.iter().map(|id| (*id, options.scales_of(*id))).collect();
    let derived = match options.preparation {
        Preparation::Loader => Some(DerivedImages::new(&images, &scales, augmentation.jitter.as_ref())),
        Preparation::Upload => None,
    };
    let intrinsics = source.intrinsics(target);
    let shift_x = match target.side {
        Side::Left => -STEREO_SHIFT,
        Side::Right => STEREO_SHIFT,
    };
    Ok(Sample {
        key: target.clone(),
        intrinsics: if augmentation.mirror { intrinsics.mirrored() } else { intrinsics },
        images,
        scales,
        augmentation: augmentation.clone(),
        derived,
        stereo_shift_x: if augmentation.mirror { -shift_x } else { shift_x },
    })
}
