//! Searching the manual: sections of all pages that have the typed words.

use super::document::{PageBlock, TextSpan, anchor, plain};

/// Letters of a hit before the first word, and in all.
const LETTERS_BEFORE: usize = 24;
const LETTERS: usize = 96;

/// Text under one heading.
#[derive(Debug)]
pub struct Section {
    /// Index of the page.
    pub page: usize,
    /// Title of the page.
    pub title: String,
    /// Heading of the section.
    pub heading: String,
    /// Anchor of the heading.
    pub anchor: String,
    text: String,
}

/// A section with the typed words.
#[derive(Debug)]
pub struct Hit<'a> {
    /// The section.
    pub section: &'a Section,
    /// Text about the first word, on one line.
    pub excerpt: String,
}

/// Sections of a page; each row of a table is one too, under the text of its first cell.
pub fn sections(page: usize, blocks: &[PageBlock]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut rows = Vec::new();
    let mut title = String::new();
    for block in blocks {
        if let PageBlock::Heading(level, spans) = block {
            let heading = plain(spans);
            if *level == 1 {
                title.clone_from(&heading);
            }
            let anchor = anchor(&heading);
            sections.push(Section { page, title: title.clone(), heading, anchor, text: String::new() });
        } else if let Some(section) = sections.last_mut() {
            add_text(block, &mut section.text);
        }
        // The tables of the contents are links to the pages that are found anyway.
        if let PageBlock::Table(table) = block
            && page > 0
        {
            rows.extend(table.iter().skip(1).filter_map(|row| self::row(page, &title, row)));
        }
    }
    sections.extend(rows);
    sections
}

fn row(page: usize, title: &str, cells: &[Vec<TextSpan>]) -> Option<Section> {
    let (first, others) = cells.split_first()?;
    let heading = plain(first);
    let text = others.iter().map(|cell| plain(cell)).filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let anchor = anchor(&heading);
    Some(Section { page, title: title.to_owned(), heading, anchor, text: text.join(" · ") })
}

fn add_text(block: &PageBlock, text: &mut String) {
    let mut add = |more: &str| {
        text.push_str(more);
        text.push(' ');
    };
    match block {
        PageBlock::Heading(_, spans) | PageBlock::Paragraph(spans) => add(&plain(spans)),
        PageBlock::Code(code) => add(code),
        PageBlock::Picture(_, words) => add(words),
        PageBlock::Table(rows) => rows.iter().skip(1).flatten().for_each(|cell| add(&plain(cell))),
        PageBlock::List(_, items) => items.iter().flatten().for_each(|block| add_text(block, text)),
    }
}

/// Words of what was typed, in small letters.
pub fn words(typed: &str) -> Vec<String> {
    typed.split_whitespace().map(str::to_lowercase).collect()
}

/// Sections that have every word: first those whose heading begins with the first one and has all, then those with all
/// of them in the heading, then in the title of the page, then the others, by how often they have them. Of headings the
/// shorter ones say more about the words.
pub fn hits<'a>(sections: &'a [Section], words: &[String]) -> Vec<Hit<'a>> {
    let Some(first) = words.first() else { return Vec::new() };
    let rank = |section: &'a Section| {
        let [heading, title, text] =
            [&section.heading, &section.title, &section.text].map(|text| text.to_lowercase());
        let has = |text: &str, word: &String| text.contains(word.as_str());
        let all_in = |text: &str| words.iter().all(|word| has(text, word));
        let is_found = words.iter().all(|word| has(&heading, word) || has(&title, word) || has(&text, word));
        let times: usize = words.iter().map(|word| text.matches(word.as_str()).count()).sum();
        let place = match (all_in(&heading), all_in(&title)) {
            (true, _) if heading.trim_start_matches('-').starts_with(first.as_str()) => 0,
            (true, _) => 1,
            (_, true) => 2,
            _ => 3,
        };
        let length = if place < 2 { heading.chars().count() } else { 0 };
        let rank = (place, length, usize::MAX - times);
        is_found.then(|| (rank, Hit { section, excerpt: excerpt(&section.text, words) }))
    };
    let mut hits: Vec<_> = sections.iter().filter_map(rank).collect();
    hits.sort_by_key(|(rank, _)| *rank);
    hits.into_iter().map(|(_, hit)| hit).collect()
}

/// Text about the first word, from the beginning of a word on.
fn excerpt(text: &str, words: &[String]) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words.iter().flat_map(|word| find(&line, word)).map(|range| range.start).min().unwrap_or(0);
    let before = line[..first].char_indices().rev().nth(LETTERS_BEFORE).map_or(0, |(at, _)| at);
    let start =
        if before == 0 { 0 } else { line[before..first].find(' ').map_or(first, |at| before + at + 1) };
    let rest = &line[start..];
    let end =
        rest.char_indices().nth(LETTERS).map_or(rest.len(), |(at, _)| rest[..at].rfind(' ').unwrap_or(at));
    let [before, after] = [start > 0, end < rest.len()].map(|is_cut| if is_cut { "…" } else { "" });
    format!("{before}{}{after}", &rest[..end])
}

/// Places of a word, given in small letters, in a text. Letters whose small form has another length are no matches.
pub fn find(text: &str, word: &str) -> Vec<std::ops::Range<usize>> {
    let small: String = text
        .chars()
        .map(|c| c.to_lowercase().next().filter(|small| small.len_utf8() == c.len_utf8()).unwrap_or(c))
        .collect();
    small.match_indices(word).map(|(at, found)| at..at + found.len()).collect()
}
