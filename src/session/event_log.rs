//! Events of a session in the log of the program.

use super::{EvaluationProgress, Event, Level, Notice};
use std::fmt::Debug;
use tracing::{debug, info, trace, warn};

/// Logs an event. Replies are logged with their requests, steps and checkpoints where they are made.
pub(super) fn log_event(event: &Event) {
    match event {
        Event::Reply(_) | Event::Step(_) | Event::Checkpoint(_) => {}
        Event::Notice(notice) => log_notice(notice),
        Event::RunStarted(started) => {
            let (earlier_entries, snapshots) = (started.history.len(), started.snapshots.len());
            info!(out = %started.out.display(), earlier_entries, snapshots, "run started");
        }
        Event::Changed(change) => info!(step = change.step, setting = ?change.setting, "setting changed"),
        Event::Validation(report) => {
            let (step, samples, seconds) = (report.step, report.samples, report.seconds);
            info!(step, loss = f64::from(report.loss), samples, seconds, "networks validated");
        }
        Event::RunEnded { steps, out, failure } => {
            let failure = failure.as_ref().map(ToString::to_string);
            info!(steps, out = %out.display(), failure, "run ended");
        }
        Event::TrajectoryEnded => debug!("trajectory ended"),
        Event::Snapshot(snapshot) => {
            let (frames, seconds) = (snapshot.frames.len(), snapshot.seconds);
            debug!(step = snapshot.step, frames, seconds, "snapshot taken");
        }
        Event::Evaluation(progress) => log_evaluation(progress),
    }
}

fn log_notice(Notice { level, topic, text, advice, .. }: &Notice) {
    match level {
        Level::Info => info!(?topic, advice, "{text}"),
        Level::Warning | Level::Error => warn!(?topic, advice, "{text}"),
    }
}

fn log_evaluation(progress: &EvaluationProgress) {
    match progress {
        EvaluationProgress::Started { name, protocol, frames } => {
            info!(networks = name, protocol, frames, "evaluation started");
        }
        EvaluationProgress::Read(frames) => trace!(frames, "frames of an evaluation read"),
        EvaluationProgress::Scored(_) => trace!("image of an evaluation scored"),
        EvaluationProgress::Finished(_) => info!("evaluation finished"),
        EvaluationProgress::Aborted => info!("evaluation aborted"),
    }
}

/// Name of the variant of an enum, such as `OpenData` of a command.
pub(super) fn variant_name(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
