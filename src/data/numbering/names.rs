//! Numbers in the names of pictures.

use std::collections::BTreeMap;

/// Most digits of a number that is calculated with.
const MAX_DIGITS: usize = 38;
/// Digits of a time in seconds since 1970, whose decimals writers may shorten.
const EPOCH_DIGITS: usize = 9;

/// Number in a name, in the order of numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameNumber {
    /// Value, without decimals.
    pub whole: u128,
    /// Decimals of a time; `None` for a whole number.
    pub decimals: Option<String>,
}

impl NameNumber {
    fn of(digits: &str) -> Self {
        match digits.parse() {
            Ok(whole) if digits.len() <= MAX_DIGITS => Self { whole, decimals: None },
            _ => Self { whole: u128::MAX, decimals: Some(format!("{:>9}{digits}", digits.len())) },
        }
    }
}

/// Name of a picture as the text and the numbers that it is made of.
pub(super) struct ParsedName<'a> {
    /// The name.
    pub name: &'a str,
    /// Texts before, between and after the numbers.
    pub texts: Vec<String>,
    /// Numbers in their order.
    pub numbers: Vec<NameNumber>,
    /// Digits of the numbers as they are written.
    digits: Vec<String>,
}

impl<'a> ParsedName<'a> {
    fn of(name: &'a str) -> Self {
        let mut texts = vec![String::new()];
        let mut digits: Vec<String> = Vec::new();
        for letter in name.chars() {
            let is_in_number = digits.len() == texts.len();
            match (letter.is_ascii_digit(), is_in_number) {
                (true, false) => digits.push(letter.to_string()),
                (true, true) => digits.last_mut().into_iter().for_each(|number| number.push(letter)),
                (false, true) => texts.push(letter.to_string()),
                (false, false) => texts.last_mut().into_iter().for_each(|text| text.push(letter)),
            }
        }
        if digits.len() == texts.len() {
            texts.push(String::new());
        }
        let numbers = digits.iter().map(|digits| NameNumber::of(digits)).collect();
        Self { name, texts, numbers, digits }
    }

    /// Replaces the number at this index and the next by one.
    fn join(&mut self, index: usize, number: NameNumber) {
        self.numbers[index] = number;
        self.numbers.remove(index + 1);
        let next = self.digits.remove(index + 1);
        self.digits[index].push_str(&next);
        self.texts.remove(index + 1);
    }
}

/// Names by their texts. Numbers that are one number to people are joined: seconds with their decimals, and hours
/// with minutes and seconds.
pub(super) fn parse<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<Vec<String>, Vec<ParsedName<'a>>> {
    let mut by_texts: BTreeMap<Vec<String>, Vec<ParsedName<'a>>> = BTreeMap::new();
    for name in names.map(ParsedName::of) {
        by_texts.entry(name.texts.clone()).or_default().push(name);
    }
    for alike in by_texts.values_mut() {
        join_decimals(alike);
        join_clock(alike);
    }
    by_texts
}

/// True if all names have the same number at this index.
pub(super) fn is_constant(alike: &[ParsedName<'_>], index: usize) -> bool {
    alike.iter().all(|name| name.numbers[index] == alike[0].numbers[index])
}

fn join_decimals(alike: &mut [ParsedName<'_>]) {
    let mut index = 0;
    while index + 1 < alike[0].numbers.len() {
        let is_epoch = |name: &ParsedName<'_>| name.digits[index].len() >= EPOCH_DIGITS;
        let width = alike[0].digits[index + 1].len();
        // `take1.9` and `take1.10` are the ninth and the tenth, `12.50` and `13.00` are times.
        let is_time = alike.iter().all(|name| name.digits[index + 1].len() == width)
            && !is_constant(alike, index)
            && !is_constant(alike, index + 1);
        if alike[0].texts[index + 1] == "." && (alike.iter().all(is_epoch) || is_time) {
            for name in alike.iter_mut() {
                let whole = name.numbers[index].whole;
                let decimals = Some(name.digits[index + 1].trim_end_matches('0').to_owned());
                name.join(index, NameNumber { whole, decimals });
            }
        }
        index += 1;
    }
}

/// Joins hours, minutes and seconds of two digits each, so that 12-31-00 follows 12-30-59.
fn join_clock(alike: &mut [ParsedName<'_>]) {
    const LIMITS: [u128; 3] = [24, 60, 60];
    let is_clock = |name: &ParsedName<'_>, first: usize| {
        let is_within = |offset: usize| {
            name.digits[first + offset].len() == 2 && name.numbers[first + offset].whole < LIMITS[offset]
        };
        let is_short = |text: &String| text.chars().count() == 1;
        (0..3).all(is_within) && name.texts[first + 1..first + 3].iter().all(is_short)
    };
    let is_clock_of_all =
        |first: &usize| alike.iter().all(|name| is_clock(name, *first)) && !is_constant(alike, *first + 2);
    let Some(first) = (0..alike[0].numbers.len().saturating_sub(2)).rev().find(is_clock_of_all) else {
        return;
    };
    for name in alike {
        let [hours, minutes, seconds] = [0, 1, 2].map(|offset| name.numbers[first + offset].whole);
        // With decimals, though none are written, because a time is no frame number.
        let time = NameNumber { whole: (hours * 60 + minutes) * 60 + seconds, decimals: Some(String::new()) };
        name.join(first, time.clone());
        name.join(first, time);
    }
}
