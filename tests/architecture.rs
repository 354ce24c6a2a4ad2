//! The law of the house: a floor uses only the floors above it (see `src/lib.rs`).

mod circles;
mod colours;
mod reader;
mod spelling;
mod state;
mod words;

use std::{collections::BTreeMap, fs, path::Path};

const FLOORS: [&str; 19] = [
    "output",
    "logging",
    "interrupt",
    "panics",
    "config",
    "geometry",
    "data",
    "compute",
    "model",
    "objective",
    "predict",
    "inspect",
    "evaluate",
    "runs",
    "train",
    "session",
    "view",
    "app",
    "cli",
];

/// Crates that a floor must not name, with the reason.
const FORBIDDEN: [(&str, &[&str], &str); 9] = [
    ("view", &["burn", "burn_cubecl", "burn_wgpu", "cubecl"], "drawing must not wait for burn"),
    ("app", &["burn", "burn_cubecl", "burn_wgpu", "cubecl"], "the window must not wait for burn"),
    ("train", &["egui", "eframe"], "training runs without a window"),
    ("session", &["egui", "eframe"], "a session runs without a window"),
    ("objective", &["egui", "eframe"], "the loss knows no window"),
    ("model", &["egui", "eframe"], "networks know no window"),
    ("evaluate", &["egui", "eframe"], "evaluation runs without a window"),
    ("data", &["burn", "egui", "wgpu"], "samples are bytes until the device"),
    ("geometry", &["burn", "egui", "wgpu"], "pure mathematics"),
];

/// Floors above that a floor must not use all the same, with the reason.
const FORBIDDEN_FLOORS: [(&str, &[&str], &str); 1] =
    [("view", &["train", "session"], "drawing knows leases, not who makes them")];

/// Names of backends, which only `compute` may say.
const BACKEND_NAMES: [&str; 5] = ["CubeTensor", "burn_cubecl", "burn_wgpu", "backend::Cube", "backend::Flex"];

const LONGEST_FILE: usize = 500;

fn sources(floor: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(floor);
    let mut files = BTreeMap::new();
    let file = root.with_extension("rs");
    if file.is_file() {
        files.insert(file.display().to_string(), fs::read_to_string(&file).unwrap());
        return files;
    }
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// Code without comments, so that prose may name anything.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The floors that a file names, as `crate::floor` or in a braced `use crate::{...}`.
fn floors_named(code: &str) -> Vec<&'static str> {
    let mut named = Vec::new();
    for piece in code.split("crate::").skip(1) {
        let list = match piece.strip_prefix('{') {
            Some(rest) => top_level_names(rest),
            None => vec![first_word(piece)],
        };
        named.extend(FLOORS.into_iter().filter(|floor| list.contains(floor)));
    }
    named
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

fn top_level_names(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(first_word(text[start..index].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(first_word(text[start..index].trim_start()));
                start = index + 1;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn floors_use_only_floors_above() {
    for (height, floor) in FLOORS.into_iter().enumerate() {
        for (path, text) in sources(floor) {
            for used in floors_named(&code(&text)) {
                let used_height = FLOORS.iter().position(|name| *name == used).unwrap();
                assert!(used_height <= height, "{path} on floor {floor} uses {used}, which lies below it");
            }
        }
    }
}

#[test]
fn floors_keep_apart() {
    for (floor, others, reason) in FORBIDDEN_FLOORS {
        for (path, text) in sources(floor) {
            for used in floors_named(&code(&text)) {
                assert!(!others.contains(&used), "{path} uses {used}: {reason}");
            }
        }
    }
}

#[test]
fn floors_keep_to_their_libraries() {
    for (floor, crates, reason) in FORBIDDEN {
        for (path, text) in sources(floor) {
            let code = code(&text);
            for name in crates {
                let named = code
                    .match_indices(&format!("{name}::"))
                    .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                assert!(!named, "{path} names {name}: {reason}");
            }
        }
    }
    for floor in FLOORS.into_iter().filter(|floor| *floor != "compute") {
        for (path, text) in sources(floor) {
            for name in BACKEND_NAMES {
                assert!(!code(&text).contains(name), "{path} names {name}: only compute knows backends");
            }
        }
    }
}

#[test]
fn nothing_changes_the_environment() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let main = (main.display().to_string(), fs::read_to_string(&main).unwrap());
    for (path, text) in FLOORS.into_iter().flat_map(sources).chain([main]) {
        for name in ["set_var", "remove_var"] {
            assert!(
                !code(&text).contains(name),
                "{path} names {name}: other threads may read the environment"
            );
        }
    }
}

#[test]
fn the_rule_reader_sees_every_form_of_use() {
    assert_eq!(floors_named("use crate::train::Session;"), ["train"]);
    assert_eq!(
        floors_named("use crate::{config::{FrameId, RunConfig}, data::FrameKey};"),
        ["config", "data"]
    );
    assert_eq!(floors_named("let x = crate::view::paint();"), ["view"]);
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for floor in FLOORS {
        for (path, text) in sources(floor) {
            assert!(text.starts_with("//!"), "{path} does not begin by saying what it is for");
            let lines = text.lines().count();
            assert!(lines <= LONGEST_FILE, "{path} has {lines} lines: find its seam");
        }
    }
}

#[test]
fn nothing_prints_with_macros_that_panic() {
    for (path, text) in FLOORS.into_iter().flat_map(sources) {
        let code = code(&text);
        for name in ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("] {
            let named = code.match_indices(name).any(|(at, _)| {
                !code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            });
            assert!(!named, "{path} uses {name}...): output that nobody reads must not end it");
        }
    }
}

/// Folder of the pages that the window shows, which are named there without it.
const MANUAL: &str = "assets/manual";
/// The page of the method.
const METHOD: &str = "src/objective/method.md";

/// Every text of the repository that a reader may follow a reference from, by path.
fn texts() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths =
        [".ci", "README.md", "shaders", "splits", "src", "tests"].map(|name| root.join(name)).to_vec();
    let mut texts = BTreeMap::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            texts.insert(path.display().to_string(), text);
        }
    }
    texts
}

