//! The tree of maps: grouped, searched by typing, walked through with the arrow keys.

use super::{search, theme, typing};
use crate::objective::MapName;
use egui::{CollapsingHeader, Key, Modifiers, RichText, ScrollArea, TextEdit, Ui};

const HEIGHT: f32 = 440.0;
const WIDTH: f32 = 208.0;

/// Search field with the tree of maps below it. To be created again each time it is opened.
#[derive(Clone, Debug, Default)]
pub struct MapTree {
    is_open: bool,
    typed: String,
    /// Index of the selected map among the matches; `None` until someone types or uses the arrow keys.
    selected: Option<usize>,
}

impl MapTree {
    /// Draws field and tree; `present` is the map that is shown now. Returns the map that was chosen.
    pub fn ui(&mut self, ui: &mut Ui, maps: &[MapName], present: Option<MapName>) -> Option<MapName> {
        let id = ui.scope_id().with("search maps");
        let is_searching = ui.memory(|memory| memory.has_focus(id));
        // If another control of the menu has the focus, the keys belong to that.
        let presses = |key| {
            let taken =
                ui.input_mut(|input| is_searching.then(|| input.count_and_consume_key(Modifiers::NONE, key)));
            taken.unwrap_or(0)
        };
        let [down, up, enter] = [Key::ArrowDown, Key::ArrowUp, Key::Enter].map(presses);
        ui.set_width(WIDTH);
        let is_new = !std::mem::replace(&mut self.is_open, true);
        if is_new {
            self.typed = typing::take(ui.ctx());
        }
        let field = TextEdit::singleline(&mut self.typed).id(id).hint_text("Search");
        let field = ui.add(field.desired_width(f32::INFINITY)).accessible_name("Search maps");
        if is_new {
            field.request_focus();
        }
        let rank = |name: &MapName| {
            search::rank(&self.typed, &name.to_string(), &format!("{} {}", name.group().title(), name.help()))
        };
        let found: Vec<MapName> = maps.iter().copied().filter(|name| rank(name).is_some()).collect();
        if field.changed() || is_new && !self.typed.is_empty() {
            // The hint is visible in place of the text until the next frame.
            ui.ctx().request_repaint();
            let best = (0..found.len()).min_by_key(|index| rank(&found[*index]));
            self.selected = best.filter(|_| !self.typed.is_empty());
        }
        if down + up > 0 {
            let start = present.and_then(|present| found.iter().position(|name| *name == present));
            let start = self.selected.or(start).unwrap_or(0);
            self.selected = Some((start + down).saturating_sub(up));
        }
        self.selected =
            self.selected.map(|index| index.min(found.len().saturating_sub(1))).filter(|_| !found.is_empty());
        if found.is_empty() {
            ui.label(RichText::new("No map matches").weak());
        }
        let mut chosen = self.selected.filter(|_| enter > 0).map(|index| found[index]);
        ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let selected = self.selected.map(|index| found[index]);
            let unfolds = (!self.typed.is_empty() || down + up > 0).then_some(true);
            for members in found.chunk_by(|left, right| left.group() == right.group()) {
                let title = RichText::new(members[0].group().title())
                    .size(11.0)
                    .color(ui.visuals().weak_text_color());
                CollapsingHeader::new(title).default_open(true).open(unfolds).show(ui, |ui| {
                    ui.set_min_width(WIDTH - 3.0 * theme::UNIT);
                    for name in members {
                        let is_marked = selected.or(present) == Some(*name);
                        let row = ui.selectable_label(is_marked, name.to_string()).on_hover_text(name.help());
                        if row.clicked() {
                            chosen = Some(*name);
                        }
                        if selected == Some(*name) && down + up > 0 {
                            row.scroll_to_me(None);
                        }
                    }
                });
            }
        });
        chosen
    }
}
