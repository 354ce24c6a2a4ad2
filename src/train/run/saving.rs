//! Checkpoints of a run under way.

use super::Run;
use crate::{runs::Position, train::warnings::Trouble};
use anyhow::Result;
use burn::module::Module;
use std::path::PathBuf;

impl Run {
    /// Writes a checkpoint if one is due after the piece of work just done, but the last one is left to
    /// [`Run::save`]. One that cannot be written is a warning: the next one has the same steps in it.
    ///
    /// # Errors
    /// As [`Run::settle`].
    pub fn save_if_due(&mut self) -> Result<Option<PathBuf>> {
        if !self.is_finished() && !self.is_checkpoint_due() {
            return Ok(None);
        }
        self.settle()?;
        if self.is_finished() {
            return Ok(None);
        }
        let (saved, trouble) = match self.save() {
            Ok(saved) => (saved, None),
            Err(error) => (None, Some(format!("{error:#}; the run goes on to the next checkpoint"))),
        };
        self.warnings.note(Trouble::Checkpoint, trouble);
        Ok(saved)
    }

    fn is_checkpoint_due(&self) -> bool {
        let Position { step, epoch, best, .. } = self.position;
        let training = &self.config.training;
        let ends_epoch = self.position.ends_epoch() && (epoch + 1).is_multiple_of(training.save_frequency);
        let is_due = step.is_multiple_of(training.checkpoint_frequency)
            || ends_epoch
            || best.is_some_and(|best| best.step == step);
        is_due && !self.is_validation_due()
    }

    /// Whether the last step gave no number: the same networks would give none again.
    pub fn is_spoiled(&self) -> bool {
        self.is_spoiled
    }

    /// The step of the last checkpoint.
    pub fn saved_step(&self) -> u64 {
        self.saved.map_or(0, |saved| saved.step)
    }

    /// Writes a checkpoint of the present state; `None` if there is one of this step, or if its networks
    /// are spoiled, so that the last good one stays the last.
    ///
    /// # Errors
    /// If it cannot be written; what was saved before is then as it was. As [`Run::settle`].
    pub fn save(&mut self) -> Result<Option<PathBuf>> {
        self.settle()?;
        if self.is_spoiled {
            return Ok(None);
        }
        if let Some(warning) = self.folder.restore(&self.config, &self.manifest)? {
            self.saved = None;
            self.warnings.extend([warning]);
        }
        let written = self.log.restore().and_then(|()| self.log.flush());
        self.note_log(written);
        if self.saved == Some(self.position) {
            return Ok(None);
        }
        let is_of_this_step = self.saved.is_some_and(|saved| saved.step == self.position.step);
        let path = if is_of_this_step {
            self.folder.amend(self.position)?;
            None
        } else {
            let networks = self.train_state.networks().valid();
            let (path, trouble) =
                self.folder.save(&networks, &self.config, self.train_state.adam(), self.position)?;
            self.warnings.note(Trouble::Leftovers, trouble);
            Some(path)
        };
        self.saved = Some(self.position);
        Ok(path)
    }
}
