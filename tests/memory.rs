//! Memory that a session gives back when a run ends, measured in a separate process.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use crate::session::{next, open_demo, session};
use monoscope::{
    config::Preset,
    session::{Command, Event},
};
use std::{fs, process};

#[test]
fn a_stopped_run_gives_its_memory_back() {
    let test = ["--exact", "memory::helper_that_trains_twice", "--ignored", "--nocapture"];
    let output = process::Command::new(std::env::current_exe().unwrap()).args(test).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let shares: Vec<f64> =
        stderr.lines().filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).collect();
    assert_eq!(shares.len(), 2, "{stderr}");
    // The networks, which are used to predict, and the rendered frames of the built-in drive stay in memory: a
    // quarter. If the allocator kept what was freed, two thirds or more would stay.
    assert!(shares.iter().all(|share| *share < 0.45), "{stderr}");
}

/// Prints the share of a run's memory that is still held after it has ended.
#[test]
#[ignore = "run by the test above in a process of its own"]
fn helper_that_trains_twice() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    open_demo(&session);
    let before = held("VmRSS");
    for round in 0..2 {
        // Resets the peak.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let config = Box::new(Preset::Small.config());
        session.send(Command::Start { config, out: folder.path().join(round.to_string()) });
        next(&session, |event| matches!(event, Event::Step(report) if report.step == 4));
        session.send(Command::Stop);
        next(&session, |event| matches!(event, Event::RunEnded { .. }));
        let (peak, after) = (held("VmHWM"), held("VmRSS"));
        eprintln!("before {before}, peak {peak}, after {after} bytes");
        eprintln!("kept {:.3}", (after - before) / (peak - before));
    }
}

/// Memory of this process as Linux reports it, bytes: `VmRSS` is the current value, `VmHWM` the peak.
fn held(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}
