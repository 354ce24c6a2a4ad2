//! What the program logs: what the session says, every message, and what libraries warn of.

use super::{messages::MessageLevel, state::State};
use crate::session::Event;
use std::{
    collections::VecDeque,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Older lines are forgotten.
const MOST: usize = 5000;

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When it was written first.
    pub at: SystemTime,
    /// How much it matters.
    pub severity: MessageLevel,
    /// What happened, and what to do.
    pub text: String,
    /// Report of a panic with place and backtrace, if the line is about an error of the program itself.
    pub report: Option<String>,
    /// How often it came in a row.
    pub times: usize,
}

impl LogLine {
    /// The time of day, `14:03:21`, universal time: the same in every place, like the times in a run's files.
    pub fn time(&self) -> String {
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        format!("{:02}:{:02}:{:02}", since / 3600 % 24, since / 60 % 60, since % 60)
    }

    /// The line as it is read.
    pub fn plain(&self) -> String {
        let times = if self.times > 1 { format!(" ({}×)", self.times) } else { String::new() };
        format!("{} {:<7} {}{times}", self.time(), self.severity.name(), self.text)
    }

    /// The line as it is copied, with its report below it.
    pub fn whole(&self) -> String {
        let report = self.report.iter().map(|report| format!("\n{}", report.trim_end()));
        std::iter::once(self.plain()).chain(report).collect()
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        (self.severity, &self.text, &self.report) == (other.severity, &other.text, &other.report)
    }

    fn has(&self, words: &str) -> bool {
        let texts = [Some(&self.text), self.report.as_ref()];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(words))
    }
}

/// The lines, oldest first.
#[derive(Default)]
pub struct LogBuffer(VecDeque<LogLine>);

impl LogBuffer {
    /// Writes a line; one that only repeats the last is counted instead.
    pub fn add(&mut self, severity: MessageLevel, text: impl Into<String>) {
        self.add_with_report(severity, text, None);
    }

    /// As [`LogBuffer::add`], with where in the program it happened.
    pub fn add_with_report(
        &mut self,
        severity: MessageLevel,
        text: impl Into<String>,
        report: Option<String>,
    ) {
        let line = LogLine { at: SystemTime::now(), severity, text: text.into(), report, times: 1 };
        match self.0.back_mut() {
            Some(last) if last.says_the_same_as(&line) => last.times += 1,
            _ => self.0.push_back(line),
        }
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Takes over what libraries warned of since the last call.
    pub fn listen(&mut self) {
        let warnings = std::mem::take(&mut *buffer().lock().unwrap_or_else(PoisonError::into_inner));
        for (severity, text) in warnings {
            self.add(severity, text);
        }
    }

    /// The lines that matter at least so much and hold these words, in any letters.
    pub fn matching<'a>(&'a self, least: MessageLevel, words: &str) -> Vec<&'a LogLine> {
        let words = words.trim().to_lowercase();
        let lines = self.0.iter().filter(|line| line.severity >= least);
        lines.filter(|line| words.is_empty() || line.has(&words)).collect()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl State {
    /// Writes down what the session says and no message tells.
    pub(super) fn log(&mut self, event: &Event) {
        let text = match event {
            Event::RunStarted(started) if started.history.is_empty() => {
                format!("A run starts in {}", started.out.display())
            }
            Event::RunStarted(started) => format!("The run in {} goes on", started.out.display()),
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
        self.messages.log.add(MessageLevel::Detail, text);
    }
}

/// Where the warnings of libraries wait for the window.
fn buffer() -> &'static Mutex<Vec<(MessageLevel, String)>> {
    static EAR: OnceLock<Mutex<Vec<(MessageLevel, String)>>> = OnceLock::new();
    EAR.get_or_init(Mutex::default)
}

/// Newest warning of a library, if the window has not taken it yet.
pub fn last_warning() -> Option<String> {
    buffer().lock().unwrap_or_else(PoisonError::into_inner).last().map(|(_, text)| text.clone())
}

struct Listener;

impl log::Log for Listener {
    fn enabled(&self, facts: &log::Metadata<'_>) -> bool {
        facts.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut waiting = buffer().lock().unwrap_or_else(PoisonError::into_inner);
            // Without a window nobody takes them.
            if waiting.len() < MOST {
                waiting.push((MessageLevel::Warning, format!("{}: {}", record.target(), record.args())));
            }
        }
    }

    fn flush(&self) {}
}

/// Lets libraries be heard from now on.
pub fn listen_to_libraries() {
    // In a process with another listener, that one stays.
    if log::set_logger(&Listener).is_ok() {
        log::set_max_level(log::LevelFilter::Warn);
    }
}
