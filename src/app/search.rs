//! Finding things by parts of their names.

/// Rank of something for the typed words: 0 if its name begins with the first word, 1 if its name
/// has every word, 2 if name and help have them; `None` if they have not.
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
