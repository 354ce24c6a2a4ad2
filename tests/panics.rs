//! Reports of caught panics, and their lines on stderr.

use monoscope::panics::{self, PanicReport};
use rayon::prelude::*;
use std::{panic::catch_unwind, process::Command, thread};

/// Line of the panic below.
const LINE: u32 = line!() + 4;

#[inline(never)]
fn divide_an_apple(by: u32) -> u32 {
    assert!(by > 0, "an apple\ncannot be divided by {by}");
    1 / by
}

fn place() -> String {
    format!("{}:{LINE}:5", file!())
}

#[test]
fn a_caught_panic_says_what_where_and_by_which_calls() {
    panics::install_hook();
    assert_eq!(panics::catch(|| divide_an_apple(1)), Ok(1));
    let report = panics::catch(|| divide_an_apple(0)).unwrap_err();
    assert_eq!(report.message, "an apple\ncannot be divided by 0");
    assert_eq!(report.location, Some(place()));
    assert_eq!(report.thread, thread::current().name().unwrap());
    assert!(report.backtrace.as_ref().unwrap().contains("divide_an_apple"), "{report:?}");
    assert_eq!(report.to_string(), format!("an apple cannot be divided by 0 (at {})", place()));

    let full = report.full(Some("a card"));
    for part in [env!("CARGO_PKG_VERSION"), "system: ", "adapter: a card", &place(), "divide_an_apple"] {
        assert!(full.contains(part), "no '{part}' in {full}");
    }
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<PanicReport>(&json).unwrap(), report);
}

#[test]
fn a_panic_that_a_thread_pool_passes_on_keeps_its_place() {
    panics::install_hook();
    let work = || (1..100u32).into_par_iter().map(|by| divide_an_apple(by % 50)).sum::<u32>();
    // An earlier panic of this thread must not be mistaken for it.
    catch_unwind(|| panic!("something else")).unwrap_err();
    let report = panics::catch(work).unwrap_err();
    assert_eq!(report.location, Some(place()));
    assert!(report.backtrace.unwrap().contains("divide_an_apple"));
}

#[test]
fn a_payload_without_a_panic_has_no_place() {
    panics::install_hook();
    let report = panics::catch(|| std::panic::resume_unwind(Box::new(7))).unwrap_err();
    assert_eq!((report.location, report.backtrace), (None, None));
    assert_eq!(report.message, "a panic without a text");
}

#[test]
fn a_caught_panic_is_one_line_on_stderr_and_any_other_is_as_usual() {
    let panicking = |test: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let caught = panicking("panics::helper_that_catches");
    let line = format!("panic on the thread cook: an apple cannot be divided by 0 (at {})\n", place());
    assert_eq!(caught, line);
    let usual = panicking("panics::helper_that_does_not_catch");
    assert!(usual.contains("thread 'cook'") && usual.contains("stack backtrace"), "{usual}");
}

fn on_a_thread(work: fn()) {
    panics::install_hook();
    // The test above checks what the thread printed.
    let _ = thread::Builder::new().name("cook".to_owned()).spawn(work).unwrap().join();
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn helper_that_catches() {
    on_a_thread(|| _ = panics::catch(|| divide_an_apple(0)));
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn helper_that_does_not_catch() {
    on_a_thread(|| _ = divide_an_apple(0));
}
