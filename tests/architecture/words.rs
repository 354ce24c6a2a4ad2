//! Words of the code: the first word of a docstring.

use super::{FLOORS, sources};

/// Words that no docstring begins with: it begins with a noun or a verb.
const NO_BEGINNING: [&str; 14] = [
    "What", "How", "Whether", "Where", "Who", "Which", "Why", "When", "Its", "It", "They", "Those", "As",
    "If",
];

/// First words of the docstrings of a file, with the number of their line.
fn beginnings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    (0..lines.len()).filter_map(move |index| {
        let follows = |mark: &str| index > 0 && lines[index - 1].starts_with(mark);
        let doc = ["///", "//!"].into_iter().find(|mark| lines[index].starts_with(mark) && !follows(mark))?;
        let words = lines[index][doc.len()..].trim_start();
        Some((index + 1, words.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("")))
    })
}

#[test]
fn docstrings_begin_with_a_noun_or_a_verb() {
    let found: Vec<String> = FLOORS
        .into_iter()
        .flat_map(sources)
        .flat_map(|(path, text)| {
            let wrong = beginnings(&text).filter(|(_, word)| NO_BEGINNING.contains(word));
            wrong.map(|(line, word)| format!("{path}:{line}: {word} ...")).collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{} docstrings:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_word_reader_sees_the_first_line_of_a_docstring_only() {
    let text = "//! What\n\n/// Learning rate.\n/// What else\nfn x() {}\n    /// Where\n";
    assert_eq!(beginnings(text).collect::<Vec<_>>(), [(1, "What"), (3, "Learning"), (6, "Where")]);
}