/// The names of pages (`.md`) in a text, with their folders if it says them; those of other sites, which follow
/// a colon, are not ours.
fn pages_named(text: &str) -> impl Iterator<Item = &str> {
    let is_of_path = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    text.split(move |c| !is_of_path(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.starts_with("//"))
        .filter(|word| word.strip_suffix(".md").is_some_and(|name| name.ends_with(char::is_alphanumeric)))
}

#[test]
fn pages_that_are_named_are_there() {
    // Pages that once told the method and the design, put together here so that this file does not name them.
    let gone = [concat!("ALGO", "RITHM"), concat!("DESIGN", " section")];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = texts();
    assert!(texts.keys().any(|path| path.ends_with(METHOD)), "the method is not among {} texts", texts.len());
    for (path, text) in texts {
        for page in pages_named(&text) {
            let places =
                [root.join(page), Path::new(&path).with_file_name(page), root.join(MANUAL).join(page)];
            assert!(places.iter().any(|place| place.is_file()), "{path} names {page}, which is not there");
        }
        for name in gone {
            assert!(!text.contains(name), "{path} refers to {name}, which is no page of the repository");
        }
    }
}

#[test]
fn the_page_reader_sees_every_form_of_name() {
    let text = concat!(
        "see (GPU",
        ".md), `src/objective/method",
        ".md`, CHANGE_LOG",
        ".md.\n// .md, https://a.b/c",
        ".md"
    );
    let expected =
        [concat!("GPU", ".md"), concat!("src/objective/method", ".md"), concat!("CHANGE_LOG", ".md")];
    assert_eq!(pages_named(text).collect::<Vec<_>>(), expected);
}

/// The anchor that rustdoc gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect()
}

#[test]
fn references_to_the_method_meet_a_heading() {
    let page = include_str!("../src/objective/method.md");
    let headings: Vec<String> =
        page.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    let mut references = 0;
    for (path, text) in texts() {
        let start = if path.ends_with(METHOD) { "](#" } else { concat!("method", "#") };
        for reference in text.split(start).skip(1).filter_map(|rest| rest.split_once(')')) {
            references += 1;
            let name = reference.0.to_owned();
            assert!(headings.contains(&name), "{path} refers to the method's {name}; it has {headings:?}");
        }
    }
    assert!(references > 10, "{references} references to the method were found");
}
