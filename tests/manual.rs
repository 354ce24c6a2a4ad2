//! The manual: its links lead somewhere, its command lines are understood, and nothing is left out.

use clap::{Command, error::ErrorKind};
use egui::ModifierNames;
use monoscope::{
    app::{Action, MANUAL_PAGES, MANUAL_PICTURES, PaneKind},
    cli,
};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Path from the root and text of the front page and of every page.
fn pages() -> Vec<(PathBuf, String)> {
    let readme = ("README.md".into(), fs::read_to_string(root().join("README.md")).unwrap());
    let page = |(name, text): &(&str, &str)| (PathBuf::from("assets/manual").join(name), (*text).to_owned());
    std::iter::once(readme).chain(MANUAL_PAGES.iter().map(page)).collect()
}

fn manual() -> String {
    MANUAL_PAGES.iter().map(|(_, text)| *text).collect()
}

/// Destinations of the links and pictures of a page.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// Anchors of the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let anchor = |heading: &str| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_page_is_part_of_the_program_and_of_the_contents() {
    let folder = root().join("assets/manual");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = MANUAL_PAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, known);
    let (index, contents) = MANUAL_PAGES[0];
    let linked: BTreeSet<&str> = links(contents).collect();
    for name in known.iter().filter(|name| *name != index) {
        assert!(linked.contains(name.as_str()), "{index} does not link {name}");
    }
}

#[test]
fn every_link_and_picture_is_there() {
    for (page, text) in pages() {
        for link in links(&text).filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path =
                if file.is_empty() { root().join(&page) } else { root().join(page.with_file_name(file)) };
            assert!(path.exists(), "{} links {link}, which is not there", page.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(path).unwrap());
                assert!(there.contains(anchor), "{} links {link}; headings: {there:?}", page.display());
            }
            if file.ends_with(".png") && page.starts_with("assets/manual") {
                assert!(
                    MANUAL_PICTURES.iter().any(|(name, _)| *name == file),
                    "{file} is not in the program"
                );
            }
        }
    }
}

/// Command lines within fences, and those within a line of text.
fn command_lines(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut fenced, mut inline) = (Vec::new(), Vec::new());
    let mut fence: Option<bool> = None;
    let mut begun = String::new();
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_none() { Some(language == "sh") } else { None };
        } else if fence == Some(true) {
            begun.push_str(line.trim_end_matches('\\'));
            if !line.ends_with('\\') {
                fenced.push(std::mem::take(&mut begun));
            }
        } else if fence.is_none() {
            inline.push(line);
        }
    }
    let inline = inline.join(" ");
    (fenced, inline.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Words of a shell line up to the end of its first command that is ours; none if it has no such command.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut is_word = false;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(mark), _) if letter == mark => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '"' | '\'') => (quote, is_word) = (Some(letter), true),
            (None, ' ') if is_word => {
                words.push(std::mem::take(&mut word));
                is_word = false;
            }
            (None, ' ') => {}
            (None, _) => {
                word.push(letter);
                is_word = true;
            }
        }
    }
    words.extend(is_word.then_some(word));
    // A variable of the shell, which stands for a number.
    let words: Vec<String> =
        words.into_iter().map(|word| if word.starts_with('$') { "1".to_owned() } else { word }).collect();
    let ours = |words: &[String]| words.first().is_some_and(|word| word == "monoscope");
    let commands = words.split(|word| ["|", ">", "&&", ";", "--"].contains(&word.as_str()));
    let is_run = line.contains("cargo run --release --");
    let end = |words: &[String]| {
        words.iter().take_while(|word| !word.starts_with('#')).cloned().collect::<Vec<_>>()
    };
    commands
        .skip(usize::from(is_run))
        .map(end)
        .map(|words| if is_run { [vec!["monoscope".to_owned()], words].concat() } else { words })
        .find(|words| ours(words))
}

#[test]
fn every_command_line_is_understood() {
    let mut count = 0;
    for (page, text) in pages() {
        let (fenced, inline) = command_lines(&text);
        let lines = fenced.iter().map(|line| (line, true)).chain(inline.iter().map(|line| (line, false)));
        for (line, is_whole) in lines {
            let Some(words) = words(line) else { continue };
            count += 1;
            let Err(error) = cli::command().try_get_matches_from(words) else { continue };
            let is_name =
                [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
            let is_fine = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
                kind => !is_whole && is_name.contains(&kind),
            };
            assert!(is_fine, "{}: {line}\n{error}", page.display());
        }
    }
    assert!(count > 60, "{count} command lines were found");
}

#[test]
fn the_reader_of_command_lines_sees_every_form() {
    let text = "a `monoscope info`\n```sh\nmonoscope train --out x \\\n  --steps 3  # why\ncd y && monoscope info | head\ncargo run --release -- info\n```\n";
    let (fenced, inline) = command_lines(text);
    let found: Vec<String> =
        fenced.iter().chain(&inline).filter_map(|line| words(line)).map(|words| words.join(" ")).collect();
    assert_eq!(
        found,
        ["monoscope train --out x --steps 3", "monoscope info", "monoscope info", "monoscope info"]
    );
    assert_eq!(words("monoscope x --known \"a b 3\"").unwrap()[3], "a b 3");
}

/// Names of a command and those below it, with the long options of each.
fn commands(command: &Command, path: &str, found: &mut Vec<(String, Vec<String>)>) {
    let options = command.get_arguments().filter(|option| !option.is_hide_set());
    let options = options.filter_map(|option| option.get_long()).map(|name| format!("--{name}"));
    found.push((path.to_owned(), options.collect()));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        commands(below, &format!("{path} {}", below.get_name()), found);
    }
}

#[test]
fn every_command_and_option_is_described() {
    let text = manual();
    let mut found = Vec::new();
    commands(&cli::command(), "monoscope", &mut found);
    assert!(found.len() > 12, "{found:?}");
    let is_said = |option: &str| {
        let mut after = text.match_indices(option).map(|(at, _)| text[at + option.len()..].chars().next());
        after.any(|next| next.is_none_or(|next| !next.is_alphanumeric() && next != '-'))
    };
    for (command, options) in found {
        assert!(text.contains(&format!("`{command}")), "the manual does not name {command}");
        for option in options.iter().filter(|option| !["--help", "--version"].contains(&option.as_str())) {
            assert!(is_said(option), "the manual does not name {option} of {command}");
        }
    }
}

#[test]
fn every_action_is_in_the_table_of_keys() {
    let (_, keys) = MANUAL_PAGES.iter().find(|(name, _)| *name == "keys.md").unwrap();
    let row = |action: Action| {
        let spec = action.spec();
        let key = spec.key.map(|key| format!("`{}`", key.format(&ModifierNames::NAMES, false)));
        format!("| {} | {} | {} |", spec.label, key.unwrap_or_default(), spec.help).replace("|  |", "| |")
    };
    let missing: Vec<String> = Action::all().map(row).filter(|row| !keys.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "rows that keys.md lacks:\n{}", missing.join("\n"));
}

#[test]
fn every_pane_has_a_section() {
    let (_, watching) = MANUAL_PAGES.iter().find(|(name, _)| *name == "watching.md").unwrap();
    for pane in PaneKind::ALL {
        let heading = format!("\n## {}\n", pane.title());
        assert!(watching.contains(&heading), "watching.md has no section {}", pane.title());
    }
}
