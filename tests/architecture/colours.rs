//! Colours of the window: what the lints of `.clippy.toml` cannot see, because it is no call.

use super::{code, sources};

/// Constants of egui that are no choice of a colour: what tints nothing, and what is not drawn.
const NEUTRAL: [&str; 3] = ["WHITE", "TRANSPARENT", "PLACEHOLDER"];

/// Colours of egui that a piece of code names, such as `Color32::RED`.
fn named_colours(code: &str) -> Vec<&str> {
    let after = ["Color32::", "Rgba::"].into_iter().flat_map(|path| code.split(path).skip(1));
    let names = after.map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        &rest[..end.unwrap_or(rest.len())]
    });
    let is_constant = |name: &&str| name.len() > 2 && !name.contains(|letter: char| letter.is_lowercase());
    names.filter(is_constant).filter(|name| !NEUTRAL.contains(name)).collect()
}

#[test]
fn only_the_theme_names_colours() {
    let files = sources("app").into_iter().chain(sources("view")).chain(sources("cli"));
    let others = files.filter(|(path, _)| !path.ends_with("app/theme.rs"));
    let found: Vec<String> = others
        .flat_map(|(path, text)| {
            let code = code(&text);
            let mut found: Vec<String> =
                named_colours(&code).iter().map(|name| format!("{path}: Color32::{name}")).collect();
            found.extend(code.contains("hex_color!").then(|| format!("{path}: hex_color!")));
            found
        })
        .collect();
    assert!(found.is_empty(), "colours of the window are defined in src/app/theme.rs:\n{}", found.join("\n"));
}

#[test]
fn the_reader_of_colours_sees_constants_only() {
    let text = "egui::Color32::RED, Color32::from_rgb(1, 2, 3); Color32::WHITE; Rgba::GREEN";
    assert_eq!(named_colours(text), ["RED", "GREEN"]);
}
