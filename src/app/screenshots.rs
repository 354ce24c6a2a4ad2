//! Pictures of all panes in both themes, drawn without a window on the built-in drive.

use super::{
    App, PaneKind,
    state::{MessageLevel, NormalisedPoint, State},
};
use crate::{
    compute::DisplayDevice,
    config::{DataChoice, DeviceChoice, Preset},
    session::{Activity, PictureSource},
    view::OffscreenScreen,
};
use anyhow::{Context as _, Result, bail};
use egui::{Context, Theme};
use image::{GenericImage, Rgb, RgbImage};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

/// File of all pictures together.
const CONTACT_SHEET: &str = "contact-sheet.png";
/// Number of panes in a row of the contact sheet, each in both themes.
const COLUMNS: usize = 2;
/// Gap between pictures of the contact sheet in pixels, and its colour.
const GAP: u32 = 8;
const BETWEEN: Rgb<u8> = Rgb([110, 114, 120]);

/// Maximum time to wait for what a pane shows.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Time between two frames that are compared to see that nothing moves any more.
const PAUSE: Duration = Duration::from_millis(150);
/// Number of equal frames after which a pane is still: results of other threads may arrive between two frames.
const STILL_FRAMES: usize = 3;
/// Maximum number of comparisons; a pane that still moves is taken then.
const MAX_FRAMES: usize = 100;

/// Number of steps beyond those asked for, so that the run does not end before it is paused.
const STEPS_LEFT: u64 = 1000;

/// Point on the road that the inspector explains.
const INSPECTED: NormalisedPoint = NormalisedPoint { x: 0.44, y: 0.62 };

/// Options of the pictures.
#[derive(Clone, Debug)]
pub struct ScreenshotOptions {
    /// Folder of the pictures.
    pub folder: PathBuf,
    /// Width and height of a pane, pixels.
    pub size: [u32; 2],
    /// Training steps before the panes of a run are drawn.
    pub steps: u64,
    /// Device on which burn computes.
    pub device: DeviceChoice,
}

/// Writes `PANE-dark.png` and `PANE-light.png` for every pane, and `contact-sheet.png` of all of them. `report` is
/// called with the progress in words.
///
/// # Errors
/// If there is no graphics adapter, the demo data or weights cannot be shown, or a picture cannot be written.
pub fn write_screenshots(options: &ScreenshotOptions, report: impl Fn(&str)) -> Result<()> {
    let folder = &options.folder;
    fs::create_dir_all(folder).with_context(|| {
        format!("the folder {} cannot be made; name another with --screenshots", folder.display())
    })?;
    let display = DisplayDevice::request()
        .context("no pane can be drawn; install a Vulkan driver, such as Mesa's software driver")?;
    let runs = tempfile::tempdir().context("there is no room for a run in the folder of temporary files")?;
    let context = Context::default();
    let mut studio = Studio {
        screen: OffscreenScreen::new(&display, options.size)?,
        app: App::new(display, options.device, runs.path(), &context)?,
        context,
        started: Instant::now(),
        options,
        pictures: BTreeMap::new(),
    };
    report("opening the built-in drive with the demo weights");
    studio.draw_first_look()?;
    report("evaluating the depth of the demo weights");
    studio.draw_evaluation()?;
    report(&format!("training {} steps", options.steps));
    studio.draw_run()?;
    studio.write_contact_sheet()?;
    report(&format!("{} pictures and {CONTACT_SHEET} are in {}", studio.pictures.len(), folder.display()));
    // Before the folder of the run goes. Nobody needs its last checkpoint.
    drop(studio.app.end());
    Ok(())
}

/// The program without a window, and the pictures that were taken of it.
struct Studio<'a> {
    screen: OffscreenScreen,
    app: App,
    context: Context,
    started: Instant,
    options: &'a ScreenshotOptions,
    /// Pictures by pane, of the dark theme before the light one.
    pictures: BTreeMap<(PaneKind, usize), RgbImage>,
}

