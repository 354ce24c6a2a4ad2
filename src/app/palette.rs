//! The command palette: every action by its name, typed in part.

use super::{
    action::Action,
    bar,
    state::State,
    theme::{self, Palette},
};
use egui::{
    Align2, Frame, Id, Key, Margin, Modal, Modifiers, RichText, ScrollArea, Sense, TextEdit, Ui, Vec2,
};

const WIDTH: f32 = 440.0;
const LIST_HEIGHT: f32 = 320.0;
const ROW: f32 = 26.0;

/// A field to type in and the actions that match.
#[derive(Default)]
pub struct CommandPalette {
    is_open: bool,
    typed: String,
    /// Place among the actions that match.
    selected: usize,
}

impl CommandPalette {
    /// Opens it with nothing typed, or closes it.
    pub fn toggle(&mut self) {
        *self = Self { is_open: !self.is_open, ..Self::default() };
    }

    /// Draws it if it is open; what is chosen becomes a wish.
    pub fn ui(&mut self, ui: &Ui, state: &mut State) {
        if !self.is_open {
            return;
        }
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
        let area =
            Modal::default_area(Id::unique("palette")).anchor(Align2::CENTER_TOP, Vec2::new(0.0, 96.0));
        let modal = Modal::new(Id::unique("palette"))
            .area(area)
            .frame(frame)
            .backdrop_color(egui::Color32::from_black_alpha(64));
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            self.body(ui, state)
        });
        if let Some(action) = shown.inner {
            state.wish(action);
            self.is_open = false;
        } else if shown.should_close() {
            self.is_open = false;
        }
    }

    /// The action that was chosen, if any.
    fn body(&mut self, ui: &mut Ui, state: &State) -> Option<Action> {
        let (down, up, enter) = ui.input_mut(|input| {
            let mut presses = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (presses(Key::ArrowDown), presses(Key::ArrowUp), presses(Key::Enter) > 0)
        });
        let field = TextEdit::singleline(&mut self.typed)
            .hint_text("Type what you want to do")
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Command");
        field.request_focus();
        if field.changed() {
            self.selected = 0;
        }
        let found = matching(&self.typed);
        let last = found.len().saturating_sub(1);
        self.selected = (self.selected + down).saturating_sub(up).min(last);
        ui.add_space(theme::HALF);
        let mut chosen = enter.then(|| found.get(self.selected).copied()).flatten();
        chosen = chosen.filter(|action| state.obstacle_to(*action).is_none());
        if found.is_empty() {
            ui.label(RichText::new("Nothing is called so").weak());
        }
        ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (place, action) in found.into_iter().enumerate() {
                let is_selected = place == self.selected;
                if row(ui, state, action, is_selected, is_selected && down + up > 0) {
                    chosen = Some(action);
                }
            }
        });
        chosen
    }
}

/// Draws an action's name and key; says whether it was clicked.
fn row(ui: &mut Ui, state: &State, action: Action, is_selected: bool, scroll: bool) -> bool {
    let obstacle = state.obstacle_to(action);
    let sense = if obstacle.is_none() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), sense);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, obstacle.is_none(), is_selected, action.label())
    });
    if scroll {
        response.scroll_to_me(None);
    }
    let visuals = ui.visuals();
    if is_selected || response.hovered() {
        let fill = if is_selected { visuals.selection.bg_fill } else { visuals.faint_bg_color };
        ui.painter().rect_filled(rect, 4.0, fill);
    }
    let colour = if obstacle.is_none() { visuals.strong_text_color() } else { visuals.weak_text_color() };
    let inner = rect.shrink2(Vec2::new(theme::UNIT, 0.0));
    let font = egui::TextStyle::Body.resolve(ui.style());
    ui.painter().text(inner.left_center(), Align2::LEFT_CENTER, action.label(), font.clone(), colour);
    let key = bar::key(ui, action);
    ui.painter().text(inner.right_center(), Align2::RIGHT_CENTER, key, font, Palette::of(ui).accent);
    response.on_hover_text(obstacle.unwrap_or_else(|| action.help().to_owned())).clicked()
}

/// The actions that have every typed word in their name or their help; those whose name begins with the
/// first word come first, then those with all words in the name.
fn matching(typed: &str) -> Vec<Action> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let rank = |action: &Action| {
        let (label, help) = (action.label().to_lowercase(), action.help().to_lowercase());
        let in_label = words.iter().all(|word| label.contains(word));
        let begins = words.first().is_some_and(|word| label.starts_with(word));
        let somewhere = words.iter().all(|word| label.contains(word) || help.contains(word));
        match (begins && in_label, in_label, somewhere) {
            (true, ..) => Some(0),
            (_, true, _) => Some(1),
            (.., true) => Some(2),
            _ => None,
        }
    };
    let others = Action::ALL.into_iter().filter(|action| *action != Action::Palette);
    let mut found: Vec<(i32, Action)> = others.filter_map(|action| Some((rank(&action)?, action))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, action)| action).collect()
}
