//! Saving checkpoints of a run.

use super::Run;
use crate::{runs::Position, train::warnings::Problem};
use anyhow::Result;
use burn::module::Module;
use std::path::PathBuf;

impl Run {
    /// Writes a checkpoint if one is due after the piece of work just done; returns its path. The last checkpoint of a
    /// run is left to [`Run::save`]. A checkpoint that cannot be written is a warning: the next one contains the same
    /// steps.
    ///
    /// # Errors
    /// Those of [`Run::wait_for_metrics`].
    pub fn save_if_due(&mut self) -> Result<Option<PathBuf>> {
        if !self.is_finished() && !self.is_checkpoint_due() {
            return Ok(None);
        }
        self.wait_for_metrics()?;
        if self.is_finished() {
            return Ok(None);
        }
        let (saved, problem) = match self.save() {
            Ok(saved) => (saved, None),
            Err(error) => (None, Some(format!("{error:#}; the run continues to the next checkpoint"))),
        };
        self.warnings.note(Problem::Checkpoint, problem);
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

    /// True if the loss or gradient of the last step was NaN or infinite: the same networks would fail again.
    pub fn has_diverged(&self) -> bool {
        self.has_diverged
    }

    /// Step of the last checkpoint.
    pub fn saved_step(&self) -> u64 {
        self.saved.map_or(0, |saved| saved.step)
    }

    /// Writes a checkpoint of the current state and returns its path; `None` if this step has one already, or if
    /// the run has diverged, so that the last usable checkpoint stays the last.
    ///
    /// # Errors
    /// If it cannot be written; earlier checkpoints are then unchanged. Those of [`Run::wait_for_metrics`].
    pub fn save(&mut self) -> Result<Option<PathBuf>> {
        self.wait_for_metrics()?;
        if self.has_diverged {
            return Ok(None);
        }
        if let Some(warning) = self.folder.restore(&self.config, &self.manifest)? {
            self.saved = None;
            self.warnings.extend([warning]);
        }
        let written = self.log.restore().and_then(|()| self.log.flush());
        self.warn_of_log(written);
        if self.saved == Some(self.position) {
            return Ok(None);
        }
        let is_of_this_step = self.saved.is_some_and(|saved| saved.step == self.position.step);
        let path = if is_of_this_step {
            self.folder.rewrite_position(self.position)?;
            None
        } else {
            let networks = self.train_state.networks().valid();
            let (path, problem) =
                self.folder.save(&networks, &self.config, self.train_state.adam(), self.position)?;
            self.warnings.note(Problem::OldCheckpoints, problem);
            let unwritten = self.stereo_scale.as_ref().and_then(|scale| scale.write(&path).err());
            self.warnings.note(Problem::Scale, unwritten.map(|error| error.to_string()));
            Some(path)
        };
        self.saved = Some(self.position);
        Ok(path)
    }
}
