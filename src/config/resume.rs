//! Configuration of a resumed run.

use super::{
    Change, ConfigError, ConfigOption, RunConfig, Setting,
    precedence::{differing_options, refuse},
};

impl RunConfig {
    /// Names of the options in which the beginnings of two runs differ, without those that may be copied when a run is
    /// resumed.
    ///
    /// # Errors
    /// If a configuration cannot be written as TOML.
    pub(crate) fn fixed_differences(&self, other: &Self) -> Result<Vec<String>, ConfigError> {
        let mut started = self.at_step(0);
        started.training.take_resumable(&other.training);
        differing_options(&started, &other.at_step(0))
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
