//! What the window knows of the neighbours that are drawn with the frame that is looked at.

use crate::session::{CloudFusion, FusionRequest, Picture};
use std::sync::Arc;

/// The neighbours and how many are wanted.
#[derive(Default)]
pub struct FusionState {
    /// What the session was asked for.
    pub wanted: FusionRequest,
    /// The last two that it told: a picture may come after its neighbours.
    told: [Option<Arc<CloudFusion>>; 2],
}

impl FusionState {
    /// Takes what is there so far.
    pub fn receive(&mut self, fusion: Arc<CloudFusion>) {
        let is_more = self.told[0].as_ref().is_some_and(|told| told.key == fusion.key);
        if !is_more {
            self.told.swap(0, 1);
        }
        self.told[0] = Some(fusion);
    }

    /// Forgets what is of other data or networks.
    pub fn forget(&mut self) {
        self.told = [None, None];
    }

    /// The neighbours of what a picture shows, if they are wanted and predicted with the same networks.
    pub fn of(&self, picture: &Picture) -> Option<&Arc<CloudFusion>> {
        let is_of = |fusion: &&Arc<CloudFusion>| {
            fusion.key == picture.key && fusion.step == picture.step && fusion.request == self.wanted
        };
        self.told.iter().flatten().find(is_of).filter(|_| self.wanted.frames > 1)
    }
}
