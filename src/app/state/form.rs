//! The run that `Train` will start: the configuration itself and the folder it is written to.

use crate::{
    app::wording,
    config::{ConfigError, ConfigOption, ImageSize, Preset, RunConfig, Setting},
    model::Architecture,
    session::DataReport,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The form of the Training pane.
pub struct TrainingForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// The configuration.
    pub config: RunConfig,
    /// The run folder as text, so that it can be typed.
    pub out: String,
    /// Networks that the run starts from; `None` if from scratch.
    pub loaded: Option<AdoptedNetworks>,
    /// True once the form requests to unload the loaded networks.
    pub unloads_networks: bool,
    /// Search words; only options that contain them are shown, or all if there are none.
    pub search: String,
    /// Texts that are being typed, or that were typed and are invalid.
    drafts: BTreeMap<&'static str, Draft>,
    /// Folder of the run folders.
    parent: PathBuf,
}

/// Networks that a run takes over.
pub struct AdoptedNetworks {
    /// The folder of their weights, or of the run that trained them.
    pub folder: PathBuf,
    /// Kinds of the networks.
    pub architecture: Architecture,
}

/// Typed text of an option.
struct Draft {
    text: String,
    /// Reason why it is invalid; `None` if it is valid.
    refusal: Option<String>,
}

/// An option as the form shows it.
pub struct Row {
    /// Name, kind and help of the option.
    pub option: &'static ConfigOption,
    /// The value as text, or the typed text.
    pub text: String,
    /// The preset's value.
    pub preset: String,
    /// Reason why the value is refused; `None` if it is not.
    pub refusal: Option<String>,
    /// True if the only reason is that the loaded networks are different.
    pub is_misfit: bool,
}

impl Row {
    /// True if the value is not the one of the preset.
    pub fn is_changed(&self) -> bool {
        self.text != self.preset
    }

