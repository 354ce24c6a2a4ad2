//! Drawing of a docked pane: its header with title, controls and buttons, then its body.

use super::borders;
use crate::{
    app::{
        actions::Action,
        icon::Icon,
        panes::{AnyPane, PaneKind},
        state::State,
        theme::{self, Palette},
    },
    objective::MapName,
};
use egui::{
    Color32, Id, PointerButton, Rect, Response, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetText,
};
use egui_tiles::{Behavior, EditAction, ResizeState, TileId, Tiles, UiResponse};
use std::collections::BTreeSet;

const BUTTON: f32 = 16.0;

/// Input and output of drawing the panes.
pub struct Docking<'a> {
    /// State that the panes show and change.
    pub state: &'a mut State,
    /// Maps that visible panes show.
    pub watched: BTreeSet<MapName>,
    /// Panes on the screen, without views.
    pub visible: BTreeSet<PaneKind>,
    /// Pane whose close button was pressed.
    pub closed: Option<TileId>,
    /// Pane that must fill the window, or stop filling it.
    pub maximised: Option<TileId>,
    /// Pane in which the user works.
    pub current: Option<TileId>,
    /// True if one pane fills the window.
    pub is_alone: bool,
    /// Pane whose header must get the keyboard focus.
    pub to_focus: Option<TileId>,
    /// Control that got the keyboard focus since the last frame.
    pub newly_focused: Option<Id>,
    /// True once a pane was moved or resized.
    pub is_edited: bool,
}

impl Docking<'_> {
    /// Draws title, controls and buttons of a pane. Returns whether the user starts to drag it away.
    fn header(
        &mut self,
        ui: &mut Ui,
        [rect, body]: [Rect; 2],
        tile: TileId,
        pane: &mut AnyPane,
    ) -> UiResponse {
        let palette = Palette::of(ui);
        ui.painter().rect_filled(rect, 0.0, palette.header);
        // Below the controls, so that they get their clicks first. It senses clicks too: a widget that senses only
        // drags treats every press as a drag.
        let handle = ui.interact(rect, ui.scope_id().with("handle"), Sense::click_and_drag());
        self.handle(ui, &handle, body, tile, pane);
        let is_hovered = ui.rect_contains_pointer(rect);
        let inner = rect.shrink2(Vec2::new(theme::UNIT, 2.0));
        let place = |index: f32| {
            let right = inner.right() - index * (BUTTON + theme::HALF);
            Rect::from_center_size(egui::pos2(right - BUTTON / 2.0, inner.center().y), Vec2::splat(BUTTON))
        };
        let title = pane.title();
        let [cross, square] = [place(0.0), place(1.0)];
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let space = inner.with_max_x(square.left() - theme::HALF);
        let mut controls = ui.new_child(UiBuilder::new().max_rect(space).layout(layout));
        controls.spacing_mut().interact_size.y = 20.0;
        pane.header(&mut controls, self.state);
        let (icon, verb, help) = if self.is_alone {
            (Icon::Restore, "Restore", "Show the other panes again (double-click on the header)")
        } else {
            (Icon::Maximise, "Maximise", "Let this pane fill the window (double-click on the header)")
        };
        if small_button(ui, square, icon, is_hovered, &format!("{verb} {title}"), help) {
            self.maximised = Some(tile);
        }
        let help = "Close; the View menu brings it back";
        if small_button(ui, cross, Icon::Cross, is_hovered, &format!("Close {title}"), help) {
            self.closed = Some(tile);
        }
        if handle.drag_started() { UiResponse::DragStarted } else { UiResponse::None }
    }

    /// Handles the header, by which a pane is dragged: keyboard focus, maximising and the context menu.
    fn handle(&mut self, ui: &Ui, handle: &Response, body: Rect, tile: TileId, pane: &AnyPane) {
        let name = format!("{} pane", pane.title());
        handle.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if self.to_focus.take_if(|wanted| *wanted == tile).is_some() {
            handle.request_focus();
        }
        if handle.has_focus() {
            let stroke = Stroke::new(1.0, Palette::of(ui).accent);
            ui.painter().rect_stroke(handle.rect, 0.0, stroke, StrokeKind::Inside);
        }
        let by_key = handle.clicked() && !handle.clicked_by(PointerButton::Primary);
        if by_key || handle.double_clicked() {
            self.maximised = Some(tile);
        }
        handle.context_menu(|ui| {
            for action in [Action::SplitRight, Action::SplitBelow] {
                if pane.is_view() && ui.button(action.label()).on_hover_text(action.help()).clicked() {
                    self.current = Some(tile);
                    self.state.window.act(action);
                    ui.close();
                }
            }
            let save =
                ui.button("Save as picture…").on_hover_text("The pane as it is drawn, with its legend");
            if save.clicked() {
                self.state.window.save_picture(format!("{}.png", pane.title()), body);
                ui.close();
            }
        });
    }

    /// Makes a pane the current one if it is pressed, or if something in it gets the keyboard focus.
    fn notice_work(&mut self, ui: &Ui, whole: Rect, tile: TileId) {
        let is_pressed = ui.rect_contains_pointer(whole) && ui.input(|input| input.pointer.any_pressed());
        let gets_keys = || {
            let response = ui.ctx().read_response(self.newly_focused?)?;
            (response.layer_id == ui.layer_id() && whole.contains(response.rect.center())).then_some(())
        };
        if is_pressed || gets_keys().is_some() {
            self.current = Some(tile);
        }
    }
}

