//! Row for a number: its name, a slider, a field for typing it, and a reset button.

use crate::app::{
    icon::Icon,
    theme::{self, Palette},
};
use egui::{Align, DragValue, Label, Layout, RichText, Slider, Ui, Vec2};
use std::ops::RangeInclusive;

const LINE: f32 = 20.0;
const LABEL: f32 = 88.0;
const FIELD: f32 = 76.0;
const UNDO: f32 = 16.0;

/// Slider of a value that is displayed as `offset` + `scale` · value.
pub(super) struct ValueSlider {
    name: &'static str,
    help: &'static str,
    /// Range of the value.
    range: RangeInclusive<f32>,
    /// Value that changes nothing: 1 for a factor, 0 for an offset.
    unchanged: f32,
    offset: f32,
    scale: f32,
    unit: &'static str,
    decimals: usize,
}

impl ValueSlider {
    /// Slider of a factor, unchanged at 1.
    pub fn factor(name: &'static str, help: &'static str, range: RangeInclusive<f32>) -> Self {
        Self { name, help, range, unchanged: 1.0, offset: 0.0, scale: 1.0, unit: "", decimals: 3 }
    }

    /// Slider of an offset from −`max` to `max`, unchanged at 0.
    pub fn addend(name: &'static str, help: &'static str, max: f32) -> Self {
        Self { range: -max..=max, unchanged: 0.0, decimals: 4, ..Self::factor(name, help, 0.0..=0.0) }
    }

    /// Sets the displayed number: `offset` at value 0, and `scale` more for each 1.
    pub fn shown_as(self, offset: f32, scale: f32, unit: &'static str, decimals: usize) -> Self {
        Self { offset, scale, unit, decimals, ..self }
    }

    fn shown(&self, value: f32) -> f32 {
        self.offset + value * self.scale
    }

    /// Draws the row; true if the value was changed.
    pub fn ui(&self, ui: &mut Ui, value: &mut f32) -> bool {
        let before = *value;
        ui.push_id(self.name, |ui| ui.horizontal(|ui| self.row(ui, value)));
        *value != before
    }

    fn row(&self, ui: &mut Ui, value: &mut f32) {
        let Self { name, unchanged, unit, decimals, .. } = self;
        let is_factor = *unchanged == 1.0;
        let help = format!("{}\nDouble-click on the slider to reset it", self.help);
        ui.spacing_mut().item_spacing.x = theme::HALF;
        ui.spacing_mut().interact_size.y = LINE;
        let is_changed = *value != *unchanged;
        let layout = Layout::left_to_right(Align::Center);
        ui.allocate_ui_with_layout(Vec2::new(LABEL, LINE), layout, |ui| {
            ui.set_min_width(LABEL);
            let colour = if is_changed { Palette::of(ui).accent } else { ui.visuals().text_color() };
            ui.add(Label::new(RichText::new(*name).color(colour)).truncate()).on_hover_text(&help);
        });
        let ends = self.shown(*self.range.start())..=self.shown(*self.range.end());
        let mut shown = self.shown(*value);
        ui.spacing_mut().slider_width =
            (ui.available_width() - FIELD - UNDO - 2.0 * theme::HALF).clamp(48.0, 320.0);
        let slider = Slider::new(&mut shown, ends.clone()).logarithmic(is_factor).show_value(false);
        let slider = ui.add(slider).on_hover_text(&help);
        let speed = (ends.end() - ends.start()) / 1000.0;
        let field =
            DragValue::new(&mut shown).range(ends).speed(speed).fixed_decimals(*decimals).suffix(*unit);
        let field = if is_factor && self.scale == 1.0 { field.prefix("× ") } else { field };
        let field = ui.add_sized([FIELD, LINE], field).on_hover_text(self.help);
        if slider.changed() || field.changed() {
            // A value that is displayed like the unchanged one becomes exactly that.
            let is_back = (shown - self.shown(*unchanged)).abs() < 0.5 * 0.1f32.powi(*decimals as i32);
            *value = if is_back { *unchanged } else { (shown - self.offset) / self.scale };
        }
        let mut is_undone = slider.double_clicked();
        slider.accessible_name(*name);
        field.accessible_name(format!("{name}, as a number"));
        if is_changed {
            let undo = Icon::Undo.bare_button(ui, Vec2::new(UNDO, LINE), &format!("Reset {name}"));
            is_undone |= undo.on_hover_text("Reset it").clicked();
        }
        if is_undone {
            *value = *unchanged;
        }
    }
}
