//! Problems and news: shown until dismissed, kept in a history.

use super::{
    log::LogBuffer,
    shortcuts::close_by_escape,
    theme::{self, Palette},
    wording::for_window,
};
use crate::session::{Failure, Level, Notice, RunEffect};
use egui::{Align, Align2, Area, Frame, Id, Label, Layout, Margin, RichText, Ui, Vec2};
use serde::{Deserialize, Serialize};

/// News leaves by itself after this time.
const NEWS_SECONDS: f64 = 8.0;
/// More than this many at once would cover the pictures; the rest is in the history.
const MOST_SHOWN: usize = 3;
const WIDTH: f32 = 376.0;

/// How much a message matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageLevel {
    /// Only in the log.
    #[default]
    Detail,
    /// Good to know.
    News,
    /// Something did not work; the rest goes on.
    Warning,
    /// The run ended.
    Failure,
}

impl MessageLevel {
    /// From the least to the most that matters.
    pub const ALL: [Self; 4] = [Self::Detail, Self::News, Self::Warning, Self::Failure];

    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::News => "news",
            Self::Warning => "problem",
            Self::Failure => "failure",
        }
    }

    /// What a message is called that has no title of its own.
    fn title(self) -> &'static str {
        match self {
            Self::Detail | Self::News => "Done",
            Self::Warning => "Problem",
            Self::Failure => "The run has stopped",
        }
    }

    /// The colour of its signs.
    pub fn colour(self, palette: &Palette) -> egui::Color32 {
        match self {
            Self::Detail | Self::News => palette.accent,
            Self::Warning => palette.warning,
            Self::Failure => palette.failure,
        }
    }
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// How much it matters.
    pub severity: MessageLevel,
    /// In a few words, what kind of message it is.
    pub title: &'static str,
    /// What happened.
    pub what: String,
    /// What to do, if anything.
    pub advice: String,
    /// How often it came.
    pub times: usize,
    is_open: bool,
    shown_at: Option<f64>,
}

/// All messages, oldest first.
#[derive(Default)]
pub struct Messages {
    /// These and everything else that was written down.
    pub log: LogBuffer,
    all: Vec<Message>,
    /// Whether the history is on the screen.
    pub history_is_open: bool,
}

impl Messages {
    /// Adds a message; one that only repeats the last is counted instead.
    pub fn tell(&mut self, severity: MessageLevel, what: impl Into<String>, advice: impl Into<String>) {
        self.tell_titled(severity.title(), severity, what.into(), advice.into(), None);
    }

    /// Takes note of a failure of the session; `is_start` says that a run was to be started.
    pub fn report(&mut self, failure: &Failure, is_start: bool) {
        let severity = match failure.effect {
            RunEffect::None | RunEffect::NotStarted => MessageLevel::Warning,
            RunEffect::Paused | RunEffect::Unsaved | RunEffect::NonFinite | RunEffect::RolledBack => {
                MessageLevel::Failure
            }
        };
        let is_refused = is_start || failure.effect == RunEffect::NotStarted;
        let title = if is_refused { "The run could not start" } else { severity.title() };
        let (what, advice) = (for_window(&failure.text), for_window(&failure.advice));
        self.tell_titled(title, severity, what, advice, failure.report.clone());
    }

    /// Takes note of what the session says by itself.
    pub fn notice(&mut self, notice: &Notice) {
        let severity = match notice.level {
            Level::Info => MessageLevel::News,
            Level::Warning => MessageLevel::Warning,
            Level::Error => MessageLevel::Failure,
        };
        let (what, advice) = (for_window(&notice.text), for_window(&notice.advice));
        self.tell_titled(severity.title(), severity, what, advice, notice.report.clone());
    }

    fn tell_titled(
        &mut self,
        title: &'static str,
        severity: MessageLevel,
        what: String,
        advice: String,
        report: Option<String>,
    ) {
        let text = [what.as_str(), advice.as_str()].into_iter().filter(|text| !text.is_empty());
        self.log.add_with_report(severity, text.collect::<Vec<_>>().join(". "), report);
        match self.all.last_mut() {
            Some(last) if last.what == what && last.severity == severity => {
                last.times += 1;
                last.is_open = true;
                last.shown_at = None;
            }
            _ => {
                let (times, is_open, shown_at) = (1, true, None);
                self.all.push(Message { severity, title, what, advice, times, is_open, shown_at });
            }
        }
    }

    /// Draws the open messages over the lower right corner, and the history if it is open; says whether the
    /// log is asked for.
    pub fn ui(&mut self, ui: &Ui) -> bool {
        self.let_news_go(ui);
        let palette = Palette::of(ui);
        let open: Vec<usize> =
            (0..self.all.len()).rev().filter(|index| self.all[*index].is_open).take(MOST_SHOWN).collect();
        if !open.is_empty() {
            Area::new(Id::unique("messages"))
                .anchor(Align2::RIGHT_BOTTOM, Vec2::splat(-theme::UNIT * 2.0))
                .order(egui::Order::Foreground)
                .show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = theme::UNIT;
                    for index in open.into_iter().rev() {
                        if card(ui, &palette, &self.all[index]) {
                            self.all[index].is_open = false;
                        }
                    }
                });
        }
        self.history_ui(ui, &palette)
    }

    fn let_news_go(&mut self, ui: &Ui) {
        let now = ui.input(|input| input.time);
        for message in self.all.iter_mut().filter(|message| message.is_open) {
            let age = now - *message.shown_at.get_or_insert(now);
            if message.severity != MessageLevel::News {
                continue;
            }
            if age >= NEWS_SECONDS {
                message.is_open = false;
            } else {
                ui.ctx().request_repaint_after_secs((NEWS_SECONDS - age) as f32 + 0.05);
            }
        }
    }

    fn history_ui(&mut self, ui: &Ui, palette: &Palette) -> bool {
        let mut is_open = self.history_is_open;
        close_by_escape(ui, &mut is_open);
        let mut wants_log = false;
        egui::Window::new("Messages").open(&mut is_open).default_width(480.0).show(ui, |ui| {
            if self.all.is_empty() {
                ui.label("Nothing was reported yet.");
            }
            egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                for message in self.all.iter().rev() {
                    text(ui, palette, message);
                    ui.add_space(theme::UNIT);
                }
            });
            ui.separator();
            wants_log = ui.button("Show the log").on_hover_text("Every line, with its time").clicked();
        });
        self.history_is_open = is_open && !wants_log;
        wants_log
    }
}

/// Draws a message on a card; says whether it was dismissed.
fn card(ui: &mut Ui, palette: &Palette, message: &Message) -> bool {
    let colour = message.severity.colour(palette);
    let frame = Frame::popup(ui.style()).inner_margin(Margin { left: 16, right: 12, top: 10, bottom: 10 });
    let shown = frame.show(ui, |ui| {
        ui.set_width(WIDTH);
        text(ui, palette, message);
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| ui.button("Dismiss").clicked()).inner
    });
    let edge = shown.response.rect.with_max_x(shown.response.rect.left() + 4.0);
    ui.painter().rect_filled(edge, 2.0, colour);
    shown.inner
}

fn text(ui: &mut Ui, palette: &Palette, message: &Message) {
    let title = message.title;
    let title = if message.times > 1 { format!("{title} ({}×)", message.times) } else { title.to_owned() };
    ui.label(RichText::new(title).color(message.severity.colour(palette)).small());
    ui.add(Label::new(RichText::new(&message.what).color(ui.visuals().strong_text_color())).wrap());
    if !message.advice.is_empty() {
        ui.add(Label::new(&message.advice).wrap());
    }
}
