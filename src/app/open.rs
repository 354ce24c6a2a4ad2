//! Folder dialogs and recognition of folders, always on a helper thread, because dialogs and disks are slow.

use super::state::{CameraQuestion, FileContent};
use crate::{
    config::ImageSize,
    data::{
        atomic_file::{in_words, write_whole},
        folder::CAMERA_FILE,
        image::{self, SharedLevels},
        is_data, split,
    },
    runs::{Entry, Log, SnapshotStore, Snapshots},
};
use ::image::{ExtendedColorType, ImageEncoder, RgbImage, codecs::png::PngEncoder};
use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// Maximum number of replies of helper threads that wait for the window's next frame; further threads block.
const WAITING: usize = 16;

/// Kind of a folder to choose in a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenRequest {
    /// Folder of frames.
    Data,
    /// Folder with lists of samples.
    Split,
    /// Folder of networks.
    Weights,
    /// Folder of a run to continue.
    Run,
    /// Folder of a run whose metrics are drawn next to others.
    Metrics,
}

impl OpenRequest {
    fn title(self) -> &'static str {
        match self {
            Self::Data => "Open a folder of frames (KITTI raw, KITTI odometry, or your own)",
            Self::Split => "Open a split folder (train_files.txt, val_files.txt)",
            Self::Run => "Continue the run of a folder (config.toml, checkpoints)",
            Self::Metrics => "Draw the metrics of a run (metrics.jsonl)",
            Self::Weights => "Open a weights folder (encoder.pth, depth.pth, ...)",
        }
    }
}

/// Content of a folder, or another result of a helper thread.
#[derive(Clone, Debug, PartialEq)]
pub enum FolderContent {
    /// Folder of frames.
    Data(PathBuf),
    /// Folder with lists of samples for the present data.
    Split(PathBuf),
    /// Folder or file of networks.
    Weights(PathBuf),
    /// Folder of a run to continue; only from a dialog, never recognised.
    Run(PathBuf),
    /// Folder of a run, which can also be loaded as networks.
    RunOrWeights(PathBuf),
    /// Recent paths that no longer exist.
    Missing(BTreeSet<PathBuf>),
    /// Metrics of a run.
    Metrics(PathBuf, Vec<Entry>),
    /// Snapshots of a run.
    Snapshots(PathBuf, Snapshots),
    /// Reason why the metrics of a run cannot be read.
    NoMetrics(String),
    /// Run folders that have metrics.
    Runs(Vec<PathBuf>),
    /// Path of none of these kinds.
    Unknown(PathBuf),
    /// File to which a text or a picture was saved.
    Saved(PathBuf),
    /// File that could not be saved, with the reason.
    NotSaved(PathBuf, String),
    /// Picture of a file, for a question about its camera; `None` if it cannot be read.
    Picture(PathBuf, Option<RgbImage>),
    /// Camera that was written to a file, or why it could not be.
    Camera(CameraQuestion, PathBuf, Result<(), String>),
}

/// Runs dialogs and reads folders on helper threads, so that the window never waits.
pub struct Opener {
    sender: SyncSender<FolderContent>,
    receiver: Receiver<FolderContent>,
    /// Folder in which files are saved without a dialog.
    folder: Option<PathBuf>,
}

impl Default for Opener {
    fn default() -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        Self { sender, receiver, folder: None }
    }
}

impl Opener {
    /// Shows the system's folder dialog.
    pub fn choose_folder(&self, request: OpenRequest, context: &egui::Context) {
        // Some systems open dialogs on the window's own thread only; another thread waits for them.
        let dialog = rfd::AsyncFileDialog::new().set_title(request.title()).pick_folder();
        let (sender, context) = (self.sender.clone(), context.clone());
        thread::spawn(move || {
            let Some(folder) = pollster::block_on(dialog) else { return };
            let path = folder.path().to_owned();
            let found = match request {
                OpenRequest::Data => FolderContent::Data(path),
                OpenRequest::Split => FolderContent::Split(path),
                OpenRequest::Weights => FolderContent::Weights(path),
                OpenRequest::Run => FolderContent::Run(path),
                OpenRequest::Metrics => metrics(path),
            };
            // The window may have been closed meanwhile.
            let _ = sender.send(found);
            context.request_repaint();
        });
    }

    /// Shows the system's dialog for a new file and writes a rectangle (in points) of the window's next frame to it, as
    /// a PNG.
    pub fn save_picture(&self, name: &str, rect: egui::Rect, context: &egui::Context) {
        let (sender, receiver) = sync_channel(1);
        // The window may be closed before its next frame.
        context.request_screenshot(move |screen| drop(sender.send(screen)));
        let points = context.pixels_per_point();
        let content = move || {
            let screen = receiver.recv().map_err(|_| "the window drew no picture".to_owned())?;
            let part = screen.region(&rect, Some(points));
            let mut bytes = Vec::new();
            let encoder = PngEncoder::new(&mut bytes);
            let size = [part.width() as u32, part.height() as u32];
            let written = encoder.write_image(part.as_raw(), size[0], size[1], ExtendedColorType::Rgba8);
            written.map_err(|error| error.to_string())?;
            Ok(bytes)
        };
        self.save(name, context, Box::new(content));
    }

