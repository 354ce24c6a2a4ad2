//! The run that `Train` will start: the configuration itself and the folder it is written to.

use crate::config::{ConfigOption, Preset, RunConfig, Setting};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the training pane edits.
pub struct TrainingForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// The configuration.
    pub config: RunConfig,
    /// The run folder as text, so that it can be typed.
    pub out: String,
    /// Which options are looked for; all, if empty.
    pub search: String,
    /// Texts that are being typed, or were and are no value.
    drafts: BTreeMap<&'static str, Draft>,
    /// Where run folders are made.
    parent: PathBuf,
}

/// A text that is typed.
struct Draft {
    text: String,
    /// Why it is no value, if so.
    refusal: Option<String>,
}

/// An option as the form shows it.
pub struct Row {
    /// What it is.
    pub option: &'static ConfigOption,
    /// Its value as text, or what is typed.
    pub text: String,
    /// The preset's value.
    pub preset: String,
    /// Why it cannot stay so, if so.
    pub refusal: Option<String>,
}

impl Row {
    /// Whether it is not as the preset has it.
    pub fn is_changed(&self) -> bool {
        self.text != self.preset
    }

    /// Whether a search is for this option: by name, flag, group or words of its help.
    pub fn is_found_by(&self, search: &str) -> bool {
        let ConfigOption { heading, help, .. } = self.option;
        let text = format!("{} {} {heading} {help}", self.option.label(), self.option.flag()).to_lowercase();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

impl TrainingForm {
    /// The small preset, written to a folder under `parent` that does not exist yet.
    pub fn new(parent: &Path) -> Self {
        let preset = Preset::Small;
        let mut form = Self {
            preset,
            config: preset.config(),
            out: String::new(),
            search: String::new(),
            drafts: BTreeMap::new(),
            parent: parent.to_owned(),
        };
        form.choose_free_folder();
        form
    }

    /// Sets every option as a preset has it.
    pub fn choose_preset(&mut self, preset: Preset) {
        self.preset = preset;
        self.config = preset.config();
        self.drafts.clear();
    }

    /// Whether an option was changed since the preset was chosen.
    pub fn is_changed(&self) -> bool {
        self.config != self.preset.config() || !self.drafts.is_empty()
    }

    /// Every option, in the order of `--help`.
    pub fn rows(&self) -> Vec<Row> {
        let (mut texts, mut preset) = (self.config.texts(), self.preset.config().texts());
        let refused = self.config.validate().err();
        let refused = refused.as_ref().and_then(|error| Some((error.option()?.name, error)));
        let row = |option: &'static ConfigOption| {
            let draft = self.drafts.get(option.name);
            let text = texts.remove(option.name).unwrap_or_default();
            let refusal =
                refused.filter(|(name, _)| *name == option.name).map(|(_, error)| error.to_string());
            Row {
                option,
                text: draft.map_or(text, |draft| draft.text.clone()),
                preset: preset.remove(option.name).unwrap_or_default(),
                refusal: draft.and_then(|draft| draft.refusal.clone()).or(refusal),
            }
        };
        ConfigOption::all().iter().map(row).collect()
    }

    /// The options that may be changed in the middle of a run.
    pub fn live_rows(&self) -> Vec<Row> {
        let mut rows = self.rows();
        let live = Setting::all(&self.config).map(Setting::option);
        rows.retain(|row| live.iter().any(|name| name == row.option.name));
        rows.sort_by_key(|row| live.iter().position(|name| name == row.option.name));
        rows
    }

    /// Gives an option the value that a text says; a text that is no value is kept with the reason.
    pub fn set(&mut self, option: &'static ConfigOption, text: &str) {
        match option.set(&self.config, text) {
            Ok(mut config) => {
                self.drafts.remove(option.name);
                if config.network.depth_network != self.config.network.depth_network {
                    config.objective.scales = config.network.depth_network.scales().to_vec();
                }
                self.config = config;
            }
            Err(error) => {
                let draft = Draft { text: text.to_owned(), refusal: Some(error.0) };
                self.drafts.insert(option.name, draft);
            }
        }
    }

    /// As [`TrainingForm::set`], while the text is typed: it stays as it is, with its spaces.
    pub fn type_in(&mut self, option: &'static ConfigOption, text: &str) {
        self.set(option, text);
        let refusal = self.drafts.remove(option.name).and_then(|draft| draft.refusal);
        self.drafts.insert(option.name, Draft { text: text.to_owned(), refusal });
    }

    /// The typing is over: what is a value is shown as such.
    pub fn end_typing(&mut self, option: &ConfigOption) {
        if self.drafts.get(option.name).is_some_and(|draft| draft.refusal.is_none()) {
            self.drafts.remove(option.name);
        }
    }

    /// Why no run can be started with these options, if so.
    pub fn refusal(&self) -> Option<String> {
        let typed = self.drafts.values().find_map(|draft| draft.refusal.clone());
        typed.or_else(|| self.config.validate().err().map(|error| error.to_string()))
    }

    /// The run folder.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(self.out.trim())
    }

    /// Where run folders are made.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// Names the next run folder that does not exist yet.
    pub fn choose_free_folder(&mut self) {
        let free =
            (1..).map(|number| self.parent.join(format!("run_{number:03}"))).find(|path| !path.exists());
        self.out = free.unwrap_or_else(|| self.parent.clone()).display().to_string();
    }

    /// Steps of an epoch and of the whole run, for this many training samples.
    pub fn steps(&self, samples: usize) -> (u64, u64) {
        let training = &self.config.training;
        // Data that does not fill a batch is one smaller batch.
        let epoch = (samples / (training.batch_size * training.accumulate).max(1)).max(1) as u64;
        (epoch, training.steps.unwrap_or(epoch * training.num_epochs as u64))
    }
}
