//! What is tried in the sandbox.

use crate::objective::Adjustment;

/// The changes by hand, and what the session knows of them.
pub struct Sandbox {
    /// The changes.
    pub adjustment: Adjustment,
    /// Whether both focal lengths change alike.
    pub keeps_square: bool,
    told: Option<Adjustment>,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { adjustment: Adjustment::default(), keeps_square: true, told: None }
    }
}

impl Sandbox {
    /// What the session must be told, if that is news: the changes while the pane is on the screen, else none.
    pub fn news(&mut self, is_open: bool) -> Option<Option<Adjustment>> {
        let wanted = is_open.then_some(self.adjustment);
        let is_news = self.told != wanted;
        self.told = wanted;
        is_news.then_some(wanted)
    }
}
