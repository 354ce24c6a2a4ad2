//! Menu of colour map and range.

use super::layer::Layer;
use crate::{
    app::state::ViewedFrame,
    geometry::colormap::Colormap,
    view::{FieldStyle, Range},
};
use egui::{
    DragValue, PopupCloseBehavior, Ui,
    containers::menu::{MenuButton, MenuConfig},
};

/// Shares of the values outside each end of the range, with their names.
const SHARES: [(f32, &str); 4] = [
    (0.0, "All values"),
    (0.01, "1 to 99 % of the values"),
    (0.03, "3 to 97 % of the values"),
    (0.05, "5 to 95 % of the values"),
];

/// Menu that stays open until something outside it is clicked.
pub fn lasting_menu(ui: &mut Ui, name: &str, body: impl FnOnce(&mut Ui)) -> egui::Response {
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::new(name).config(config).ui(ui, body).0
}

/// Button that opens the menu, for maps that have a range.
pub fn menu(ui: &mut Ui, layer: &mut Layer, viewed: &ViewedFrame) {
    let Some(style) = layer.style(viewed) else { return };
    let FieldStyle::Measure { mut colormap, mut range, mut logarithmic, sparse } = style else { return };
    lasting_menu(ui, "Colours", |ui| {
        for choice in Colormap::ALL {
            ui.radio_value(&mut colormap, choice, choice.label());
        }
        ui.separator();
        ui.label("Range of each picture");
        for (outside, name) in SHARES {
            let choice = Range::Automatic { outside };
            ui.radio_value(&mut range, choice, name).on_hover_text(
                "The range of each picture's values over which the colours are spread; \
                 with diverging colours, zero has the middle colour",
            );
        }
        ui.separator();
        let present = layer.range(&FieldStyle::Measure { colormap, range, logarithmic, sparse });
        let (mut low, mut high) = present.unwrap_or((0.0, 1.0));
        let is_locked = matches!(range, Range::Fixed { .. });
        let locked = ui.radio(is_locked, "Locked range");
        let locked = locked.on_hover_text("Keep the present range: the same colours in every picture");
        if locked.clicked() && !is_locked {
            range = Range::Fixed { low, high };
        }
        ui.add_enabled_ui(is_locked, |ui| {
            ui.horizontal(|ui| {
                let speed = f64::from((high - low).abs().max(1e-9)) * 0.01;
                let from = ui.add(DragValue::new(&mut low).speed(speed).prefix("from "));
                let to = ui.add(DragValue::new(&mut high).speed(speed).prefix("to "));
                let changed = from.changed() || to.changed();
                from.on_hover_text("Value of the first colour").accessible_name("Lowest value");
                to.on_hover_text("Value of the last colour").accessible_name("Highest value");
                if changed {
                    range = Range::Fixed { low, high };
                }
            });
        });
        ui.add_enabled(!colormap.has_middle(), egui::Checkbox::new(&mut logarithmic, "Logarithmic"))
            .on_hover_text("Equal ratios, not equal differences, are equally far apart")
            .on_disabled_hover_text("Signed values have no logarithm");
        logarithmic &= !colormap.has_middle();
        ui.separator();
        if ui.button("Default for this map").on_hover_text("Default colours and range").clicked() {
            layer.chosen_style = None;
            ui.close();
            return;
        }
        let chosen = FieldStyle::Measure { colormap, range, logarithmic, sparse };
        if Some(&chosen) != layer.style(viewed).as_ref() {
            layer.chosen_style = Some(chosen);
        }
    })
    .on_hover_text("Colour map and range of this view");
}
