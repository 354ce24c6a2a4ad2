//! Options of the next run as rows: the common ones, then all others by group, each with a field of its kind, the help
//! of `--help`, what is wrong with its value and the preset's value.

use crate::{
    app::{
        actions::Action,
        icon::Icon,
        state::{Row, TrainingForm},
        theme::{self, Palette},
    },
    config::{NamedValue, OptionKind, Preset, RunConfig},
};
use egui::{
    Align, Button, Checkbox, CollapsingHeader, ComboBox, DragValue, Label, Layout, PopupCloseBehavior,
    Response, RichText, Sense, TextEdit, Ui, Vec2,
};

/// Options that most people set, in this order; the rest is folded away.
const COMMON: [&str; 7] =
    ["depth_network", "width", "height", "batch_size", "learning_rate", "num_epochs", "steps"];

const LINE: f32 = 20.0;
const DOT: f32 = 10.0;
const LABEL: f32 = 128.0;
const UNDO: f32 = 18.0;
/// Width of the button beside the preset, with the space before it.
const UNDO_CHANGES: f32 = 108.0;

/// Draws preset, search and every option.
pub fn show(ui: &mut Ui, form: &mut TrainingForm) {
    preset(ui, form);
    let search = TextEdit::singleline(&mut form.search).hint_text("Find an option…");
    let width = ui.available_width();
    ui.add(search.desired_width(width))
        .on_hover_text("Part of an option's name, of its flag or of what it does")
        .accessible_name("Find an option");
    ui.add_space(theme::HALF);
    let all = form.rows();
    if !form.search.trim().is_empty() {
        let found: Vec<Row> = all.into_iter().filter(|row| row.is_found_by(&form.search)).collect();
        if found.is_empty() {
            ui.label(RichText::new("No option matches").color(ui.visuals().weak_text_color()));
        }
        rows(ui, form, found);
        return;
    }
    let (mut common, rest): (Vec<Row>, Vec<Row>) =
        all.into_iter().partition(|row| COMMON.contains(&row.option.name));
    common.sort_by_key(|row| COMMON.iter().position(|name| *name == row.option.name));
    rows(ui, form, common);
    ui.add_space(theme::HALF);
    let mut groups: Vec<(&str, Vec<Row>)> = Vec::new();
    for row in rest {
        match groups.iter_mut().find(|(heading, _)| *heading == row.option.heading) {
            Some((_, group)) => group.push(row),
            None => groups.push((row.option.heading, vec![row])),
        }
    }
    for (heading, group) in groups {
        let changed = group.iter().filter(|row| row.is_changed()).count();
        let is_refused = group.iter().any(|row| row.refusal.is_some());
        let title = match changed {
            0 => heading.to_owned(),
            changed => format!("{heading} · {changed} changed"),
        };
        // A group with a refused value stays open, so that the reason is seen.
        let header = CollapsingHeader::new(title).id_salt(heading).open(is_refused.then_some(true));
        header.show_unindented(ui, |ui| rows(ui, form, group));
    }
}

fn preset(ui: &mut Ui, form: &mut TrainingForm) {
    let mut chosen = form.preset;
    ui.horizontal(|ui| {
        ui.label("Preset");
        let width = (ui.available_width() - UNDO_CHANGES).clamp(64.0, 136.0);
        let combo =
            ComboBox::from_id_salt("preset").selected_text(chosen.label()).width(width).show_ui(ui, |ui| {
                for preset in Preset::ALL {
                    let help = clap::ValueEnum::to_possible_value(&preset)
                        .and_then(|value| value.get_help().map(ToString::to_string))
                        .unwrap_or_default();
                    ui.selectable_value(&mut chosen, preset, preset.label()).on_hover_text(help);
                }
            });
        combo.response.on_hover_text("Where the options start from").accessible_name("Preset");
        let undo = ui.add_enabled(form.is_changed(), Button::new("Undo changes"));
        if undo.on_hover_text("Set every option as the preset has it").clicked() || chosen != form.preset {
            form.choose_preset(chosen);
        }
    });
}

/// Draws options, and applies what is changed to the form.
pub fn rows(ui: &mut Ui, form: &mut TrainingForm, rows: Vec<Row>) {
    for row in rows {
        ui.push_id(row.option.name, |ui| self::row(ui, form, &row));
    }
}

fn row(ui: &mut Ui, form: &mut TrainingForm, row: &Row) {
    let palette = Palette::of(ui);
    let label = row.option.label();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let (dot, _) = ui.allocate_exact_size(Vec2::new(DOT, LINE), Sense::hover());
        if row.is_changed() {
            ui.painter().circle_filled(dot.center() - Vec2::new(2.0, 0.0), 2.5, palette.accent);
        }
        let help = help(row);
        let is_switch = row.option.kind == OptionKind::Switch;
        if !is_switch {
            let layout = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(Vec2::new(LABEL, LINE), layout, |ui| {
                ui.set_min_width(LABEL);
                ui.add(Label::new(&label).truncate().show_tooltip_when_elided(false)).on_hover_text(&help);
            });
        }
        let width = ui.available_width() - UNDO;
        let response = if is_switch { switch(ui, form, row, &label) } else { field(ui, form, row, width) };
        response.on_hover_text(&help).accessible_name(&label);
        if row.is_changed() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let name = format!("Undo {label}");
                let undo = Icon::Undo.bare_button(ui, Vec2::new(UNDO - 2.0, LINE), &name);
                let help = format!("Back to the preset: {}", value_or_none(&row.preset));
                if undo.on_hover_text(help).clicked() {
                    form.set(row.option, &row.preset);
                }
            });
        }
    });
    if let Some(refusal) = &row.refusal {
        ui.horizontal_top(|ui| {
            ui.add_space(DOT);
            let text = RichText::new(refusal).color(palette.warning).small();
            ui.add(Label::new(text).wrap());
        });
    }
    if row.is_misfit {
        ui.horizontal(|ui| {
            ui.add_space(DOT);
            let take = ui.button("Take the loaded networks");
            let help = "Set depth network, pose network and scales to those of the loaded networks; the other \
                        options stay";
            if take.on_hover_text(help).clicked() {
                form.take_loaded();
            }
            let scratch = ui.button("From scratch").on_hover_text(Action::UnloadWeights.help());
            form.unloads_networks |= scratch.clicked();
        });
    }
}

