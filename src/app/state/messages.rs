//! Messages to the user: the open ones, the history of all, and the log of both.

use super::{log::LogBuffer, message_level::MessageLevel};
use crate::{
    app::wording::for_window,
    output::message_line,
    session::{Failure, Level, Notice, RunEffect},
};

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Importance.
    pub level: MessageLevel,
    /// A few words for the kind of message.
    pub title: &'static str,
    /// A sentence about what happened.
    pub text: String,
    /// A sentence about what to do; empty if nothing.
    pub advice: String,
    /// Number of times that it occurred in a row.
    pub times: usize,
    /// True while it is on the screen as a toast.
    pub is_open: bool,
    /// Window time of its first frame as a toast, seconds.
    pub shown_at: Option<f64>,
}

/// All messages and the log.
#[derive(Default)]
pub struct Messages {
    /// Every message as a line, and everything else that was logged.
    pub log: LogBuffer,
    /// Messages, oldest first.
    pub all: Vec<Message>,
    /// True if the history is on the screen.
    pub history_is_open: bool,
}

impl Messages {
    /// Adds a message; one that only repeats the last is counted instead.
    pub fn add(&mut self, level: MessageLevel, text: impl Into<String>, advice: impl Into<String>) {
        self.add_titled(level.title(), level, &text.into(), &advice.into(), None);
    }

    /// Adds a failure of the session; `is_start` is true if a run was to be started.
    pub fn add_failure(&mut self, failure: &Failure, is_start: bool) {
        let level = match failure.effect {
            RunEffect::None | RunEffect::NotStarted => MessageLevel::Warning,
            RunEffect::Paused | RunEffect::Unsaved | RunEffect::NonFinite | RunEffect::RolledBack => {
                MessageLevel::Failure
            }
        };
        let is_refused = is_start || failure.effect == RunEffect::NotStarted;
        let title = if is_refused { "The run could not start" } else { level.title() };
        let (text, advice) = (for_window(&failure.text), for_window(&failure.advice));
        self.add_titled(title, level, &text, &advice, failure.report.clone());
    }

    /// Adds a notice of the session.
    pub fn add_notice(&mut self, notice: &Notice) {
        let level = match notice.level {
            Level::Info => MessageLevel::Notice,
            Level::Warning => MessageLevel::Warning,
            Level::Error => MessageLevel::Failure,
        };
        let (text, advice) = (for_window(&notice.text), for_window(&notice.advice));
        self.add_titled(level.title(), level, &text, &advice, notice.report.clone());
    }

    fn add_titled(
        &mut self,
        title: &'static str,
        level: MessageLevel,
        text: &str,
        advice: &str,
        report: Option<String>,
    ) {
        let (text, advice) = (message_line(text), message_line(advice));
        let line = [text.as_str(), advice.as_str()].into_iter().filter(|text| !text.is_empty());
        self.log.add_with_report(level, line.collect::<Vec<_>>().join(". "), report);
        match self.all.last_mut() {
            Some(last) if last.text == text && last.level == level => {
                last.times += 1;
                last.is_open = true;
                last.shown_at = None;
            }
            _ => {
                let (times, is_open, shown_at) = (1, true, None);
                self.all.push(Message { level, title, text, advice, times, is_open, shown_at });
            }
        }
    }
}
