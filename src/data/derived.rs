//! Images derived from a sample's clean ones: the smaller scales of their pyramids, and the jittered inputs
//! of the networks.

use super::{augment::Jitter, image::smaller_scales};
use crate::config::FrameId;
use image::RgbImage;
use std::{borrow::Cow, collections::BTreeMap};

/// Images derived from a sample's clean ones.
#[derive(Clone, Debug)]
pub struct DerivedImages {
    /// Scales above 0, by frame.
    smaller: BTreeMap<FrameId, Vec<RgbImage>>,
    /// Jittered scale 0, by frame; `None` without jitter.
    jittered: Option<BTreeMap<FrameId, RgbImage>>,
}

impl DerivedImages {
    /// Computes pyramids with this number of scales for each frame, and the jittered images.
    pub fn new(
        images: &BTreeMap<FrameId, RgbImage>,
        scales: &BTreeMap<FrameId, usize>,
        jitter: Option<&Jitter>,
    ) -> Self {
        let smaller = images.iter().map(|(id, image)| (*id, smaller_scales(image, scales[id])));
        let jittered = |(id, image): (&FrameId, &RgbImage)| {
            let mut image = image.clone();
            if let Some(jitter) = jitter {
                jitter.apply(&mut image);
            }
            (*id, image)
        };
        Self {
            smaller: smaller.collect(),
            jittered: jitter.is_some().then(|| images.iter().map(jittered).collect()),
        }
    }
}

/// Images of a sample with those derived from them.
pub struct SampleImages<'a> {
    images: &'a BTreeMap<FrameId, RgbImage>,
    derived: Cow<'a, DerivedImages>,
}

impl<'a> SampleImages<'a> {
    pub(super) fn new(images: &'a BTreeMap<FrameId, RgbImage>, derived: Cow<'a, DerivedImages>) -> Self {
        Self { images, derived }
    }

    /// Clean image of a frame at a scale.
    pub fn at_scale(&self, id: FrameId, scale: usize) -> &RgbImage {
        scale.checked_sub(1).map_or(&self.images[&id], |index| &self.derived.smaller[&id][index])
    }

    /// Input of the networks for a frame: jittered in training, else clean.
    pub fn network_input(&self, id: FrameId) -> &RgbImage {
        self.derived.jittered.as_ref().unwrap_or(self.images).get(&id).expect("every frame is jittered")
    }
}