/// Help of the option, its flag, and the preset's value if that is another.
fn help(row: &Row) -> String {
    let mut help = format!("{}\n{}", row.option.help, row.option.flag());
    if !row.option.value_name.is_empty() && row.option.kind != OptionKind::Switch {
        help.push_str(&format!(" {}", row.option.value_name));
    }
    if row.is_changed() {
        help.push_str(&format!("\npreset: {}", value_or_none(&row.preset)));
    }
    help
}

fn value_or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn switch(ui: &mut Ui, form: &mut TrainingForm, row: &Row, label: &str) -> Response {
    let mut is_on = row.text == "true";
    let response = ui.add(Checkbox::new(&mut is_on, label));
    if response.changed() {
        form.set(row.option, &is_on.to_string());
    }
    response
}

fn field(ui: &mut Ui, form: &mut TrainingForm, row: &Row, width: f32) -> Response {
    match &row.option.kind {
        OptionKind::Choice(choices) => choice(ui, form, row, choices, width),
        OptionKind::Choices(choices) => several(ui, form, row, choices, width),
        OptionKind::Whole | OptionKind::Number => number(ui, form, row, width),
        OptionKind::Switch | OptionKind::List | OptionKind::Optional => text(ui, form, row, width),
    }
}

fn choice(ui: &mut Ui, form: &mut TrainingForm, row: &Row, choices: &[NamedValue], width: f32) -> Response {
    let combo = ComboBox::from_id_salt(row.option.name).selected_text(&row.text).width(width).truncate();
    let shown = combo.show_ui(ui, |ui| {
        for choice in choices {
            let entry = ui.selectable_label(row.text == choice.name, &choice.name);
            if entry.on_hover_text(&choice.help).clicked() {
                form.set(row.option, &choice.name);
            }
        }
    });
    shown.response
}

/// Draws an option with any number of choices, ticked in a list that stays open.
fn several(ui: &mut Ui, form: &mut TrainingForm, row: &Row, choices: &[NamedValue], width: f32) -> Response {
    let chosen: Vec<&str> = row.text.split_whitespace().collect();
    let summary = match chosen.len() {
        0 => "none".to_owned(),
        count if count == choices.len() => "all".to_owned(),
        _ => chosen.join(", "),
    };
    let combo = ComboBox::from_id_salt(row.option.name).selected_text(summary).width(width).truncate();
    let shown = combo.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show_ui(ui, |ui| {
        for choice in choices {
            let mut is_chosen = chosen.contains(&choice.name.as_str());
            if ui.checkbox(&mut is_chosen, &choice.name).on_hover_text(&choice.help).changed() {
                let names = choices.iter().map(|choice| choice.name.as_str());
                let names =
                    names.filter(|name| if *name == choice.name { is_chosen } else { chosen.contains(name) });
                form.set(row.option, &names.collect::<Vec<_>>().join(" "));
            }
        }
    });
    shown.response
}

fn number(ui: &mut Ui, form: &mut TrainingForm, row: &Row, width: f32) -> Response {
    let is_whole = row.option.kind == OptionKind::Whole;
    let before: f64 = row.text.parse().unwrap_or_default();
    let mut value = before;
    let step = step(row, &form.config);
    let speed = if is_whole { 0.05 * step } else { (0.01 * value.abs()).max(1e-6) };
    let quantity = row.option.quantity;
    let [min, max] = quantity.map_or([0.0, f64::MAX], |quantity| [quantity.range.min, quantity.range.max]);
    let mut field = DragValue::new(&mut value).speed(speed).range(min..=max);
    if is_whole {
        field = field.max_decimals(0);
    }
    let field = field
        .custom_formatter(|value, _| value.to_string())
        .suffix(quantity.map_or("", |quantity| quantity.unit))
        // A number is not applied before it is typed completely.
        .update_while_editing(false);
    let response = ui.add_sized([width, LINE], field);
    if value != before {
        let value = match (response.dragged(), is_whole) {
            (true, true) => (value / step).round() * step,
            // Round a dragged number.
            (true, false) => format!("{value:.2e}").parse().unwrap_or(value),
            (false, true) => value.round(),
            (false, false) => value,
        };
        form.set(row.option, &value.to_string());
    }
    response
}

/// Step of dragging a whole number.
fn step(row: &Row, config: &RunConfig) -> f64 {
    if row.option.value_name == "PIXELS" { config.network.depth_network.side_step() as f64 } else { 1.0 }
}

/// Draws the field of a value that is typed as on the command line.
fn text(ui: &mut Ui, form: &mut TrainingForm, row: &Row, width: f32) -> Response {
    let mut text = row.text.clone();
    let hint = if row.option.kind == OptionKind::Optional { "none" } else { "" };
    let response = ui.add_sized([width, LINE], TextEdit::singleline(&mut text).hint_text(hint));
    if response.changed() {
        form.type_in(row.option, &text);
    } else if !response.has_focus() {
        form.end_typing(row.option);
    }
    response
}
