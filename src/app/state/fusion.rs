//! Neighbouring frames that the cloud draws with the frame that is viewed.

use crate::session::{CloudFusion, FusionRequest, Picture};
use std::sync::Arc;

/// Neighbours of the viewed frame, and the request for them.
#[derive(Default)]
pub struct FusionState {
    /// Number of frames and source of poses, as last requested.
    pub request: FusionRequest,
    /// The two newest fusions: a picture may arrive after its fusion.
    latest: [Option<Arc<CloudFusion>>; 2],
}

impl FusionState {
    /// Takes the neighbours predicted so far.
    pub fn receive(&mut self, fusion: Arc<CloudFusion>) {
        let is_update = self.latest[0].as_ref().is_some_and(|latest| latest.key == fusion.key);
        if !is_update {
            self.latest.swap(0, 1);
        }
        self.latest[0] = Some(fusion);
    }

    /// Drops the neighbours, because data or networks changed.
    pub fn clear(&mut self) {
        self.latest = [None, None];
    }

    /// Neighbours of a picture, if they were requested and predicted by the same networks.
    pub fn of(&self, picture: &Picture) -> Option<&Arc<CloudFusion>> {
        let is_of = |fusion: &&Arc<CloudFusion>| {
            fusion.key == picture.key && fusion.step == picture.step && fusion.request == self.request
        };
        self.latest.iter().flatten().find(is_of).filter(|_| self.request.frames > 1)
    }
}
