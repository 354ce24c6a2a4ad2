//! Rows of numbers as text: separated by spaces, tabs, commas or semicolons, with or without a line of names.

use crate::data::{RemarkKind, Remarks};

/// Most rows that are read: more than an hour of a drone's poses at 200 a second.
const MAX_ROWS: usize = 1_000_000;
/// Longest part of a word that an error quotes, characters.
const QUOTED: usize = 40;
/// Fewest columns of a pose: position and quaternion.
const FEWEST_NAMES: usize = 7;
/// Beginnings of comments.
const COMMENTS: [&str; 3] = ["#", "%", "//"];

/// Numbers of a text file, row by row.
pub struct Table {
    /// Numbers in each row.
    pub width: usize,
    numbers: Vec<f64>,
    /// Line of each row, from 1.
    pub lines: Vec<u32>,
    /// Names of the columns, in small letters and without units, where a line of them stands before the numbers.
    pub names: Option<Vec<String>>,
    /// True if commas separate the numbers.
    pub has_commas: bool,
    /// Decisions about the rows.
    pub remarks: Remarks,
}

impl Table {
    /// Parses a text. The last row may be cut, and is then left out.
    ///
    /// # Errors
    /// There is no row, a row differs in length from the first, or a word is not a number; the message names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self {
            width: 0,
            numbers: Vec::new(),
            lines: Vec::new(),
            names: None,
            has_commas: false,
            remarks: Remarks::default(),
        };
        let mut comment_names = None;
        let mut short = None;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            if let Some(comment) = COMMENTS.iter().find_map(|mark| text.strip_prefix(mark)) {
                let may_name = |names: &Vec<String>| table.lines.is_empty() && names.len() >= FEWEST_NAMES;
                comment_names = Some(names(comment)).filter(may_name).or(comment_names);
                continue;
            }
            if let Some((line, count)) = short {
                return Err(table.other_length(line, count));
            }
            match table.push(line, text) {
                Ok(count) if count == table.width => {}
                Ok(count) => short = Some((line, count)),
                // Names may stand once, before the numbers.
                Err(_) if table.lines.is_empty() && table.names.is_none() && is_name(text) => {
                    table.names = Some(names(text));
                }
                Err(reason) => return Err(format!("line {line}: {reason}")),
            }
        }
        if let Some((line, count)) = short {
            if count > table.width {
                return Err(table.other_length(line, count));
            }
            table.remarks.add(RemarkKind::LeftOut, None, "cut rows left out", &format!("line {line}"));
        }
        if table.lines.is_empty() {
            return Err("it holds no pose".to_owned());
        }
        table.names = table.names.or(comment_names).map(|mut names| {
            // Tables with row numbers leave the name of these out.
            if names.len() + 1 == table.width {
                names.insert(0, "row".to_owned());
            }
            names
        });
        table.names = table.names.filter(|names| names.len() == table.width);
        Ok(table)
    }

    /// Numbers of a row.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.numbers[index * self.width..][..self.width]
    }

    /// Appends a row if it is as long as the first, and returns the number of its numbers.
    fn push(&mut self, line: u32, text: &str) -> Result<usize, String> {
        let before = self.numbers.len();
        let mut parse = |text: &str| {
            words(text).try_for_each(|word| {
                self.numbers.push(word.parse().map_err(|_| not_a_number(word))?);
                Ok(())
            })
        };
        let has_decimal_commas = has_decimal_commas(text);
        let parsed = if has_decimal_commas { parse(&text.replace(',', ".")) } else { parse(text) };
        let count = self.numbers.len() - before;
        if self.lines.is_empty() && parsed.is_ok() {
            (self.width, self.has_commas) = (count, text.contains(',') && !has_decimal_commas);
        }
        if parsed.is_err() || count != self.width {
            self.numbers.truncate(before);
            return parsed.map(|()| count);
        }
        if self.lines.len() == MAX_ROWS {
            return Err(format!("it has more than {MAX_ROWS} rows, which no file of poses has"));
        }
        self.lines.push(line);
        Ok(count)
    }

    fn other_length(&self, line: u32, count: usize) -> String {
        let is_row_of_matrix = [3, 4].contains(&count) && [3, 4].contains(&self.width);
        let advice = if is_row_of_matrix { "; write each pose in one line" } else { "" };
        format!("line {line}: it has {count} numbers instead of {} like the lines before{advice}", self.width)
    }
}

/// True if commas stand for decimal points: where semicolons separate the numbers, or spaces do and commas are inside.
fn has_decimal_commas(text: &str) -> bool {
    let is_inside = |word: &str| word.trim_matches(',').contains(',');
    text.contains(',')
        && (text.contains(';')
            || text.split_whitespace().count() >= FEWEST_NAMES && text.split_whitespace().any(is_inside))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates = |letter: char| letter.is_whitespace() || ",;[]()\"'".contains(letter);
    text.split(separates).filter(|word| !word.is_empty())
}

/// True if a line begins like a name.
fn is_name(text: &str) -> bool {
    words(text)
        .next()
        .is_some_and(|word| word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_'))
}

/// Names of columns: in small letters, without units in brackets. A comma separates names that may hold spaces.
fn names(text: &str) -> Vec<String> {
    let mut bare = String::with_capacity(text.len());
    let mut depth = 0_u32;
    for letter in text.chars() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.extend(letter.to_lowercase()),
            _ => {}
        }
    }
    words(&bare).map(str::to_owned).collect()
}

fn not_a_number(word: &str) -> String {
    let quoted: String = word.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    format!("'{quoted}' is not a number")
}
