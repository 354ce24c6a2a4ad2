//! British spelling of all prose: comments, texts of the program, and pages.

use super::reader::literal;
use std::{fs, path::Path};

/// Folders that hold prose of ours.
const FOLDERS: [&str; 6] = ["src", "tests", "shaders", "assets", ".github", ".ci"];

/// Beginnings of words that American English spells in another way, with the British beginning. Endings in -ize are
/// found by rule.
const AMERICAN: [(&str, &str); 20] = [
    ("analyz", "analys"),
    ("artifact", "artefact"),
    ("behavior", "behaviour"),
    ("canceled", "cancelled"),
    ("canceling", "cancelling"),
    ("catalogs", "catalogues"),
    ("center", "centre"),
    ("color", "colour"),
    ("defense", "defence"),
    ("favor", "favour"),
    ("gray", "grey"),
    ("honor", "honour"),
    ("labeled", "labelled"),
    ("labeling", "labelling"),
    ("license", "licence"),
    ("meters", "metres"),
    ("modeled", "modelled"),
    ("modeling", "modelling"),
    ("neighbor", "neighbour"),
    ("traveled", "travelled"),
];

/// Parts of words with -iz- that are British too.
const BRITISH: [&str; 8] = ["size", "sizing", "prize", "seize", "horiz", "citizen", "wizard", "bizarre"];

/// Titles of others, which keep their spelling.
const TITLES: [&str; 1] = ["A Method for Stochastic Optimization"];

/// British spelling of a word, if it is spelled in the American way.
fn british(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let is_ize = ["ize", "izes", "ized", "izing", "izer", "izers", "ization", "izations"]
        .iter()
        .any(|ending| word.ends_with(ending));
    if is_ize && !BRITISH.iter().any(|part| word.contains(part)) {
        return Some(word.replace("iz", "is"));
    }
    let (american, british) = AMERICAN.into_iter().find(|(american, _)| word.starts_with(american))?;
    Some(word.replacen(american, british, 1))
}

/// Comments and string literals of a Rust or WGSL file, by line; all text of other files.
fn prose(path: &str, text: &str) -> Vec<(usize, String)> {
    if !path.ends_with(".rs") && !path.ends_with(".wgsl") {
        return text.lines().enumerate().map(|(index, line)| (index + 1, line.to_owned())).collect();
    }
    let (mut found, mut line, mut rest) = (Vec::new(), 1, text);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            literal(rest).unwrap_or(0)
        };
        // A word alone is a key or a name in a test; in the program it may be a label.
        let is_name = rest.starts_with('"') && path.contains("tests/") && !rest[..length].contains(' ');
        if length > 0 && !is_name {
            let lines = rest[..length].split('\n').enumerate();
            found.extend(lines.map(|(index, part)| (line + index, part.to_owned())));
        }
        let length = length.max(first.len_utf8());
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Words of a line, without code: what stands in backticks or belongs to a name, a path, an option or an address.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let outside = line.split('`').step_by(2);
    outside.flat_map(|text| {
        text.split(|letter: char| letter.is_whitespace() || "\"'()[],;!?".contains(letter)).filter_map(
            |part| {
                let word = part.trim_matches(|letter: char| ".:*".contains(letter));
                let is_word = |letter: char| letter.is_alphabetic() || letter == '-';
                let is_file = word.len() > 1 && !word.contains(char::is_lowercase);
                (!is_file && !word.starts_with('-') && word.chars().all(is_word)).then_some(word)
            },
        )
    })
}

fn american(path: &str, text: &str) -> Vec<String> {
    let lines = prose(path, text)
        .into_iter()
        .map(|(line, part)| (line, TITLES.iter().fold(part, |part, title| part.replace(title, ""))));
    let lines: Vec<_> = lines.collect();
    let wrong = lines.iter().flat_map(|(line, part)| {
        let words = words(part).flat_map(|word| word.split('-'));
        words.filter_map(move |word| Some(format!("{path}:{line}: {word}, British {}", british(word)?)))
    });
    wrong.collect()
}

/// Files with prose below a folder, or the folder's own where it is the root.
fn files(folder: &Path, is_root: bool, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !is_root && name != "packed" {
                files(&path, false, found);
            }
        } else if [".rs", ".wgsl", ".md", ".yml"].iter().any(|end| name.ends_with(end)) || !name.contains('.')
        {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn prose_is_spelled_in_british_english() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(root, true, &mut paths);
    for folder in FOLDERS.map(|folder| root.join(folder)).iter().filter(|folder| folder.is_dir()) {
        files(folder, false, &mut paths);
    }
    // This file has the American words.
    paths.retain(|path| !path.ends_with("architecture/spelling.rs") && !path.contains("LICENSE"));
    let found: Vec<String> = paths
        .iter()
        .filter_map(|path| Some((path, fs::read_to_string(path).ok()?)))
        .flat_map(|(path, text)| american(path, &text))
        .collect();
    assert!(found.is_empty(), "{} words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn american_words_are_found_in_prose_only() {
    let text =
        "// The color of `color`.\nlet color = \"a neighbor's\\\n size\";\n/// Non-normalized, resized\n";
    let wrong = ["x.rs:1: color", "x.rs:2: neighbor", "x.rs:4: normalized"];
    let found = american("x.rs", text);
    assert_eq!(found.len(), wrong.len(), "{found:?}");
    assert!(found.iter().zip(wrong).all(|(found, wrong)| found.starts_with(wrong)), "{found:?}");
    assert_eq!(
        american("x.txt", "Grays, horizontal, `gray`, --gray and a.gray"),
        ["x.txt:1: Grays, British greys"]
    );
}
