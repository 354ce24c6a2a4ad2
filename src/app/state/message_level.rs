//! Levels of messages and log lines.

use serde::{Deserialize, Serialize};

/// Levels of messages and log lines, in rising order of importance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageLevel {
    /// Only for the log.
    #[default]
    Detail,
    /// Information.
    #[serde(rename = "news")]
    Notice,
    /// Something did not work; everything else continues.
    Warning,
    /// The run ended.
    Failure,
}

impl MessageLevel {
    /// Every level, from the lowest.
    pub const ALL: [Self; 4] = [Self::Detail, Self::Notice, Self::Warning, Self::Failure];

    /// A word for lines of the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::Notice => "notice",
            Self::Warning => "problem",
            Self::Failure => "failure",
        }
    }

    /// Title of a message that has none of its own.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Detail | Self::Notice => "Done",
            Self::Warning => "Problem",
            Self::Failure => "The run has stopped",
        }
    }
}
