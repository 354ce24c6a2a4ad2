//! Settings of the window that are saved between starts, and their file.

use super::{layout::SavedLayout, state::Recents};
use crate::data::{
    atomic_file::{read_side_file, write_whole},
    unreadable::io_reason,
};
use egui::ThemePreference;
use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tracing::debug;

/// Interval at which changes are looked for and saved.
pub(super) const SAVE_INTERVAL: Duration = Duration::from_secs(3);

/// Settings of the window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Dark, light, or the theme of the system.
    pub theme: ThemeChoice,
    /// Magnification of everything drawn; 1 is the size that the screen asks for.
    pub zoom: f32,
    /// Width and height of the window in points, at zoom 1.
    pub size: [f32; 2],
    /// True if the window filled the screen.
    pub is_maximised: bool,
    /// Layout of the panes, "desk" in the file.
    #[serde(rename = "desk")]
    pub layout: Option<SavedLayout>,
    /// Datasets, runs and weights that were opened recently.
    pub recents: Recents,
}

/// Theme, as the file names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// Dark theme, before which pictures are judged best.
    #[default]
    Dark,
    /// Light theme.
    Light,
    /// Theme of the operating system.
    System,
}

impl From<ThemeChoice> for ThemePreference {
    fn from(choice: ThemeChoice) -> Self {
        match choice {
            ThemeChoice::Dark => Self::Dark,
            ThemeChoice::Light => Self::Light,
            ThemeChoice::System => Self::System,
        }
    }
}

impl From<ThemePreference> for ThemeChoice {
    fn from(preference: ThemePreference) -> Self {
        match preference {
            ThemePreference::Dark => Self::Dark,
            ThemePreference::Light => Self::Light,
            ThemePreference::System => Self::System,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            zoom: 1.0,
            size: [1280.0, 800.0],
            is_maximised: false,
            layout: None,
            recents: Recents::default(),
        }
    }
}

impl Settings {
    /// Least size at which a window opens. A screen of many pixels a point leaves less room than another needs.
    pub const MIN_SIZE: [f32; 2] = [640.0, 400.0];

    /// Parses the settings part by part. A part that is missing or invalid gets its default; each invalid one is
    /// reported.
    pub fn read(text: &str) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let mut parts = match serde_json::from_str(text) {
            Ok(Value::Object(parts)) => parts,
            Ok(_) => Map::new(),
            Err(error) => {
                complaints.push(error.to_string());
                Map::new()
            }
        };
        let default = Self::default();
        let mut part = Parts { parts: &mut parts, complaints: &mut complaints };
        let zoom: f32 = part.take("zoom", default.zoom);
        let size: [f32; 2] = part.take("size", default.size);
        let settings = Self {
            theme: part.take("theme", default.theme),
            // Also rejects NaN, which no range contains.
            zoom: if (0.2..=5.0).contains(&zoom) { zoom } else { default.zoom },
            size: if size.iter().all(|side| side.is_finite() && *side <= 20_000.0) {
                [size[0].max(Self::MIN_SIZE[0]), size[1].max(Self::MIN_SIZE[1])]
            } else {
                default.size
            },
            is_maximised: part.take("is_maximised", default.is_maximised),
            layout: part.take("desk", default.layout),
            recents: part.take("recents", default.recents).trimmed(),
        };
        (settings, complaints)
    }

    /// Settings as JSON, as the file has them.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

struct Parts<'a> {
    parts: &'a mut Map<String, Value>,
    complaints: &'a mut Vec<String>,
}

impl Parts<'_> {
    fn take<T: DeserializeOwned>(&mut self, name: &str, default: T) -> T {
        let Some(value) = self.parts.remove(name) else { return default };
        serde_json::from_value(value).unwrap_or_else(|error| {
            self.complaints.push(format!("{name}: {error}"));
            default
        })
    }
}

