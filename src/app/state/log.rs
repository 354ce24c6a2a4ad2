//! Lines of the log: events of the session and of the program, and every message.

use super::message_level::MessageLevel;
use crate::{
    logging::{LogRecord, time_of_day},
    output::message_line,
    session::Event,
};
use std::{collections::VecDeque, time::SystemTime};
use tracing::Level;

/// Maximum number of lines; the oldest are dropped.
const MAX_LINES: usize = 5000;

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Time of its first occurrence.
    pub at: SystemTime,
    /// Importance.
    pub level: MessageLevel,
    /// Text and advice in one line.
    pub text: String,
    /// Report of a panic with location and backtrace, if the line is about an error of the program itself.
    pub report: Option<String>,
    /// Number of times that it occurred in a row.
    pub times: usize,
}

impl LogLine {
    /// The time of day in UTC, `14:03:21`, like the times in a run's files.
    pub fn time(&self) -> String {
        time_of_day(self.at)
    }

    /// The line as it is shown.
    pub fn plain(&self) -> String {
        let times = if self.times > 1 { format!(" ({}×)", self.times) } else { String::new() };
        format!("{} {:<7} {}{times}", self.time(), self.level.name(), self.text)
    }

    /// The line as it is copied, with its report below it.
    pub fn whole(&self) -> String {
        let report = self.report.iter().map(|report| format!("\n{}", report.trim_end()));
        std::iter::once(self.plain()).chain(report).collect()
    }

    fn repeats(&self, other: &Self) -> bool {
        (self.level, &self.text, &self.report) == (other.level, &other.text, &other.report)
    }

    fn has(&self, words: &str) -> bool {
        let texts = [Some(&self.text), self.report.as_ref()];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(words))
    }
}

/// The last lines, oldest first.
#[derive(Default)]
pub struct LogBuffer(VecDeque<LogLine>);

impl LogBuffer {
    /// Adds a line; one that only repeats the last is counted instead.
    pub fn add(&mut self, level: MessageLevel, text: impl Into<String>) {
        self.add_with_report(level, text, None);
    }

    /// Adds a line like [`LogBuffer::add`], with the report of a panic.
    pub fn add_with_report(&mut self, level: MessageLevel, text: impl Into<String>, report: Option<String>) {
        self.push(LogLine { at: SystemTime::now(), level, text: text.into(), report, times: 1 });
    }

    /// Adds an event that the logger kept.
    pub fn add_record(&mut self, record: LogRecord) {
        let LogRecord { at, level, text } = record;
        let level = if level <= Level::WARN { MessageLevel::Warning } else { MessageLevel::Detail };
        self.push(LogLine { at, level, text, report: None, times: 1 });
    }

    fn push(&mut self, line: LogLine) {
        let line = LogLine { text: message_line(&line.text), ..line };
        match self.0.back_mut() {
            Some(last) if last.repeats(&line) => last.times += 1,
            _ => self.0.push_back(line),
        }
        if self.0.len() > MAX_LINES {
            self.0.pop_front();
        }
    }

    /// Adds a line for an event of the session that no message reports.
    pub fn add_event(&mut self, event: &Event) {
        let text = match event {
            Event::RunStarted(started) if started.history.is_empty() => {
                format!("A run starts in {}", started.out.display())
            }
            Event::RunStarted(started) => format!("The run in {} continues", started.out.display()),
            Event::Changed(change) => {
                let setting = serde_json::to_string(&change.setting).unwrap_or_default();
                let setting = setting.trim_matches(['{', '}']).replace('"', "").replace(':', " = ");
                format!("From step {} on: {setting}", change.step)
            }
            Event::Validation(report) => {
                format!("Validation after step {}: loss {:.4}", report.step, report.loss)
            }
            _ => return,
        };
        self.add(MessageLevel::Detail, text);
    }

    /// Lines of at least this level that contain `words`, in upper or lower case.
    pub fn matching<'a>(&'a self, min: MessageLevel, words: &str) -> Vec<&'a LogLine> {
        let words = words.trim().to_lowercase();
        let lines = self.0.iter().filter(|line| line.level >= min);
        lines.filter(|line| words.is_empty() || line.has(&words)).collect()
    }

    /// True if nothing was logged yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
