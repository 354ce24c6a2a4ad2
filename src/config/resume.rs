//! Configuration of a resumed run.

use super::{
    Change, ConfigError, ConfigOption, RunConfig, Setting, TrainingConfig,
    precedence::{differing_options, refuse},
};

impl RunConfig {
    /// Configuration of a run's beginning, with defaults for the options that may be copied when it is resumed.
    pub(crate) fn fixed(&self) -> Self {
        let mut fixed = self.at_step(0);
        fixed.training.take_resumable(&TrainingConfig::default());
        fixed
    }

    /// Names of the options in which two configurations differ.
    ///
    /// # Errors
    /// If a configuration cannot be written as TOML.
    pub(crate) fn differences(&self, other: &Self) -> Result<Vec<String>, ConfigError> {
        differing_options(self, other)
    }

    /// Returns this run's configuration with the options of `wanted` from `step` on. An option that may be changed
    /// in the middle of a run becomes a [`Change`]; one that no step depends on is copied.
    ///
    /// # Errors
    /// If another option differs, by name.
    pub fn continued(&self, wanted: &Self, step: u64) -> Result<Self, ConfigError> {
        let mut continued = self.clone();
        continued.training.take_resumable(&wanted.training);
        for setting in Setting::differences(&self.at_step(step), wanted) {
            continued.change(Change { step, setting })?;
        }
        match differing_options(&continued.at_step(step), wanted)?.into_iter().next() {
            None => continued.validate().map(|()| continued),
            Some(name) => {
                let option = ConfigOption::named(&name).ok_or_else(|| refuse(&name))?;
                let rule =
                    "cannot be changed when a run is resumed: its steps so far were made with the old value";
                let error = ConfigError::new(option.id(), rule);
                Err(error.with_suggestion("start a new run with --weights instead"))
            }
        }
    }
}