/// Entries of the file that this version does not know, written by a newer one. They are kept when the file is
/// rewritten.
fn unknown_entries(text: &str) -> Map<String, Value> {
    fn unknown(found: Map<String, Value>, known: &Value) -> Map<String, Value> {
        let entries = found.into_iter().filter_map(|(name, value)| match (known.get(&name), value) {
            (None, value) => Some((name, value)),
            (Some(known @ Value::Object(_)), Value::Object(found)) => {
                Some((name, Value::Object(unknown(found, known)))).filter(|(_, value)| *value != json!({}))
            }
            (Some(_), _) => None,
        });
        entries.collect()
    }
    let all = Settings { layout: Some(SavedLayout::default()), ..Settings::default() };
    unknown(serde_json::from_str(text).unwrap_or_default(), &json!(all))
}

/// Merges entries recursively; those of `more` win.
fn add(entries: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (entries.get_mut(name), value) {
            (Some(Value::Object(entries)), Value::Object(more)) => add(entries, more),
            _ => drop(entries.insert(name.clone(), value.clone())),
        }
    }
}

/// Settings file, written on a helper thread and only if something changed.
pub struct SettingsFile {
    path: PathBuf,
    /// Entries of a newer version, written back unchanged.
    unknown: Map<String, Value>,
    written: String,
    last_checked: Instant,
    writing: Option<JoinHandle<Result<(), String>>>,
}

impl SettingsFile {
    /// Default path, in the user's configuration folder; `None` if there is no such folder.
    pub fn default_path() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.config_dir().join("monoscope").join("window.json"))
    }

    /// Opens and reads the file; also returns what is wrong with it. A file that does not exist yet is not an error.
    pub fn open(path: PathBuf) -> (Self, Settings, Vec<String>) {
        let found = read(&path);
        debug!(path = %path.display(), "settings read");
        let unknown = found.as_ref().ok().and_then(Option::as_deref).map(unknown_entries).unwrap_or_default();
        let (settings, complaints) = match found {
            Ok(Some(text)) => Settings::read(&text),
            Ok(None) => (Settings::default(), Vec::new()),
            Err(reason) => (Settings::default(), vec![reason]),
        };
        let complaints = complaints
            .into_iter()
            .map(|complaint| {
                let path = path.display();
                format!("The window starts with default settings where {path} cannot be used: {complaint}")
            })
            .collect();
        let store =
            Self { path, unknown, written: String::new(), last_checked: Instant::now(), writing: None };
        (store, settings, complaints)
    }

    /// Returns true if it is time to look for changes and the last write has ended.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.last_checked.elapsed() >= SAVE_INTERVAL;
        if is_due {
            self.last_checked = Instant::now();
        }
        is_due && self.writing.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Writes the settings on a helper thread if they changed. Returns the reason if the write before failed.
    pub fn save(&mut self, settings: &Settings) -> Option<String> {
        let failure = self.wait();
        let text = self.text(settings);
        if text != self.written {
            self.written.clone_from(&text);
            let path = self.path.clone();
            debug!(path = %path.display(), "settings changed");
            self.writing = Some(thread::spawn(move || write(&path, &text)));
        }
        failure
    }

    fn text(&self, settings: &Settings) -> String {
        match serde_json::to_value(settings) {
            Ok(Value::Object(mut entries)) if !self.unknown.is_empty() => {
                add(&mut entries, &self.unknown);
                serde_json::to_string_pretty(&entries).unwrap_or_default()
            }
            _ => settings.text(),
        }
    }

    /// Waits for the write in progress. Returns the reason if it failed.
    pub fn wait(&mut self) -> Option<String> {
        let outcome = self.writing.take()?.join();
        let reason = outcome.unwrap_or_else(|_| Err("the writer ended early".to_owned())).err()?;
        Some(format!("The settings cannot be saved in {}: {reason}", self.path.display()))
    }
}

/// The file's text; `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::metadata(path) {
        Ok(_) => read_side_file(path).map(Some).map_err(|error| io_reason(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let whole = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        write_whole(path, |file| file.write_all(text.as_bytes()))
    };
    whole().map_err(|error| error.to_string())
}
