//! Texts of the Training pane.

use egui::{Label, Response, RichText, Ui};

/// A wrapped line in the weak colour.
pub fn weak_line(ui: &mut Ui, text: String) -> Response {
    ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap())
}

/// A size in gigabytes (10⁹ bytes).
pub fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
