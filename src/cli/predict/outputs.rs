//! Options for the files that `predict` writes of an image, and their writer.

use crate::{
    cli::numbers::within,
    config::CameraChoice,
    data::{
        self,
        arrays::npy,
        atomic_file::in_words,
        image::{size_of, write_depth},
    },
    geometry::colormap::Colormap,
    model::weights::MetricScale,
    predict::{
        CloudFilter, ColourRange, InputImage, Legend, PredictedImage, cloud, colour_picture, side_by_side,
        write_ply,
    },
};
use anyhow::{Context, Result};
use clap::Args;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Files for every image; without any of them --colour.
#[derive(Args)]
#[command(next_help_heading = "Files for every image")]
pub(super) struct OutputArgs {
    /// NAME_disp.npy: scaled disparity (1 / depth), f32 [1, 1, h, w], at network size
    #[arg(long)]
    npy: bool,
    /// NAME_depth.npy: depth in metres, f32 [1, 1, h, w], at network size; only for weights whose unit is
    /// known
    #[arg(long)]
    depth_npy: bool,
    /// NAME_depth.png: depth × 256 as 16 bits, at the image's size, in metres if the unit of the weights is
    /// known
    #[arg(long)]
    png16: bool,
    /// NAME_disp.jpeg: disparity in colours at the image's size, from the minimum to the 95th percentile (the default)
    #[arg(long)]
    colour: bool,
    /// NAME_disp.png: the same without JPEG's losses
    #[arg(long)]
    colour_png: bool,
    /// NAME.ply: a coloured point for every pixel; needs the camera (of KITTI, of the built-in drive, of
    /// camera.toml, or given below)
    #[arg(long)]
    ply: bool,
    /// side_by_side/000000.jpg and so on: the image above its disparity with a legend, for a film
    #[arg(long)]
    side_by_side: bool,
    /// Colours of disparity
    #[arg(long, value_enum, value_name = "NAME", default_value_t)]
    colour_map: Colormap,
    /// One range of colours for all images, so that a film does not flicker (twice the time); else every
    /// image has its own
    #[arg(long)]
    range_lock: bool,
    /// Leave out points of the cloud beyond this depth, in metres if the unit of the weights is known
    #[arg(long, value_name = "DEPTH", requires = "ply", allow_negative_numbers = true, value_parser = within::<f32>(1e-6..=1e6))]
    max_depth: Option<f32>,
    /// Leave out points of the cloud that float at the edges of objects: surfaces seen at a flatter angle than this
    #[arg(long, value_name = "DEGREES", requires = "ply", allow_negative_numbers = true, value_parser = within::<f32>(0.0..=90.0))]
    drop_flying: Option<f32>,
}

impl OutputArgs {
    /// Tells if a file is written that must be in metres.
    pub fn needs_metres(&self) -> bool {
        self.depth_npy
    }

    /// Tells if a file is written that needs the camera.
    pub fn needs_camera(&self) -> bool {
        self.ply
    }

    /// Tells if all images share one range of colours.
    pub fn locks_range(&self) -> bool {
        self.range_lock
    }

    /// Paths of all files of these images, below the folder of the results.
    pub fn files(&self, images: &[InputImage]) -> BTreeSet<PathBuf> {
        let kinds = [
            (self.npy, DISPARITY_ARRAY),
            (self.depth_npy, DEPTH_ARRAY),
            (self.png16, DEPTH_PICTURE),
            (self.writes_jpeg(), COLOUR_JPEG),
            (self.colour_png, COLOUR_PNG),
            (self.ply, CLOUD),
        ];
        let mut files = BTreeSet::new();
        let mut films: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for image in images {
            let wanted = kinds.iter().filter(|(is_wanted, _)| *is_wanted);
            files.extend(wanted.map(|(_, ending)| PathBuf::from(format!("{}{ending}", image.name))));
            if self.side_by_side {
                let home = Path::new(&image.name).parent().unwrap_or(Path::new(""));
                files.insert(next_frame(&mut films, home));
            }
        }
        files
    }

    fn writes_jpeg(&self) -> bool {
        let others = [self.npy, self.depth_npy, self.png16, self.colour_png, self.ply, self.side_by_side];
        self.colour || !others.contains(&true)
    }
}

/// Endings of the files of an image, after its name.
const DISPARITY_ARRAY: &str = "_disp.npy";
const DEPTH_ARRAY: &str = "_depth.npy";
const DEPTH_PICTURE: &str = "_depth.png";
const COLOUR_JPEG: &str = "_disp.jpeg";
const COLOUR_PNG: &str = "_disp.png";
const CLOUD: &str = ".ply";

