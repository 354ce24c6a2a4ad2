//! The view that users requested: the frame, the maps and the changes by hand, and the part that is computed already.

use crate::{
    data::FrameKey,
    objective::{Adjustment, MapName},
    session::{FusionRequest, frame_view::PredictedFrame, jobs::Versions},
};
use std::collections::BTreeSet;

/// The requested view, and the state of its computation.
pub(super) struct Viewer {
    /// Maps that open panes show.
    pub watched: BTreeSet<MapName>,
    /// True if pictures include an inspection of their pixels.
    pub inspects: bool,
    /// Viewed frame.
    pub key: Option<FrameKey>,
    /// True if the training batch is shown while steps are made.
    pub follows_training: bool,
    /// Changes by hand to the viewed frame.
    pub adjustment: Option<Adjustment>,
    /// Neighbours of the frame to fuse.
    pub fusion: FusionRequest,
    /// True if the request has changed since the last picture.
    pub is_due: bool,
    /// Versions that the last picture was computed with.
    pub shown: Option<Versions>,
    /// Outputs of the networks for the frame, kept while changes by hand are tried out.
    pub predicted: Option<(Versions, FrameKey, PredictedFrame)>,
}

impl Default for Viewer {
    fn default() -> Self {
        Self {
            watched: BTreeSet::new(),
            inspects: false,
            key: None,
            follows_training: true,
            adjustment: None,
            fusion: FusionRequest::default(),
            is_due: false,
            shown: None,
            predicted: None,
        }
    }
}

impl Viewer {
    pub fn set_frame(&mut self, key: FrameKey) {
        self.key = Some(key);
        self.is_due = true;
    }

    pub fn set_follows_training(&mut self, follows: bool) {
        self.follows_training = follows;
        self.is_due = true;
    }

    pub fn set_adjustment(&mut self, adjustment: Option<Adjustment>) {
        self.adjustment = adjustment;
        self.is_due = true;
    }

    pub fn set_watched(&mut self, maps: BTreeSet<MapName>) {
        self.is_due |= !maps.is_subset(&self.watched);
        self.watched = maps;
    }

    pub fn set_inspects(&mut self, inspects: bool) {
        self.is_due |= inspects && !self.inspects;
        self.inspects = inspects;
    }

    /// Requests the picture again, because it was lost with its device.
    pub fn forget_picture(&mut self) {
        self.shown = None;
    }

    /// Frees the outputs that are kept while changes by hand are tried.
    pub fn forget_prediction(&mut self) {
        self.predicted = None;
    }
}