/// Draws a button that is faint unless the pointer is near. Returns true if it was clicked.
fn small_button(ui: &Ui, rect: Rect, icon: Icon, is_near: bool, name: &str, help: &str) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(icon == Icon::Cross), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    let strength = if is_near || response.has_focus() { 1.0 } else { 0.35 };
    let colour = ui.style().interact(&response).fg_stroke.color.gamma_multiply(strength);
    icon.paint(ui.painter(), rect.shrink(3.5), colour);
    if response.has_focus() {
        let stroke = Stroke::new(1.0, Palette::of(ui).accent);
        ui.painter().rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
    }
    response.on_hover_text(help).clicked()
}

impl Behavior<AnyPane> for Docking<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, tile: TileId, pane: &mut AnyPane) -> UiResponse {
        self.watched.extend(pane.watches());
        self.visible.extend(pane.kind());
        let whole = ui.max_rect();
        let palette_fill = ui.visuals().panel_fill;
        ui.painter().rect_filled(whole, 0.0, palette_fill);
        let (header, body) = whole.split_top_bottom_at_y(whole.top() + theme::HEADER);
        let response = self.header(ui, [header, body], tile, pane);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(body));
        inside.set_clip_rect(body.intersect(inside.clip_rect()));
        pane.ui(&mut inside, self.state);
        self.notice_work(ui, whole, tile);
        response
    }

    fn tab_title_for_pane(&mut self, pane: &AnyPane) -> WidgetText {
        pane.title().into()
    }

    fn is_tile_draggable(&self, tiles: &Tiles<AnyPane>, tile: TileId) -> bool {
        // The empty part of a tab bar drags all its tabs. As a widget without a name it would take the Tab focus.
        tiles.get_pane(&tile).is_some()
    }

    fn on_edit(&mut self, edit: EditAction) {
        self.is_edited |= edit != EditAction::TabSelected;
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        borders::GAP
    }

    fn is_container_resizable(&self, _tiles: &Tiles<AnyPane>, _tile: TileId) -> bool {
        // egui_tiles' own borders have neither a name nor keys; `borders` draws ours.
        false
    }

    fn resize_stroke(&self, style: &egui::Style, _state: ResizeState) -> Stroke {
        Stroke::new(borders::GAP, self.tab_bar_color(&style.visuals))
    }

    fn tab_bar_color(&self, visuals: &egui::Visuals) -> Color32 {
        Palette::of_visuals(visuals).gap
    }
}
