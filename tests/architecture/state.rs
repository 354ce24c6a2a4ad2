//! Structs of the window's state, and the session's worker, stay small; the state draws nothing.

use super::{reader::field_counts, sources};

/// A struct of more fields is split.
const MAX_FIELDS: usize = 12;

#[test]
fn slices_of_the_state_and_the_worker_have_few_fields() {
    let all = ["app/state", "session/worker"].map(sources).into_iter().flatten();
    let mut seen = Vec::new();
    for (file, text) in all {
        for (name, fields) in field_counts(&text) {
            assert!(
                fields <= MAX_FIELDS,
                "{file}: {name} has {fields} fields, at most {MAX_FIELDS} are allowed"
            );
            seen.push(name);
        }
    }
    assert!(["State", "ViewedFrame", "Worker"].iter().all(|name| seen.iter().any(|seen| seen == name)));
}

#[test]
fn the_state_of_the_window_draws_nothing() {
    for (file, text) in sources("app/state") {
        for name in ["Ui", "Painter", "Color32", "Response"] {
            let is_named = text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == name);
            assert!(!is_named, "{file} names {name} of egui: data lies apart from what draws it");
        }
    }
}

#[test]
fn fields_of_every_form_of_struct_are_counted() {
    let text = "
        pub struct Plain { /// a: comment
            #[serde(rename = \"x: y\")] pub a: u8, b: std::fmt::Error }
        struct Generic<T: Copy> { c: Vec<(T, T)>, d: fn(e: u8) -> T, }
        struct Unit; struct Tuple(u8, u8);
        impl Plain { fn f() { let x: u8 = 1; } }";
    let counts = field_counts(text);
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(counts, [("Plain", 2), ("Generic", 2), ("Unit", 0), ("Tuple", 0)]);
}
