//! The look: quiet, on a grid of eight points, with one accent colour; the pictures are the brightest
//! thing on the screen. Every colour of the window is defined here.

#![expect(clippy::disallowed_methods, reason = "the colours of the window are defined here, and only here")]

use egui::{Color32, CornerRadius, FontId, Margin, Stroke, TextStyle, Theme, Ui, Vec2, Visuals};

/// Half a step of the grid.
pub const HALF: f32 = 4.0;
/// The step of the grid.
pub const UNIT: f32 = 8.0;
/// Height of a pane's header.
pub const HEADER: f32 = 28.0;
/// Height of the buttons of the top bar.
pub const BUTTON: f32 = 28.0;

/// Lines and parts that are told apart, none near the accent: teal, olive, ochre, rose.
pub const SERIES: [Color32; 4] = [
    Color32::from_rgb(72, 178, 164),
    Color32::from_rgb(150, 170, 84),
    Color32::from_rgb(214, 150, 70),
    Color32::from_rgb(196, 112, 150),
];

/// Parts of a training step, in their order; the last is that of what is left.
pub const STEP_PARTS: [Color32; 6] = {
    let [teal, olive, ochre, rose] = SERIES;
    [rose, ochre, teal, Color32::from_rgb(70, 128, 196), olive, Color32::from_rgb(128, 132, 140)]
};
/// Curves of other runs, none near the accent.
pub const OTHER_RUNS: [Color32; 6] = [
    Color32::from_rgb(226, 112, 92),
    Color32::from_rgb(152, 120, 220),
    Color32::from_rgb(96, 172, 96),
    Color32::from_rgb(206, 160, 52),
    Color32::from_rgb(208, 108, 178),
    Color32::from_rgb(140, 144, 152),
];

/// Over the window, behind a dialog.
pub const BACKDROP: Color32 = Color32::from_black_alpha(64);

/// Colours of what is drawn over pictures: the same in both themes, because pictures are.
pub mod overlay {
    use egui::Color32;

    /// Dark, translucent background of text.
    pub const PLATE: Color32 = Color32::from_black_alpha(168);
    /// Text on a plate.
    pub const TEXT: Color32 = Color32::from_gray(232);
    /// Words of welcome on a plate.
    pub const WELCOME: Color32 = Color32::from_gray(216);
    /// Strokes and text of a mark.
    pub const MARK: Color32 = Color32::from_gray(236);
    /// Dark edge of a mark, seen on bright pictures.
    pub const MARK_EDGE: Color32 = Color32::from_black_alpha(170);
    /// Dark edge of the line at the frame on the timeline.
    pub const PLAYHEAD_EDGE: Color32 = Color32::from_black_alpha(140);
    /// Divider of two pictures, and the same under the pointer.
    pub const DIVIDER: [Color32; 2] = [Color32::from_gray(220), Color32::from_gray(255)];
    /// Dark edge of a divider.
    pub const DIVIDER_EDGE: Color32 = Color32::from_black_alpha(120);
    /// Icon on a plate, and the same under the pointer.
    pub const ICON: [Color32; 2] = [Color32::from_gray(176), Color32::from_gray(255)];

    /// Border of a patch of colour on a plate.
    pub fn patch_border() -> Color32 {
        Color32::from_white_alpha(90)
    }
}

/// Colours that egui has no place for.
#[derive(Clone, Copy)]
pub struct Palette {
    /// The one accent: what can be done next, and what is under way.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Something did not work.
    pub warning: Color32,
    /// The run ended.
    pub failure: Color32,
    /// Behind pictures.
    pub stage: Color32,
    /// Between panes.
    pub gap: Color32,
    /// A pane's header.
    pub header: Color32,
    /// Frames that train, on the timeline.
    pub training: Color32,
    /// Frames that validate.
    pub validation: Color32,
    /// Frames in no list.
    pub unused: Color32,
}

impl Palette {
    /// Dark palette. Point clouds use its background in the light theme too, because their points have image colours.
    pub const DARK: Self = Self {
        accent: Color32::from_rgb(104, 170, 240),
        on_accent: Color32::from_rgb(10, 18, 28),
        warning: Color32::from_rgb(232, 168, 72),
        failure: Color32::from_rgb(240, 104, 96),
        stage: Color32::from_rgb(12, 13, 15),
        gap: Color32::from_rgb(10, 11, 12),
        header: Color32::from_rgb(30, 32, 36),
        training: Color32::from_rgb(70, 106, 142),
        validation: Color32::from_rgb(140, 116, 64),
        unused: Color32::from_rgb(52, 55, 61),
    };

    const LIGHT: Self = Self {
        accent: Color32::from_rgb(20, 96, 184),
        on_accent: Color32::WHITE,
        warning: Color32::from_rgb(150, 86, 0),
        failure: Color32::from_rgb(186, 38, 32),
        stage: Color32::from_rgb(214, 216, 220),
        gap: Color32::from_rgb(198, 201, 206),
        header: Color32::from_rgb(232, 234, 237),
        training: Color32::from_rgb(122, 166, 212),
        validation: Color32::from_rgb(214, 182, 110),
        unused: Color32::from_rgb(192, 195, 201),
    };

