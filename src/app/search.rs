//! Search by parts of names.

/// Rank of a match, lower is better: 0 if the name begins with the first word and has all others, 1 if the name has
/// every word, 2 if name and help have every word; `None` without a match.
pub fn rank(typed: &str, name: &str, help: &str) -> Option<u8> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let (name, help) = (name.to_lowercase(), help.to_lowercase());
    let in_name = words.iter().all(|word| name.contains(word));
    let begins = words.first().is_some_and(|word| name.starts_with(word));
    let somewhere = words.iter().all(|word| name.contains(word) || help.contains(word));
    match (begins && in_name, in_name, somewhere) {
        (true, ..) => Some(0),
        (_, true, _) => Some(1),
        (.., true) => Some(2),
        _ => None,
    }
}
