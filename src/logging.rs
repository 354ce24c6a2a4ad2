//! Logging: events of the program, made with `tracing`, and those of its libraries go to stderr and to the log pane of
//! the window, each through a filter of its own.
//!
//! Events say what happened in a few words, with the facts in fields. Their levels:
//!
//! * warn: something did not work, and the rest goes on;
//! * info: what happens a few times in a session, such as a dataset that is opened or a checkpoint that is written;
//! * debug: each request, reply and step, and what is left out or dropped;
//! * trace: what happens several times a second, such as a picture that nobody took.

use crate::output::message_line;
use std::{
    collections::VecDeque,
    fmt::{self, Debug, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::set_global_default,
};
use tracing_log::{AsLog, LogTracer, NormalizeEvent};
use tracing_subscriber::filter::Targets;

/// Environment variable with directives: levels by target, as in `info,monoscope::train=debug`.
pub const VARIABLE: &str = "MONOSCOPE_LOG";

/// Target of all events of the program; their full targets are paths of modules.
const PROGRAM: &str = env!("CARGO_CRATE_NAME");

/// Events of this floor stay out of the log pane: the window tells in sentences of its own what a session publishes.
const SESSION: &str = concat!(env!("CARGO_CRATE_NAME"), "::session");

/// Maximum number of records that wait for the window; the oldest are dropped.
const MAX_WAITING: usize = 5000;

/// A directive that is neither a level nor a target with a level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{VARIABLE}: '{0}' is not a directive; give a level (off, error, warn, info, debug or trace) or TARGET=LEVEL, such as \
     {PROGRAM}::train=debug, and separate several by commas"
)]
pub struct BadDirective(String);

/// Levels of the events that are logged, by target.
#[derive(Clone, Debug)]
pub struct Filters {
    stderr: Targets,
    window: Targets,
}

impl Filters {
    /// Filters for `-v` given `verbosity` times, and for directives. The log pane shows what the program says at info
    /// level or above. Directives add to both filters; one that is a level alone replaces them.
    ///
    /// # Errors
    /// If a directive cannot be read.
    pub fn new(verbosity: u8, directives: &str) -> Result<Self, BadDirective> {
        let (own, of_libraries) = match verbosity {
            0 => (LevelFilter::OFF, LevelFilter::OFF),
            1 => (LevelFilter::INFO, LevelFilter::WARN),
            2 => (LevelFilter::DEBUG, LevelFilter::WARN),
            _ => (LevelFilter::TRACE, LevelFilter::INFO),
        };
        let stderr = Targets::new().with_default(of_libraries).with_target(PROGRAM, own);
        let window =
            Targets::new().with_target(PROGRAM, LevelFilter::INFO).with_target(SESSION, LevelFilter::OFF);
        let given = parse(directives)?;
        let extended = |usual: Targets| match given.default_level() {
            Some(_) => given.clone(),
            None => usual.with_targets(given.iter()),
        };
        Ok(Self { stderr: extended(stderr), window: extended(window) })
    }
}

/// Reads directives in the syntax of `tracing_subscriber::EnvFilter`, without those of spans. A target needs its level,
/// because a level that is misspelt would be taken for a target.
fn parse(directives: &str) -> Result<Targets, BadDirective> {
    let mut targets = Targets::new();
    for directive in directives.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let bad = || BadDirective(directive.to_owned());
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (Some(target.trim_end()), level.trim_start()),
            None => (None, directive),
        };
        // An empty level would be read as the level of errors.
        let level: LevelFilter = Some(level)
            .filter(|level| !level.is_empty())
            .and_then(|level| level.parse().ok())
            .ok_or_else(bad)?;
        let is_path = |target: &str| {
            !target.is_empty()
                && target.chars().all(|letter| letter.is_alphanumeric() || "_:-".contains(letter))
        };
        targets = match target {
            Some(target) if is_path(target) => targets.with_target(target, level),
            Some(_) => return Err(bad()),
            None => targets.with_default(level),
        };
    }
    Ok(targets)
}

fn allows(filter: &Targets, metadata: &Metadata<'_>) -> bool {
    filter.would_enable(metadata.target(), metadata.level())
}

/// Highest level that a filter allows to any of the targets that are counted.
fn highest(filter: &Targets, is_counted: impl Fn(&str) -> bool) -> LevelFilter {
    let named = filter.iter().filter(|(target, _)| is_counted(target)).map(|(_, level)| level);
    named.chain(filter.default_level()).max().unwrap_or(LevelFilter::OFF)
}

