//! Checks before a run resumes: that options, checkpoint and log of its folder belong together.

use crate::{
    config::{OptionName, RunConfig},
    model::Architecture,
    runs::{Checkpoint, Entry, Log, Manifest, Position, RunFolder},
};
use anyhow::{Result, bail, ensure};
use std::collections::BTreeSet;

/// Checks that a checkpoint belongs to a run with these options and this number of batches in an epoch.
///
/// # Errors
/// If its networks are others, or its epochs are longer or shorter.
pub(super) fn check_checkpoint(checkpoint: &Checkpoint, config: &RunConfig, batches: usize) -> Result<()> {
    let (saved, wanted) =
        (checkpoint.networks.architecture(), Architecture::new(&config.network, &config.objective)?);
    ensure!(
        saved == wanted,
        "the networks of the last checkpoint are {saved} with disparities at the scales {:?}, but the run's \
         options ask for {wanted} at {:?}: its config.toml was changed; write the old values back",
        saved.scales,
        wanted.scales
    );
    let position = checkpoint.position;
    ensure!(
        position.batches == batches,
        "an epoch of the run has {} batches, but of this data it has {batches}: open the data and the split that \
         the run was begun with",
        position.batches
    );
    Ok(())
}

/// Checks that a run is not requested to make fewer steps than it has made.
///
/// # Errors
/// If new options ask for fewer.
pub(super) fn check_steps(config: &RunConfig, saved: &RunConfig, total: u64, made: u64) -> Result<()> {
    let length = |config: &RunConfig| (config.training.steps, config.training.num_epochs);
    if total >= made || length(config) == length(saved) {
        return Ok(());
    }
    let option = config.training.steps.map_or("--num-epochs", |_| "--steps");
    bail!(
        "the run has made {made} steps already, more than the {total} that {option} asks for; nothing was \
         changed: ask for more, or leave {option} out"
    );
}

/// Checks that the configuration has all changes that the log records.
///
/// # Errors
/// If one is missing: the end of config.toml was cut off.
pub(super) fn check_changes(folder: &RunFolder, saved: &RunConfig, position: Position) -> Result<()> {
    let known: BTreeSet<(u64, OptionName)> =
        saved.changes.iter().map(|change| (change.step, change.setting.option())).collect();
    // Opening the log reports what cannot be read.
    for entry in Log::read(folder.path()).unwrap_or_default() {
        let Entry::Change(change) = entry else { continue };
        ensure!(
            change.step > position.step || known.contains(&(change.step, change.setting.option())),
            "the config.toml of {} is damaged: according to the log, {} holds from step {}, of which it says \
             nothing; write the change back at its end, as \"[[changes]]\" with \"step\" and \"{}\"",
            folder.path().display(),
            change.setting,
            change.step,
            change.setting.option().as_str()
        );
    }
    Ok(())
}

/// Describes in a sentence which options of the run's configuration were edited since it started; `None` if none were.
pub(super) fn changed_by_hand(folder: &RunFolder, manifest: &Manifest, saved: &RunConfig) -> Option<String> {
    let options = manifest.changed_options(saved);
    (!options.is_empty()).then(|| {
        format!(
            "the config.toml of {} was edited since the run started, and its steps so far were made with other values of \
             {}: write them back if that was not intended (manifest.json has them)",
            folder.path().display(),
            options.join(", ")
        )
    })
}

/// Describes in a sentence which of the steps made so far are missing in the log; `None` if none are.
///
/// `log_frequency` is the one in effect for those steps; `unreadable` is the number of lines that are not JSON.
pub(super) fn missing_in_log(
    folder: &RunFolder,
    history: &[Entry],
    unreadable: usize,
    position: Position,
    log_frequency: u64,
) -> Option<String> {
    let steps = history.iter().filter_map(|entry| match entry {
        Entry::Step(report) => Some(report.step),
        Entry::Validation(_) | Entry::Change(_) => None,
    });
    let (last, step) = (steps.max().unwrap_or_default(), position.step);
    let lacks_steps = step >= last + log_frequency;
    let log = folder.path().join(Log::FILE_NAME);
    let log = log.display();
    match (lacks_steps, unreadable) {
        (false, 0) => None,
        (false, 1) => Some(format!("a line of {log} cannot be read; it stays, and the curves lack it")),
        (false, _) => {
            Some(format!("{unreadable} lines of {log} cannot be read; they stay, and the curves lack them"))
        }
        (true, 0) => Some(format!("{log} has no steps from {} to {step}; the curves lack them", last + 1)),
        (true, _) => Some(format!(
            "{log} is damaged: {unreadable} of its lines cannot be read; they stay, and the curves lack steps \
             {} to {step}",
            last + 1
        )),
    }
}
