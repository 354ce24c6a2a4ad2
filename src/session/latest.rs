//! Slots for what a session publishes latest-wins.

use super::{CloudFusion, Picture, SessionState, Trajectory};
use crate::{compute::Slot, data::FrameSource};
use std::sync::{Arc, Mutex};

/// The latest value of each kind. Nobody waits for these values; one that was not taken is replaced by the next.
#[derive(Default)]
pub(super) struct Latest {
    pub state: Mutex<Arc<SessionState>>,
    pub picture: Slot<Arc<Picture>>,
    pub trajectory: Slot<Arc<Trajectory>>,
    pub fusion: Slot<Arc<CloudFusion>>,
    /// Source of the viewed data, for users in this process that read thumbnails themselves.
    pub frames: Mutex<Option<Arc<dyn FrameSource>>>,
}