/// An event in words, for the log pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// Time of the event.
    pub at: SystemTime,
    /// Level of the event.
    pub level: Level,
    /// Floor of the program or target of the library, the event in words, and its fields, in one line.
    pub text: String,
}

/// Events that wait for the window. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct WindowLog(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<LogRecord>,
    /// The newest warning or error of a library, in words.
    problem: Option<String>,
}

impl WindowLog {
    /// Takes the events since the last call, oldest first.
    pub fn take(&self) -> VecDeque<LogRecord> {
        std::mem::take(&mut self.lock().records)
    }

    /// The newest warning or error of a library, even if the filter keeps it from the log pane: eframe reports only
    /// there why it opens no window.
    pub fn last_problem_of_libraries(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Records are only pushed and taken, so the queue is valid even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Subscriber of all events. Nothing here looks at spans, so there are none.
pub struct Logger {
    filters: Filters,
    print: fn(fmt::Arguments<'_>),
    window: Option<WindowLog>,
}

impl Logger {
    /// Logger that prints lines by `print`, and keeps events for `window` if there is one.
    pub fn new(filters: Filters, print: fn(fmt::Arguments<'_>), window: Option<WindowLog>) -> Self {
        Self { filters, print, window }
    }

    /// Makes this the logger of the process, also for libraries that use the crate `log`. A logger that the process has
    /// already stays.
    pub fn install(self) {
        let of_libraries = self.level(|target| !target.starts_with(PROGRAM));
        if self.level(|_| true) > LevelFilter::OFF && set_global_default(self).is_ok() {
            let _ = LogTracer::builder().with_max_level(of_libraries.as_log()).init();
        }
    }

    /// Highest level of the events that are of use, of the targets that are counted.
    fn level(&self, is_counted: impl Fn(&str) -> bool) -> LevelFilter {
        // A window also remembers the last problem of a library.
        let of_window = self
            .window
            .as_ref()
            .map_or(LevelFilter::OFF, |_| highest(&self.filters.window, &is_counted).max(LevelFilter::WARN));
        highest(&self.filters.stderr, is_counted).max(of_window)
    }
}

fn is_problem_of_library(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::WARN && !metadata.target().starts_with(PROGRAM)
}

impl Subscriber for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let for_window = || allows(&self.filters.window, metadata) || is_problem_of_library(metadata);
        let is_wanted = || allows(&self.filters.stderr, metadata) || (self.window.is_some() && for_window());
        metadata.is_event() && is_wanted()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level(|_| true))
    }

    fn event(&self, event: &Event<'_>) {
        let at = SystemTime::now();
        // Events of the crate `log` have their target in a field.
        let normalised = event.normalized_metadata();
        let metadata = normalised.as_ref().unwrap_or_else(|| event.metadata());
        let mut words = Words::default();
        event.record(&mut words);
        let (target, level) = (metadata.target(), *metadata.level());
        if allows(&self.filters.stderr, metadata) {
            let milliseconds = since_epoch(at).subsec_millis();
            (self.print)(format_args!("{}.{milliseconds:03} {level:<5} {target}: {words}", time_of_day(at)));
        }
        let Some(window) = &self.window else { return };
        let own = target.strip_prefix(PROGRAM).and_then(|path| path.strip_prefix("::"));
        let origin = own.map_or(target, |path| path.split("::").next().unwrap_or(path));
        let text = format!("{origin}: {words}").split_whitespace().collect::<Vec<_>>().join(" ");
        let text = message_line(&text);
        let mut waiting = window.lock();
        if is_problem_of_library(metadata) {
            waiting.problem = Some(text.clone());
        }
        if allows(&self.filters.window, metadata) {
            waiting.records.push_back(LogRecord { at, level, text });
            if waiting.records.len() > MAX_WAITING {
                waiting.records.pop_front();
            }
        }
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Message and fields of an event.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            // Target, file and line of an event of the crate `log`.
            name if name.starts_with("log.") => Ok(()),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_one_word = !value.is_empty() && !value.contains(char::is_whitespace);
        if is_one_word || field.name() == "message" {
            self.add(field, format_args!("{value}"));
        } else {
            self.add(field, format_args!("{value:?}"));
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, format_args!("{value:.4}"));
    }
}

impl fmt::Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.message.trim_end(), self.fields)
    }
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// Time of day in UTC, `14:03:21`, like the times in a run's files.
pub fn time_of_day(at: SystemTime) -> String {
    let seconds = since_epoch(at).as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