    /// Saves into this folder from now on, without a dialog: for scripts and tests.
    pub fn save_into(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// Shows the system's dialog for a new file and writes the content to it.
    pub fn save(&self, name: &str, context: &egui::Context, content: FileContent) {
        let chosen = self.folder.as_ref().map(|folder| folder.join(name));
        let ask = || rfd::AsyncFileDialog::new().set_title("Save").set_file_name(name).save_file();
        let dialog = chosen.is_none().then(ask);
        let (sender, context) = (self.sender.clone(), context.clone());
        thread::spawn(move || {
            let asked = dialog.and_then(|dialog| Some(pollster::block_on(dialog)?.path().to_owned()));
            let Some(path) = chosen.or(asked) else { return };
            let written = content().and_then(|bytes| {
                write_whole(&path, |file| file.write_all(&bytes)).map_err(|error| error.to_string())
            });
            let found = match written {
                Ok(()) => FolderContent::Saved(path),
                Err(reason) => FolderContent::NotSaved(path, reason),
            };
            let _ = sender.send(found);
            context.request_repaint();
        });
    }

    /// Recognises a dropped or typed path.
    pub fn open_path(&self, path: PathBuf, context: &egui::Context) {
        self.spawn(context, move || recognise(&path));
    }

    /// Reads the metrics of a run.
    pub fn read_metrics(&self, run: PathBuf, context: &egui::Context) {
        self.spawn(context, move || metrics(run));
    }

    /// Reads the snapshots of a run.
    pub fn read_snapshots(&self, run: PathBuf, context: &egui::Context) {
        self.spawn(context, move || {
            let snapshots = SnapshotStore::read(&run);
            FolderContent::Snapshots(run, snapshots)
        });
    }

    /// Finds runs in these folders.
    pub fn find_runs(&self, folders: BTreeSet<PathBuf>, context: &egui::Context) {
        self.spawn(context, move || {
            let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
            let inside = entries.flatten().map(|entry| entry.path());
            let runs: BTreeSet<PathBuf> = inside.filter(|path| path.join(Log::FILE_NAME).is_file()).collect();
            FolderContent::Runs(runs.into_iter().collect())
        });
    }

    fn spawn(&self, context: &egui::Context, find: impl FnOnce() -> FolderContent + Send + 'static) {
        let (sender, context) = (self.sender.clone(), context.clone());
        thread::spawn(move || {
            let _ = sender.send(find());
            context.request_repaint();
        });
    }

    /// Finds those of the paths that no longer exist.
    pub fn find_missing(&self, mut paths: BTreeSet<PathBuf>, context: &egui::Context) {
        let (sender, context) = (self.sender.clone(), context.clone());
        thread::spawn(move || {
            paths.retain(|path| !path.exists());
            let _ = sender.send(FolderContent::Missing(paths));
            context.request_repaint();
        });
    }

    /// Reads a picture, made smaller.
    pub fn read_picture(&self, path: PathBuf, within: ImageSize, context: &egui::Context) {
        self.spawn(context, move || {
            let picture = image::read_small(&path, within, &SharedLevels::default()).ok();
            FolderContent::Picture(path, picture)
        });
    }

    /// Writes the camera that was chosen to its file.
    pub fn write_camera(&self, question: CameraQuestion, context: &egui::Context) {
        self.spawn(context, move || {
            let path = question.camera.folder.join(CAMERA_FILE);
            let text = format!(
                "# Camera of these pictures: degrees from their left edge to their right.\nfield_of_view = {}\n",
                question.degrees
            );
            let written = write_whole(&path, |file| file.write_all(text.as_bytes()));
            let written = written.map_err(|error| in_words(error).to_string());
            FolderContent::Camera(question, path, written)
        });
    }

    /// Results since the last call.
    pub fn found(&self) -> impl Iterator<Item = FolderContent> + '_ {
        self.receiver.try_iter()
    }
}

fn metrics(run: PathBuf) -> FolderContent {
    match Log::read(&run) {
        Ok(entries) => FolderContent::Metrics(run, entries),
        Err(error) => FolderContent::NoMetrics(format!("{error:#}")),
    }
}

/// Recognises a folder by its content. A file stands for its folder, except a `.safetensors` file of whole networks;
/// the name of a built-in split is a split.
pub fn recognise(path: &Path) -> FolderContent {
    if let Some(name) = path.to_str().filter(|name| split::names().contains(name)) {
        return FolderContent::Split(name.into());
    }
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let has = |name: &str| folder.join(name).exists();
    let is_safetensors = path.extension().is_some_and(|extension| extension == "safetensors");
    if path.is_file() && is_safetensors && !has("encoder.safetensors") {
        return FolderContent::Weights(path.to_owned());
    }
    if has("config.toml") && has("checkpoints") {
        return FolderContent::RunOrWeights(folder.to_owned());
    }
    let networks = ["encoder.pth", "encoder.safetensors", "model.safetensors", "checkpoints"];
    if networks.into_iter().any(has) {
        FolderContent::Weights(folder.to_owned())
    } else if has("train_files.txt") || has("val_files.txt") || has("test_files.txt") {
        FolderContent::Split(folder.to_owned())
    } else if let Some(root) = kitti_root(folder) {
        FolderContent::Data(root)
    } else if is_data(folder) {
        FolderContent::Data(folder.to_owned())
    } else {
        FolderContent::Unknown(path.to_owned())
    }
}

/// Root of the KITTI raw tree that contains the folder as its root, a day or a drive; `None` if there is none.
fn kitti_root(folder: &Path) -> Option<PathBuf> {
    let is_day = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.len() == 10 && name.chars().all(|letter| letter.is_ascii_digit() || letter == '_')
    };
    let holds_day = |path: &Path| {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.is_dir() && is_day(&path))
    };
    folder.ancestors().take(3).find(|path| holds_day(path)).map(Path::to_owned)
}
