//! `info` on the command line.

use super::monoscope;
use std::process::Command;

#[test]
fn info_is_one_json_object() {
    let output = monoscope(&["info", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(info["adapters"].is_array() && info["auto"].is_string());
}

#[test]
fn the_environment_stays_as_it_is_and_libraries_print_nothing() {
    let output = Command::new(env!("CARGO_BIN_EXE_monoscope"))
        .args(["info", "--json"])
        .env_remove("XDG_RUNTIME_DIR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    // Mesa's Vulkan layer asks libwayland, which misses the variable.
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