impl Studio<'_> {
    /// Draws the panes of a frame.
    fn draw_first_look(&mut self) -> Result<()> {
        self.app.window.open(DataChoice::Demo, None, None);
        self.wait_for(PaneKind::Cloud, "the point cloud of the demo weights", |state| {
            let picture = state.viewed.picture.as_ref();
            picture
                .is_some_and(|picture| picture.cloud.is_some() && picture.origin == PictureSource::Prediction)
        })?;
        for kind in [PaneKind::Cloud, PaneKind::Timeline, PaneKind::Sequence] {
            self.take(kind)?;
        }
        // Nothing is inspected until the pane is on the screen.
        self.draw(PaneKind::Inspector)?;
        self.state().viewed.inspection.click(INSPECTED, 0.0, |_| false);
        self.wait_for(PaneKind::Inspector, "the terms of the pixel", |state| {
            state.viewed.inspection.pixel().is_some()
        })?;
        self.take(PaneKind::Inspector)?;
        self.wait_for(PaneKind::Sandbox, "the result of the sandbox", |state| {
            state.viewed.picture.as_ref().is_some_and(|picture| picture.sandbox.is_some())
        })?;
        self.take(PaneKind::Sandbox)
    }

    /// Draws the scores of the demo weights.
    fn draw_evaluation(&mut self) -> Result<()> {
        let State { evaluations, session, .. } = self.state();
        evaluations.start(session);
        self.wait_for(PaneKind::Evaluation, "the evaluation", |state| state.evaluations.report().is_some())?;
        self.take(PaneKind::Evaluation)
    }

    /// Draws the panes of a run, after some steps.
    fn draw_run(&mut self) -> Result<()> {
        let steps = self.options.steps;
        // The wall has snapshots of the steps that are made while it is on the screen.
        self.draw(PaneKind::Wall)?;
        let state = self.state();
        state.form.choose_preset(Preset::Light);
        // It does not end meanwhile, so that the panes show a run in progress.
        state.form.config.training.steps = Some(steps.saturating_add(STEPS_LEFT));
        state.train();
        self.wait_for(PaneKind::Wall, "the steps of the run", |state| {
            let last = state.run.last_step().map_or(0, |report| report.step);
            last >= steps && !state.wall.snapshots.all().is_empty()
        })?;
        self.state().session.pause();
        self.wait_for(PaneKind::Wall, "the pause of the run", |state| {
            state.session.activity() == Activity::Paused
        })?;
        for kind in [PaneKind::Wall, PaneKind::Training, PaneKind::Curves, PaneKind::Health, PaneKind::Log] {
            self.take(kind)?;
        }
        // The demo weights have no pose network; those of the run do.
        let State { trajectory, viewed, session, .. } = self.state();
        trajectory.trace(&viewed.playhead, session);
        self.wait_for(PaneKind::Trajectory, "the path of the camera", |state| {
            let report = state.trajectory.report.as_ref();
            report.is_some_and(|report| report.trajectory().is_complete())
        })?;
        self.take(PaneKind::Trajectory)
    }

    fn state(&mut self) -> &mut State {
        &mut self.app.window.state
    }

    /// Draws a frame of a pane.
    fn draw(&mut self, kind: PaneKind) -> Result<()> {
        let seconds = self.started.elapsed().as_secs_f64();
        self.screen.draw(&self.context, seconds, |ui| self.app.pane_ui(ui, kind))?;
        Ok(())
    }

    /// Draws frames of a pane until something is there.
    fn wait_for(&mut self, kind: PaneKind, what: &str, is_there: impl Fn(&State) -> bool) -> Result<()> {
        let started = Instant::now();
        self.draw(kind)?;
        while !is_there(self.state()) {
            if started.elapsed() > TIMEOUT {
                let lines = self.state().messages.log.matching(MessageLevel::Detail, "");
                let last = lines.last().map_or("nothing", |line| &line.text);
                bail!("{what} did not come in {} s; the log says: {last}", TIMEOUT.as_secs());
            }
            sleep(PAUSE / 10);
            self.draw(kind)?;
        }
        Ok(())
    }

    /// Takes and writes the pictures of a pane.
    fn take(&mut self, kind: PaneKind) -> Result<()> {
        for (index, theme) in [Theme::Dark, Theme::Light].into_iter().enumerate() {
            self.context.set_theme(theme);
            let picture = self.still(kind)?;
            let name = if theme == Theme::Dark { "dark" } else { "light" };
            self.write(&format!("{}-{name}.png", kind.file_name()), &picture)?;
            self.pictures.insert((kind, index), picture);
        }
        self.context.set_theme(Theme::Dark);
        Ok(())
    }

    /// Draws a pane until nothing moves in it.
    fn still(&mut self, kind: PaneKind) -> Result<RgbImage> {
        self.draw(kind)?;
        let (mut last, mut same) = (self.screen.picture()?, 0);
        for _ in 0..MAX_FRAMES {
            sleep(PAUSE);
            self.draw(kind)?;
            let picture = self.screen.picture()?;
            same = if picture == last { same + 1 } else { 0 };
            last = picture;
            if same == STILL_FRAMES {
                break;
            }
        }
        Ok(last)
    }

    fn write(&self, name: &str, picture: &RgbImage) -> Result<()> {
        let path = self.options.folder.join(name);
        picture
            .save(&path)
            .with_context(|| format!("{} cannot be written; is there room on the disk?", path.display()))
    }

    /// Writes all pictures next to each other.
    fn write_contact_sheet(&self) -> Result<()> {
        let [width, height] = self.options.size.map(|side| side + GAP);
        let rows = PaneKind::ALL.len().div_ceil(COLUMNS) as u32;
        let size = [2 * COLUMNS as u32 * width + GAP, rows * height + GAP];
        let mut sheet = RgbImage::from_pixel(size[0], size[1], BETWEEN);
        for (index, kind) in PaneKind::ALL.iter().enumerate() {
            for theme in 0..2 {
                let Some(picture) = self.pictures.get(&(*kind, theme)) else { continue };
                let (column, row) = (2 * (index % COLUMNS) + theme, index / COLUMNS);
                sheet.copy_from(picture, GAP + column as u32 * width, GAP + row as u32 * height)?;
            }
        }
        self.write(CONTACT_SHEET, &sheet)
    }
}
