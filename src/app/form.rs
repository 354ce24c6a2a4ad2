//! The run that `Train` will start: the configuration itself and the folder it is written to.

use crate::config::{Preset, RunConfig};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// What the training pane edits.
pub struct TrainingForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// The configuration.
    pub config: RunConfig,
    /// The run folder as text, so that it can be typed.
    pub out: String,
    /// Where run folders are made.
    parent: PathBuf,
}

impl TrainingForm {
    /// The small preset, written to a folder under `parent` that does not exist yet.
    pub fn new(parent: &Path) -> Self {
        let preset = Preset::Small;
        let mut form =
            Self { preset, config: preset.config(), out: String::new(), parent: parent.to_owned() };
        form.choose_free_folder();
        form
    }

    /// Sets every option as a preset has it.
    pub fn choose_preset(&mut self, preset: Preset) {
        self.preset = preset;
        self.config = preset.config();
    }

    /// Whether an option was changed since the preset was chosen.
    pub fn is_changed(&self) -> bool {
        self.config != self.preset.config()
    }

    /// The run folder.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(self.out.trim())
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

/// What an option does: the same words as `--help`.
pub fn help(option: &str) -> String {
    static HELP: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let help = HELP.get_or_init(|| {
        <RunConfig as clap::Args>::augment_args(clap::Command::new("run"))
            .get_arguments()
            .map(|argument| {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                (argument.get_id().to_string(), help)
            })
            .collect()
    });
    help.get(option).cloned().unwrap_or_default()
}
