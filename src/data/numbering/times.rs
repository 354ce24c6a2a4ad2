//! Times in the names of pictures: a date with the time of day, and seconds with their decimals, each joined to one
//! number.

use super::names::{NameNumber, ParsedName, counts, is_constant};
use std::ops::Range;

/// Digits of a time in seconds since 1970, whose decimals writers may shorten.
const EPOCH_DIGITS: usize = 9;
/// Digits of seconds since 1970 in this century.
const EPOCH_SECONDS_DIGITS: usize = 10;
/// Digits of milliseconds, microseconds and nanoseconds.
const DECIMALS: [usize; 3] = [3, 6, 9];
/// Digits of a date, and of a time of day without decimals.
const DATE_DIGITS: usize = 8;
const CLOCK_DIGITS: usize = 6;
/// Most letters between the numbers of a date or a time of day, and between the two: "2023-01-01 at 12-00-00".
const SEPARATOR: usize = 1;
const DATE_SEPARATOR: usize = 4;
const HOUR: i128 = 3600;
const MINUTE: i128 = 60;

/// Places of the year, the month and the day in the digits of a date.
type DateOrder = [Range<usize>; 3];
/// Orders of dates. Where both could be meant, the day is before the month.
const DATE_ORDERS: [DateOrder; 3] = [[0..4, 4..6, 6..8], [4..8, 2..4, 0..2], [4..8, 0..2, 2..4]];

/// Joins what is one time to people.
pub(super) fn join_times(alike: &mut [ParsedName<'_>]) {
    join_clock(alike);
    join_decimals(alike);
}

/// Joins the hours, minutes and seconds that come last, with the date before them if there is one, so that 12-31-00
/// follows 12-30-59, and 1 February 31 January.
fn join_clock(alike: &mut [ParsedName<'_>]) {
    for date in DATE_ORDERS.map(Some).into_iter().chain([None]) {
        for first in (0..alike[0].numbers.len()).rev() {
            let Some((count, times)) = clocks(alike, first, date.as_ref()) else { continue };
            for (name, time) in alike.iter_mut().zip(times) {
                name.join(first, count, time);
            }
            return;
        }
    }
}

/// Times that begin with the number at this index, and the number of numbers that each is made of; `None` if any name
/// has none there.
fn clocks(
    alike: &[ParsedName<'_>],
    first: usize,
    date: Option<&DateOrder>,
) -> Option<(usize, Vec<NameNumber>)> {
    let (count, _) = clock(&alike[0], first, date)?;
    let mut times = Vec::with_capacity(alike.len());
    for name in alike {
        let (numbers, time) = clock(name, first, date)?;
        (numbers == count).then(|| times.push(time))?;
    }
    let is_written_as_one = alike[0].digits[first + count - 1].len() >= CLOCK_DIGITS;
    // Six digits that never reach an hour may well be a count.
    let is_told = !is_written_as_one || times.iter().any(|time| time.whole.rem_euclid(24 * HOUR) >= HOUR);
    let has_seconds = times.iter().any(|time| (time.whole - times[0].whole) % MINUTE != 0)
        || times.iter().any(|time| time.decimals != times[0].decimals);
    (is_told && (date.is_some() || has_seconds)).then_some((count, times))
}

/// Time that begins with the number at this index, and the number of numbers that it is made of.
fn clock(name: &ParsedName<'_>, first: usize, date: Option<&DateOrder>) -> Option<(usize, NameNumber)> {
    let date_digits = date.map_or(0, |_| DATE_DIGITS);
    let (mut digits, mut end) = (String::new(), first);
    while digits.len() < date_digits + CLOCK_DIGITS {
        let longest = if digits.len() == DATE_DIGITS { DATE_SEPARATOR } else { SEPARATOR };
        if end > first && name.texts[end].chars().nth(longest).is_some() {
            return None;
        }
        digits.push_str(name.digits.get(end)?);
        end += 1;
    }
    let decimals = digits.split_off(date_digits + CLOCK_DIGITS);
    let last = name.digits[end - 1].len();
    let has_decimals = DECIMALS.contains(&decimals.len()) && last > CLOCK_DIGITS;
    let is_complete = match date {
        Some(_) => decimals.is_empty() || has_decimals,
        None => {
            let is_in_pairs = name.digits[first..end].iter().all(|number| number.len() == 2);
            let has_milliseconds = name.digits.get(end).is_some_and(|next| next.len() == DECIMALS[0]);
            let is_one = end == first + 1;
            is_in_pairs || is_one && (has_decimals || decimals.is_empty() && has_milliseconds)
        }
    };
    let number = |range: Range<usize>| digits[range].parse::<i128>().ok();
    let days = match date {
        Some([year, month, day]) => {
            days(number(year.clone())?, number(month.clone())?, number(day.clone())?)?
        }
        None => 0,
    };
    let [hours, minutes, seconds] =
        [0, 2, 4].map(|place| number(date_digits + place..date_digits + place + 2));
    let (hours, minutes, seconds) = (hours?, minutes?, seconds?);
    if !is_complete || hours >= 24 || minutes >= 60 || seconds >= 60 {
        return None;
    }
    // With decimals, though none are written, because a time is no frame number.
    let decimals = Some(decimals.trim_end_matches('0').to_owned());
    let whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    Some((end - first, NameNumber { whole, decimals }))
}

/// Days from 1 January 1970 to a date; `None` if there is no such date, or nobody took digital pictures then.
fn days(year: i128, month: i128, day: i128) -> Option<i128> {
    if !(1970..2100).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years from March to February, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469)
}

/// Joins seconds with their decimals.
fn join_decimals(alike: &mut [ParsedName<'_>]) {
    let mut index = 0;
    while index + 1 < alike[0].numbers.len() {
        if has_decimals(alike, index) {
            for name in alike.iter_mut() {
                let whole = name.numbers[index].whole;
                let decimals = Some(name.digits[index + 1].trim_end_matches('0').to_owned());
                name.join(index, 2, NameNumber { whole, decimals });
            }
        }
        index += 1;
    }
}

/// True if the number after this index is its decimals.
fn has_decimals(alike: &mut [ParsedName<'_>], index: usize) -> bool {
    let all = |is_it: &dyn Fn(&ParsedName<'_>) -> bool| alike.iter().all(is_it);
    let width = alike[0].digits[index + 1].len();
    let is_of_width = all(&|name| name.digits[index + 1].len() == width);
    let is_clock = all(&|name| name.numbers[index].decimals.as_ref().is_some_and(String::is_empty));
    let separator = alike[0].texts[index + 1].as_str();
    if separator == "." {
        // `take1.9` and `take1.10` are the ninth and the tenth, `12.50` and `13.00` are times.
        let is_time = is_of_width && !is_constant(alike, index) && !is_constant(alike, index + 1);
        return is_clock || is_time || all(&|name| name.digits[index].len() >= EPOCH_DIGITS);
    }
    let is_time = is_clock || all(&|name| name.digits[index].len() == EPOCH_SECONDS_DIGITS);
    let is_fraction = is_of_width
        && DECIMALS.contains(&width)
        && separator.chars().count() == 1
        && alike.iter().any(|name| !name.digits[index + 1].starts_with('0'));
    is_time && is_fraction && !counts(alike, index + 1, &[index])
}
