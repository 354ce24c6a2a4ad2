//! Settings that the window keeps between starts, and their file.

use super::{layout::SavedLayout, state::Recents};
use crate::data::atomic_file::write_whole;
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

/// No such file is longer.
const LONGEST: u64 = 1 << 20;
/// Time between looks for changes.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Settings of the window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Dark, light, or as the system is.
    pub theme: ThemeChoice,
    /// Magnification of everything drawn; 1 is what the screen asks for.
    pub zoom: f32,
    /// Width and height of the window in points, at zoom 1.
    pub size: [f32; 2],
    /// True if the window filled the screen.
    pub is_maximised: bool,
    /// Arrangement of the panes, "desk" in the file.
    #[serde(rename = "desk")]
    pub layout: Option<SavedLayout>,
    /// Datasets, runs and weights that were opened lately.
    pub recents: Recents,
}

/// Theme, as the file names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// Dark: pictures are judged best before it.
    #[default]
    Dark,
    /// Light.
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
    /// Reads what can be read of a file's text, and says what cannot. Each part stands for itself.
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
        let usual = Self::default();
        let mut part = Parts { parts: &mut parts, complaints: &mut complaints };
        let zoom: f32 = part.take("zoom", usual.zoom);
        let size: [f32; 2] = part.take("size", usual.size);
        let settings = Self {
            theme: part.take("theme", usual.theme),
            // NaN is in no range either.
            zoom: if (0.2..=5.0).contains(&zoom) { zoom } else { usual.zoom },
            size: if size.iter().all(|side| (200.0..=20_000.0).contains(side)) { size } else { usual.size },
            is_maximised: part.take("is_maximised", usual.is_maximised),
            layout: part.take("desk", usual.layout),
            recents: part.take("recents", usual.recents).trimmed(),
        };
        (settings, complaints)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

struct Parts<'a> {
    parts: &'a mut Map<String, Value>,
    complaints: &'a mut Vec<String>,
}

impl Parts<'_> {
    fn take<T: DeserializeOwned>(&mut self, name: &str, usual: T) -> T {
        let Some(value) = self.parts.remove(name) else { return usual };
        serde_json::from_value(value).unwrap_or_else(|error| {
            self.complaints.push(format!("{name}: {error}"));
            usual
        })
    }
}

/// Entries of the file that this version does not know: a newer one wrote them and finds them again.
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

/// Adds entries, also to those that are entries themselves.
fn add(entries: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (entries.get_mut(name), value) {
            (Some(Value::Object(entries)), Value::Object(more)) => add(entries, more),
            _ => drop(entries.insert(name.clone(), value.clone())),
        }
    }
}

/// File of the settings, written by a thread of its own and only if something changed.
pub struct Store {
    path: PathBuf,
    /// Entries of a newer version, written back unchanged.
    unknown: Map<String, Value>,
    written: String,
    looked_at: Instant,
    writing: Option<JoinHandle<Result<(), String>>>,
}

impl Store {
    /// The usual place, in the user's configuration folder; `None` if there is no such folder.
    pub fn usual_path() -> Option<PathBuf> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.config_dir().join("monoscope").join("window.json"))
    }

    /// Opens the file and reads what it says; says what is wrong with it. A file that is not there yet is
    /// in order.
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
                format!("The window starts with its usual settings where {path} cannot be used: {complaint}")
            })
            .collect();
        let store = Self { path, unknown, written: String::new(), looked_at: Instant::now(), writing: None };
        (store, settings, complaints)
    }

    /// Tells if it is time to look for changes.
    pub fn is_due(&mut self) -> bool {
        let is_due = self.looked_at.elapsed() >= PATIENCE;
        if is_due {
            self.looked_at = Instant::now();
        }
        is_due && self.writing.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Writes the settings on a helper thread, if they changed; says why the last time failed, if it did.
    pub fn keep(&mut self, settings: &Settings) -> Option<String> {
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

    /// Waits until what is being written is on the disk; says why it could not be written, if so.
    pub fn wait(&mut self) -> Option<String> {
        let outcome = self.writing.take()?.join();
        let reason = outcome.unwrap_or_else(|_| Err("the writer ended early".to_owned())).err()?;
        Some(format!("The arrangement cannot be kept in {}: {reason}", self.path.display()))
    }
}

/// The file's text; `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::metadata(path) {
        Ok(facts) if facts.len() > LONGEST => Err("it is longer than any such file".to_owned()),
        Ok(_) => fs::read_to_string(path).map(Some).map_err(|error| error.to_string()),
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
