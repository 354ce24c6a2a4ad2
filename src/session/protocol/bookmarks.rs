//! The bookmarked frames, which are predicted again and again while a run trains.

use crate::{data::FrameKey, objective::MapName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Frames to take snapshots of, the maps to keep and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmarks {
    /// The bookmarked frames; if there are none, no snapshots are taken.
    pub frames: Vec<FrameKey>,
    /// Maps that are kept of each frame, in addition to its image.
    pub maps: BTreeSet<MapName>,
    /// Steps from one snapshot to the next. With 0, snapshots are taken only at the start and end of a run, and
    /// when frames or maps are added.
    pub every: u64,
}

impl Bookmarks {
    /// Largest number of bookmarked frames. One frame is predicted per step, so with a snapshot every ten steps
    /// each snapshot is complete before the next.
    pub const MAX_FRAMES: usize = 8;
}
