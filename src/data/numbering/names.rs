//! Numbers in the names of pictures.

use std::collections::BTreeMap;

/// Most digits of a number that is calculated with.
const MAX_DIGITS: usize = 38;
/// Smallest number that is taken for seconds since 1970: a time in 1973.
const EPOCH_SECONDS: i128 = 100_000_000;

/// Number in a name, in the order of numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameNumber {
    /// Value, without decimals.
    pub whole: i128,
    /// Decimals of a time; `None` for a whole number.
    pub decimals: Option<String>,
}

impl NameNumber {
    fn of(digits: &str) -> Self {
        match digits.parse() {
            Ok(whole) if digits.len() <= MAX_DIGITS => Self { whole, decimals: None },
            _ => Self { whole: i128::MAX, decimals: Some(format!("{:>9}{digits}", digits.len())) },
        }
    }

    /// True for a time of day, and for what may be seconds since 1970 or parts of them.
    pub fn is_time(&self) -> bool {
        self.decimals.is_some() || self.whole >= EPOCH_SECONDS
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
    pub digits: Vec<String>,
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

    /// Replaces this many numbers from an index on by one.
    pub fn join(&mut self, first: usize, count: usize, number: NameNumber) {
        self.numbers.splice(first..first + count, [number]);
        let digits: String = self.digits[first..first + count].concat();
        self.digits.splice(first..first + count, [digits]);
        self.texts.drain(first + 1..first + count);
    }
}

/// Names by their texts.
pub(super) type ByTexts<'a> = BTreeMap<Vec<String>, Vec<ParsedName<'a>>>;

/// Names by their texts. A dash before a number is its sign where other names lack it.
pub(super) fn parse<'a>(names: impl Iterator<Item = &'a str>) -> ByTexts<'a> {
    let mut by_texts = ByTexts::new();
    for name in names.map(ParsedName::of) {
        by_texts.entry(name.texts.clone()).or_default().push(name);
    }
    join_signs(&mut by_texts);
    by_texts
}

/// Takes a dash before a number for its sign where other names have none there, so that -1 comes before 0.
fn join_signs(by_texts: &mut ByTexts<'_>) {
    let is_sign = |index: usize, text: &str| {
        text.strip_suffix('-').is_some_and(|before| match before.chars().last() {
            Some(letter) => !letter.is_alphanumeric(),
            // Between two numbers it is a hyphen.
            None => index == 0,
        })
    };
    let signed = by_texts.keys().filter_map(|texts| {
        let index = (0..texts.len() - 1).find(|index| is_sign(*index, &texts[*index]))?;
        let mut unsigned = texts.clone();
        unsigned[index].pop();
        by_texts.contains_key(&unsigned).then(|| (texts.clone(), index, unsigned))
    });
    for (texts, index, unsigned) in signed.collect::<Vec<_>>() {
        let names = by_texts.remove(&texts).unwrap_or_default();
        let negative = names.into_iter().map(|mut name| {
            name.numbers[index].whole *= -1;
            name.texts.clone_from(&unsigned);
            name
        });
        by_texts.entry(unsigned.clone()).or_default().extend(negative.collect::<Vec<_>>());
    }
}

/// True if all names have the same number at this index.
pub(super) fn is_constant(alike: &[ParsedName<'_>], index: usize) -> bool {
    alike.iter().all(|name| name.numbers[index] == alike[0].numbers[index])
}

/// True if the number at this index counts the names and the others only repeat it, as a time beside a count does: they
/// grow with it from name to name. Times may stay the same.
pub(super) fn counts(alike: &mut [ParsedName<'_>], index: usize, others: &[usize]) -> bool {
    alike.sort_by(|a, b| a.numbers[index].cmp(&b.numbers[index]));
    let follows = |pair: &[ParsedName<'_>]| {
        let [a, b] = pair else { return true };
        let grows = |other: &usize| {
            let (a, b) = (&a.numbers[*other], &b.numbers[*other]);
            a < b || a == b && a.is_time()
        };
        a.numbers[index] < b.numbers[index] && others.iter().all(grows)
    };
    alike.windows(2).all(follows)
}
