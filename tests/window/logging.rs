//! Events of the program and its libraries, and the log pane.

use super::*;
use monoscope::logging::{Filters, Logger, WindowLog};
use tracing::subscriber::with_default;

/// Logs as the program and its libraries do, with these directives.
fn log(directives: &str) -> WindowLog {
    let log = WindowLog::default();
    let logger = Logger::new(Filters::new(0, directives).unwrap(), |_| (), Some(log.clone()));
    with_default(logger, || {
        tracing::info!(target: "monoscope::data::layouts", drives = 2, name = "my drives", "dataset opened");
        tracing::warn!(target: "monoscope::runs::folder", "a checkpoint\nstays");
        tracing::debug!(target: "monoscope::train::run", "a step");
        tracing::info!(target: "monoscope::session::worker", "what the window tells itself");
        tracing::warn!(target: "winit::window", "a cursor is missing");
        let record = log::Record::builder()
            .target("wgpu_core::device")
            .level(log::Level::Error)
            .args(format_args!("a buffer is lost"))
            .build();
        tracing_log::format_trace(&record).unwrap();
    });
    log
}

/// The log pane of a window with this log.
fn log_pane(log: WindowLog) -> Stage {
    let mut stage = stage();
    stage.state_mut().show_log(log);
    press(&mut stage, Modifiers::NONE, Key::M);
    click(&mut stage, "Show the log");
    stage
}

fn press(stage: &mut Stage, modifiers: Modifiers, key: Key) {
    stage.key_press_modifiers(modifiers, key);
    stage.run();
}

#[test]
fn the_log_pane_shows_what_the_program_says_and_not_its_libraries() {
    let log = log("");
    let stage = log_pane(log.clone());
    for line in
        ["detail  data: dataset opened drives=2 name=\"my drives\"", "problem runs: a checkpoint stays"]
    {
        assert!(stage.query_by_label_contains(line).is_some(), "no '{line}'");
    }
    for line in ["a step", "the window tells itself", "cursor", "buffer"] {
        assert!(stage.query_by_label_contains(line).is_none(), "'{line}' is shown");
    }
    let problem = log.last_problem_of_libraries();
    assert_eq!(problem.as_deref(), Some("wgpu_core::device: a buffer is lost"));
}

#[test]
fn directives_bring_more_into_the_log_pane() {
    let stage = log_pane(log("wgpu_core=warn,monoscope::train=debug"));
    for line in ["problem wgpu_core::device: a buffer is lost", "train: a step", "data: dataset opened"] {
        assert!(stage.query_by_label_contains(line).is_some(), "no '{line}'");
    }
    assert!(stage.query_by_label_contains("cursor").is_none());
}
