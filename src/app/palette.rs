//! The command palette: finds any action by a part of its name.

use super::{
    actions::Action,
    keys, search,
    state::{Recent, State},
    theme::{self, Palette},
    typing,
};
use egui::{
    Align2, Context, Frame, Id, Key, Margin, Modal, Modifiers, RichText, ScrollArea, Sense, TextEdit, Ui,
    Vec2,
};

const WIDTH: f32 = 440.0;
const LIST_HEIGHT: f32 = 320.0;
const ROW: f32 = 26.0;

/// A row of the palette.
#[derive(Clone)]
pub enum PaletteEntry {
    /// Action to run.
    Run(Action),
    /// Data, weights or run to open again.
    Open(Recent),
}

impl PaletteEntry {
    fn label(&self) -> String {
        match self {
            Self::Run(action) => action.label().to_owned(),
            Self::Open(recent) => format!("Open {}", recent.label()),
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Run(action) => action.help().to_owned(),
            Self::Open(recent) => recent.help(),
        }
    }

    fn key(&self, ui: &Ui) -> String {
        match self {
            Self::Run(action) => keys::name(ui.ctx(), action.spec().key),
            Self::Open(Recent::Data(_)) => "recent data".to_owned(),
            Self::Open(Recent::Weights(_)) => "recent weights".to_owned(),
            Self::Open(Recent::Run(_)) => "recent run".to_owned(),
        }
    }

    fn obstacle(&self, state: &State) -> Option<String> {
        match self {
            Self::Run(action) => action.obstacle(state),
            Self::Open(recent) => state.recents.obstacle(recent),
        }
    }
}

/// A field to type in and the actions that match.
#[derive(Default)]
pub struct CommandPalette {
    is_open: bool,
    typed: String,
    /// Index among the rows that match.
    selected: usize,
}

impl CommandPalette {
    /// Opens the palette with what was typed since the last frame, or closes it.
    pub fn toggle(&mut self, context: &Context) {
        let typed = if self.is_open { String::new() } else { typing::take(context) };
        *self = Self { is_open: !self.is_open, typed, ..Self::default() };
    }

    /// Draws the palette if it is open. Returns the entry that was chosen.
    pub fn ui(&mut self, ui: &Ui, state: &State) -> Option<PaletteEntry> {
        if !self.is_open {
            return None;
        }
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(8));
        let area =
            Modal::default_area(Id::unique("palette")).anchor(Align2::CENTER_TOP, Vec2::new(0.0, 96.0));
        let modal = Modal::new(Id::unique("palette")).area(area).frame(frame).backdrop_color(theme::BACKDROP);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            self.body(ui, state)
        });
        self.is_open = shown.inner.is_none() && !shown.should_close();
        shown.inner
    }

    fn body(&mut self, ui: &mut Ui, state: &State) -> Option<PaletteEntry> {
        let (down, up, enter) = ui.input_mut(|input| {
            let mut presses = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (presses(Key::ArrowDown), presses(Key::ArrowUp), presses(Key::Enter) > 0)
        });
        let id = ui.scope_id().with("command");
        if !ui.memory(|memory| memory.has_focus(id)) {
            self.typed.push_str(&typing::take(ui.ctx()));
        }
        let field = TextEdit::singleline(&mut self.typed)
            .id(id)
            .hint_text("Type what you want to do")
            .desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Command");
        field.request_focus();
        if field.changed() {
            self.selected = 0;
        }
        let found = matching(&self.typed, state);
        let last = found.len().saturating_sub(1);
        self.selected = (self.selected + down).saturating_sub(up).min(last);
        ui.add_space(theme::HALF);
        let mut chosen = enter.then(|| found.get(self.selected).cloned()).flatten();
        chosen = chosen.filter(|choice| choice.obstacle(state).is_none());
        if found.is_empty() {
            ui.label(RichText::new("No action matches").weak());
        }
        ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, choice) in found.into_iter().enumerate() {
                let is_selected = index == self.selected;
                if row(ui, state, &choice, is_selected, is_selected && down + up > 0) {
                    chosen = Some(choice);
                }
            }
        });
        chosen
    }
}

/// Draws name and key of a row; true if it was clicked.
fn row(ui: &mut Ui, state: &State, choice: &PaletteEntry, is_selected: bool, scroll: bool) -> bool {
    let (obstacle, label) = (choice.obstacle(state), choice.label());
    let sense = if obstacle.is_none() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), sense);
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, obstacle.is_none(), is_selected, &label)
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
    ui.painter().text(inner.left_center(), Align2::LEFT_CENTER, label, font.clone(), colour);
    let key = choice.key(ui);
    ui.painter().text(inner.right_center(), Align2::RIGHT_CENTER, key, font, Palette::of(ui).accent);
    response.on_hover_text(obstacle.unwrap_or_else(|| choice.help())).clicked()
}

/// Rows that have every typed word in their name or help. Names that begin with the first word come first, then those
/// with all words in the name.
fn matching(typed: &str, state: &State) -> Vec<PaletteEntry> {
    let others = Action::all().filter(|action| *action != Action::Palette).map(PaletteEntry::Run);
    let all = others.chain(state.recents.all().map(PaletteEntry::Open));
    let rank = |choice: PaletteEntry| Some((search::rank(typed, &choice.label(), &choice.help())?, choice));
    let mut found: Vec<(u8, PaletteEntry)> = all.filter_map(rank).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, choice)| choice).collect()
}
