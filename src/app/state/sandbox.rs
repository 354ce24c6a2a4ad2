//! Changes by hand to the frame that is viewed.

use crate::objective::Adjustment;

/// Changes of the sandbox, and those that were sent last.
pub struct Sandbox {
    /// Changes to depth, camera and motion.
    pub adjustment: Adjustment,
    /// True if both focal lengths change by the same factor.
    pub keeps_square: bool,
    sent: Option<Adjustment>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { adjustment: Adjustment::default(), keeps_square: true, sent: None }
    }
}

impl Sandbox {
    /// Changes to send to the session if they differ from those sent last: `Some(None)` removes them once the pane is
    /// no longer on the screen.
    pub fn unsent(&mut self, is_open: bool) -> Option<Option<Adjustment>> {
        let wanted = is_open.then_some(self.adjustment);
        let is_new = self.sent != wanted;
        self.sent = wanted;
        is_new.then_some(wanted)
    }
}