    /// Checks if a search finds this option: by name, flag, group or words of its help.
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
            loaded: None,
            unloads_networks: false,
            search: String::new(),
            drafts: BTreeMap::new(),
            parent: parent.to_owned(),
        };
        form.choose_free_folder();
        form
    }

    /// Sets every option to the value of a preset.
    pub fn choose_preset(&mut self, preset: Preset) {
        self.preset = preset;
        self.config = preset.config();
        self.drafts.clear();
    }

    /// True if an option was changed since the preset was chosen.
    pub fn is_changed(&self) -> bool {
        self.config != self.preset.config() || !self.drafts.is_empty()
    }

    /// Every option, in the order of `--help`.
    pub fn rows(&self) -> Vec<Row> {
        let (mut texts, mut preset) = (self.config.texts(), self.preset.config().texts());
        let (invalid, misfit) = (self.config.validate().err(), self.misfit());
        let is_misfit = invalid.is_none() && misfit.is_some();
        let refused = invalid.or(misfit);
        let row = |option: &'static ConfigOption| {
            let draft = self.drafts.get(option.name);
            let text = texts.remove(option.name).unwrap_or_default();
            let refused = refused.as_ref().filter(|error| error.field == Some(option.id()));
            let refusal = refused.map(wording::refusal);
            Row {
                option,
                text: draft.map_or(text, |draft| draft.text.clone()),
                preset: preset.remove(option.name).unwrap_or_default(),
                refusal: draft.and_then(|draft| draft.refusal.clone()).or(refusal),
                is_misfit: is_misfit && refused.is_some(),
            }
        };
        ConfigOption::all().iter().map(row).collect()
    }

    /// The options that may be changed in the middle of a run.
    pub fn live_rows(&self) -> Vec<Row> {
        let mut rows = self.rows();
        let live = Setting::all(&self.config).map(Setting::option);
        rows.retain(|row| live.contains(&row.option.id()));
        rows.sort_by_key(|row| live.iter().position(|option| *option == row.option.id()));
        rows
    }

    /// Sets an option from text. An invalid text is kept with the reason.
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
                let draft = Draft { text: text.to_owned(), refusal: Some(wording::refusal(&error)) };
                self.drafts.insert(option.name, draft);
            }
        }
    }

    /// Sets an option like [`TrainingForm::set`] while it is typed, and keeps the text unchanged, with its spaces.
    pub fn type_in(&mut self, option: &'static ConfigOption, text: &str) {
        self.set(option, text);
        let refusal = self.drafts.remove(option.name).and_then(|draft| draft.refusal);
        self.drafts.insert(option.name, Draft { text: text.to_owned(), refusal });
    }

    /// Ends typing: a valid text is replaced by the value that it set.
    pub fn end_typing(&mut self, option: &ConfigOption) {
        if self.drafts.get(option.name).is_some_and(|draft| draft.refusal.is_none()) {
            self.drafts.remove(option.name);
        }
    }

    /// Reason why no run can be started with these options; `None` if one can.
    pub fn refusal(&self) -> Option<String> {
        let typed = self.drafts.values().find_map(|draft| draft.refusal.clone());
        let refused = || self.config.validate().err().or_else(|| self.misfit());
        typed.or_else(|| refused().as_ref().map(wording::refusal))
    }

    /// Reason why the run cannot be started on this data; `None` if it can.
    pub fn obstacle(&self, data: Option<&DataReport>) -> Option<String> {
        let Some(data) = data else {
            return Some("Open data first (Sequence pane)".to_owned());
        };
        if data.training.is_empty() {
            return Some("This data has no sample to train on: choose another split or folder".to_owned());
        }
        self.refusal()
    }

    /// Reason why a run with these options cannot start from the loaded networks; `None` if it can.
    fn misfit(&self) -> Option<ConfigError> {
        let loaded = self.loaded.as_ref()?;
        let needed = Architecture::new(&self.config.network, &self.config.objective).ok()?;
        needed.can_adopt(&loaded.architecture, &self.config.network.models_to_load).err()
    }

    /// Sets the options so that the run trains networks of this architecture, at `size` if one is given; every other
    /// option stays. Returns the labels of the options that changed.
    pub fn take_from(&mut self, architecture: &Architecture, size: Option<ImageSize>) -> Vec<String> {
        let before = self.config.texts();
        self.config = architecture.configured(&self.config);
        if let Some(ImageSize { height, width }) = size {
            (self.config.network.height, self.config.network.width) = (height, width);
        }
        let after = self.config.texts();
        let changed = ConfigOption::all().iter().filter(|option| before[option.name] != after[option.name]);
        let forget_draft = |option: &ConfigOption| {
            self.drafts.remove(option.name);
            option.label()
        };
        changed.map(forget_draft).collect()
    }

    /// Sets the options for the loaded networks like [`TrainingForm::take_from`], at the chosen size.
    pub fn take_loaded(&mut self) {
        if let Some(loaded) = self.loaded.take() {
            self.take_from(&loaded.architecture, None);
            self.loaded = Some(loaded);
        }
    }

    /// Folder of the next run.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(self.out.trim())
    }

    /// Folder in which run folders are made.
    pub fn parent(&self) -> &Path {
        &self.parent
    }

    /// Proposes the next run folder that does not exist yet.
    pub fn choose_free_folder(&mut self) {
        let free =
            (1..).map(|number| self.parent.join(format!("run_{number:03}"))).find(|path| !path.exists());
        self.out = free.unwrap_or_else(|| self.parent.clone()).display().to_string();
    }

    /// Steps of an epoch, and of the whole run, for this many training samples.
    pub fn steps(&self, samples: usize) -> (u64, u64) {
        let training = &self.config.training;
        // Fewer samples than a batch make one smaller batch.
        let epoch = (samples / (training.batch_size * training.accumulate).max(1)).max(1) as u64;
        (epoch, training.steps.unwrap_or(epoch * training.num_epochs as u64))
    }
}
