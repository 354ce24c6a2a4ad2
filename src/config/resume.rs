//! The configuration with which a run goes on.

use super::{Change, ConfigError, RunConfig, Setting, precedence::differing_option};

impl RunConfig {
    /// This run's configuration with the options that `wanted` has instead from `step` on: what may
    /// be changed in the middle of a run becomes a change, and what no step depends on is taken over.
    ///
    /// # Errors
    /// If another option differs, by name.
    pub fn continued(&self, wanted: &Self, step: u64) -> Result<Self, ConfigError> {
        let mut continued = self.clone();
        continued.training.inherit_unset(&wanted.training);
        for setting in Setting::differences(&self.at_step(step), wanted) {
            continued.change(Change { step, setting })?;
        }
        match differing_option(&continued.at_step(step), wanted)? {
            None => continued.validate().map(|()| continued),
            Some(option) => Err(ConfigError(format!(
                "--{} cannot be changed when a run is resumed: its steps so far were made with the old \
                 value; start a new run with --weights instead",
                option.replace('_', "-")
            ))),
        }
    }
}