    /// The colours of the theme in use.
    pub fn of(ui: &Ui) -> Self {
        Self::of_visuals(ui.visuals())
    }

    /// The colours that belong to these visuals.
    pub fn of_visuals(visuals: &Visuals) -> Self {
        if visuals.dark_mode { Self::DARK } else { Self::LIGHT }
    }
}

/// A computed colour, such as that of a colour map, as egui has it.
pub fn computed([red, green, blue]: [u8; 3]) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The lines of a plot's grid: there to be read off, not to be seen.
pub fn grid(ui: &Ui) -> Color32 {
    ui.visuals().weak_text_color().gamma_multiply(0.4)
}

/// Sets both themes.
pub fn install(context: &egui::Context) {
    context.set_visuals_of(Theme::Dark, dark());
    context.set_visuals_of(Theme::Light, light());
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Heading, FontId::proportional(17.0)),
            (TextStyle::Body, FontId::proportional(13.0)),
            (TextStyle::Button, FontId::proportional(13.0)),
            (TextStyle::Monospace, FontId::monospace(12.0)),
            (TextStyle::Small, FontId::proportional(11.0)),
        ]
        .into();
        let spacing = &mut style.spacing;
        spacing.item_spacing = Vec2::new(UNIT, HALF);
        spacing.button_padding = Vec2::new(UNIT, 3.0);
        spacing.menu_margin = Margin::same(6);
        spacing.window_margin = Margin::same(12);
        spacing.interact_size.y = 22.0;
        spacing.combo_width = 72.0;
        spacing.tooltip_width = 320.0;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
        // Fading costs frames, and a software driver has none to spare.
        style.animation_time = 0.0;
    });
}

fn dark() -> Visuals {
    let mut visuals = Visuals::dark();
    let palette = Palette::DARK;
    visuals.panel_fill = Color32::from_rgb(22, 24, 27);
    visuals.window_fill = Color32::from_rgb(30, 32, 36);
    visuals.extreme_bg_color = Color32::from_rgb(14, 15, 17);
    visuals.faint_bg_color = Color32::from_rgb(28, 30, 34);
    visuals.window_stroke = Stroke::new(1.0, Color32::from_rgb(58, 62, 69));
    visuals.weak_text_color = Some(Color32::from_rgb(150, 155, 163));
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = Color32::from_rgb(188, 192, 199);
    widgets.noninteractive.bg_stroke.color = Color32::from_rgb(46, 49, 55);
    widgets.inactive.weak_bg_fill = Color32::from_rgb(44, 47, 53);
    widgets.inactive.bg_stroke = Stroke::new(1.0, Color32::from_rgb(66, 70, 78));
    widgets.inactive.bg_fill = Color32::from_rgb(52, 56, 63);
    widgets.inactive.fg_stroke.color = Color32::from_rgb(214, 217, 222);
    widgets.hovered.weak_bg_fill = Color32::from_rgb(58, 62, 70);
    widgets.hovered.bg_stroke.color = Color32::from_rgb(92, 98, 109);
    finish(&mut visuals, palette, Color32::from_rgb(38, 66, 98));
    visuals
}

fn light() -> Visuals {
    let mut visuals = Visuals::light();
    let palette = Palette::LIGHT;
    visuals.panel_fill = Color32::from_rgb(246, 247, 249);
    visuals.window_fill = Color32::from_rgb(252, 252, 253);
    visuals.extreme_bg_color = Color32::WHITE;
    visuals.faint_bg_color = Color32::from_rgb(238, 240, 243);
    visuals.weak_text_color = Some(Color32::from_rgb(82, 87, 96));
    let widgets = &mut visuals.widgets;
    widgets.noninteractive.fg_stroke.color = Color32::from_rgb(48, 52, 59);
    widgets.noninteractive.bg_stroke.color = Color32::from_rgb(208, 211, 216);
    // On a header as on a panel: the fill alone would hardly stand out from either.
    widgets.inactive.weak_bg_fill = Color32::WHITE;
    widgets.inactive.bg_stroke = Stroke::new(1.0, Color32::from_rgb(166, 171, 179));
    widgets.inactive.bg_fill = Color32::from_rgb(214, 218, 224);
    widgets.inactive.fg_stroke.color = Color32::from_rgb(36, 40, 46);
    finish(&mut visuals, palette, Color32::from_rgb(196, 218, 244));
    visuals
}

/// Applies what both themes have in common.
fn finish(visuals: &mut Visuals, palette: Palette, selection: Color32) {
    visuals.selection.bg_fill = selection;
    visuals.selection.stroke.color = visuals.widgets.inactive.fg_stroke.color;
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.failure;
    visuals.window_corner_radius = CornerRadius::same(6);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_highlight_topmost = false;
    let widgets = &mut visuals.widgets;
    for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        state.corner_radius = CornerRadius::same(4);
        state.expansion = 0.0;
    }
}