/// Path of the next frame of the film in a folder; `films` has the number of frames of each so far.
fn next_frame(films: &mut BTreeMap<PathBuf, usize>, home: &Path) -> PathBuf {
    let film = home.join("side_by_side");
    let number = films.entry(film.clone()).or_default();
    let file = film.join(format!("{number:06}.jpg"));
    *number += 1;
    file
}

/// Writer of the files of one image after another.
pub(super) struct OutputWriter<'a> {
    args: &'a OutputArgs,
    out: &'a Path,
    scale: Option<&'a MetricScale>,
    range: Option<ColourRange>,
    camera: Option<CameraChoice>,
    /// Number of frames of each film so far.
    frames: BTreeMap<PathBuf, usize>,
    /// Number of pixels whose depth exceeded the range of a 16-bit PNG file.
    pub clipped: usize,
    /// Number of points of all clouds.
    pub points: usize,
}

impl<'a> OutputWriter<'a> {
    pub fn new(
        args: &'a OutputArgs,
        out: &'a Path,
        scale: Option<&'a MetricScale>,
        range: Option<ColourRange>,
        camera: Option<CameraChoice>,
    ) -> Self {
        Self { args, out, scale, range, camera, frames: BTreeMap::new(), clipped: 0, points: 0 }
    }

    /// Description of the unit of the written depths.
    pub fn unit(&self) -> String {
        self.scale.map_or_else(|| "relative, up to scale".to_owned(), |scale| format!("metres ({scale})"))
    }

    /// Folders of films.
    pub fn films(&self) -> impl Iterator<Item = &PathBuf> {
        self.frames.keys()
    }

    /// Writes the requested files of an image.
    ///
    /// # Errors
    /// If a file cannot be written, or a cloud is requested and the camera is not known.
    pub fn write(&mut self, image: &InputImage, predicted: PredictedImage) -> Result<()> {
        let args = self.args;
        let PredictedImage { image: picture, disparity } = predicted;
        let metres = self.scale.map(|scale| scale.metres_per_unit as f32);
        let home = self.out.join(&image.name).parent().unwrap_or(self.out).to_owned();
        make_folder(&home)?;
        let file = |ending: &str| self.out.join(format!("{}{ending}", image.name));

        let shape = [1, 1, disparity.size.height, disparity.size.width];
        if args.npy {
            npy::write(&file(DISPARITY_ARRAY), &shape, &disparity.values)?;
        }
        if let (true, Some(metres)) = (args.depth_npy, metres) {
            npy::write(&file(DEPTH_ARRAY), &shape, &disparity.depths(metres))?;
        }

        let size = size_of(&picture);
        let disparity = disparity.sampled(size);
        let depth = |disparity: f32| metres.unwrap_or(1.0) / disparity;
        let unit = self.unit();
        if args.png16 {
            let depths = disparity.values().map(depth);
            self.clipped += write_depth(&file(DEPTH_PICTURE), size, depths, &unit)?;
        }
        if args.ply {
            let camera = image.intrinsics(size, self.camera)?;
            let flattest = args.drop_flying.map(f32::to_radians);
            let filter = CloudFilter { farthest: args.max_depth, flattest };
            let points = cloud(&picture, |pixel| depth(disparity.value(pixel)), camera, filter);
            let comment = format!("x right, y down, z forward; unit: {unit}");
            self.points += write_ply(&file(CLOUD), points, &comment)?;
        }
        // A large picture is not held beside another that needs it no more.
        let picture = args.side_by_side.then_some(picture);
        if args.writes_jpeg() || args.colour_png || args.side_by_side {
            let range = self.range.unwrap_or_else(|| ColourRange::of(disparity.values()));
            let coloured = colour_picture(disparity.values(), size, range, args.colour_map);
            if args.writes_jpeg() {
                data::image::write(&file(COLOUR_JPEG), &coloured)?;
            }
            if args.colour_png {
                data::image::write(&file(COLOUR_PNG), &coloured)?;
            }
            if let Some(picture) = picture {
                let legend = Legend { colours: args.colour_map, range, metres_per_unit: metres };
                let frame = side_by_side(&picture, &coloured, &legend);
                drop((picture, coloured));
                let file = next_frame(&mut self.frames, &home);
                make_folder(file.parent().unwrap_or(&home))?;
                data::image::write(&file, &frame)?;
            }
        }
        Ok(())
    }
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .map_err(in_words)
        .with_context(|| format!("the folder {} cannot be made", path.display()))
}
