//! Monoscope: a desktop lab for self-supervised monocular depth.
//!
//! # The map
//!
//! The folders are floors of one house. A floor uses only the floors above it in this list;
//! `tests/architecture.rs` reads the paths in the code and holds the rule, and that no files name each other's
//! items in a circle.
//!
//! | floor         | what lives there |
//! |---------------|------------------|
//! | `output`      | printing that outlives its readers |
//! | [`logging`]   | events of the program and its libraries, to stderr and to the log pane |
//! | `interrupt`   | the signals that ask the program to end |
//! | [`panics`]    | reports of panics that are caught: message, place, backtrace |
//! | [`config`]    | what a run is: one struct a concern, the same for flags, form and TOML file |
//! | [`geometry`]  | pure mathematics: camera, pose, disparity and depth, colour maps |
//! | [`data`]      | from files to samples, bytes only: images, films, augmentation, splits, KITTI, own folders, the built-in drive, the loader, small pictures for scrolling |
//! | [`compute`]   | the one seam where wgpu meets burn: device, lease (memory of a tensor held for drawing), differentiable operations |
//! | [`model`]     | networks and their weights files |
//! | [`objective`] | view synthesis and the loss, only that; every map it computes has a name |
//! | [`predict`]   | images, folders and drives to disparity, depth, pictures and point clouds of them |
//! | [`inspect`]   | why the loss of a pixel is what it is, its cost curve, and a dump of all maps |
//! | [`evaluate`]  | the published metrics against exact or measured depth and motion; how many metres a unit is |
//! | [`runs`]      | what a run leaves on disk: folder, checkpoints, log, TensorBoard events, snapshots |
//! | [`train`]     | one step and one run: networks with their optimiser, batches, validation, health |
//! | [`session`]   | one thread owns burn: requests in, one reply each; a state, events and pictures out |
//! | [`view`]      | wgpu pipelines that draw leases with the shaders of `shaders/` |
//! | [`app`]       | the window |
//! | [`cli`]       | the same jobs without a window |
//!
//! Three more rules: `view` never imports burn, and knows neither `train` nor `session`; `train`, `session`,
//! `objective`, `model` and `evaluate` never import egui; only `compute` names backend types.
//!
//! # To add something
//!
//! Each of these files begins with what to do; what is forgotten, the compiler or a test names.
//!
//! | to add                            | begin in |
//! |-----------------------------------|----------|
//! | a map that panes can draw         | `objective/map.rs` |
//! | an option of a run                | `config/mod.rs` |
//! | a pane                            | `app/panes/kind.rs` |
//! | an action of menu, key or palette | `app/actions/table.rs` |
//! | a depth network, a pose network   | `model/depth.rs`, `model/pose.rs` |
//! | a network that is named, not read | `model/weights/foreign.rs` |
//! | a format of pictures              | `data/image/kind.rs` |
//! | a form of pose files              | `data/poses/columns.rs` |
//! | a kind of file that is refused    | `data/foreign_content.rs` |
//!
//! # The path of a batch
//!
//! One step of training, from files to the screen, in the order of the calls:
//!
//! 1. `session/worker/training.rs`: `Worker::train` asks the run for a step, on the session thread.
//! 2. `train/run/mod.rs`: `Run::step` takes the next batch, uploads it as micro-batches, and logs the metrics when
//!    they arrive.
//! 3. `train/batch_stream.rs`: `BatchStream::next` is the batch after the run's position, across epochs;
//!    `data/loader/batches.rs`: threads load and augment samples, and batches come out in order.
//! 4. `train/train_state.rs`: `TrainState::begin_step` goes forward, backward, and through Adam.
//! 5. `predict/forward.rs`: `forward` runs depth and pose networks, and gives the objective what they predict.
//! 6. `objective/mod.rs`: `Objective::evaluate` computes losses, and the maps that open panes watch.
//! 7. `session/worker/viewing.rs`: `Worker::show_step`, back in `Worker::train`, makes a picture of the step;
//!    `session/map_request.rs`: `PictureSubject::picture` leases its maps; `session/publisher.rs`: the latest picture
//!    wins.
//! 8. `app/application.rs`: `receive_all`, on the window's thread, takes the picture into `app/state/viewed_frame.rs`.
//! 9. `app/panes/map/layer.rs`: `Layer::draw` hands its leases to `view/field.rs` and `view/image.rs`, whose shaders
//!    draw them.
//!
//! # The path of a click
//!
//! A click on a pixel, in six files:
//!
//! 1. `app/panes/map/mod.rs`: `inspect` turns the pointer into a `NormalisedPoint` of the picture.
//! 2. `app/state/inspection.rs`: `Inspection::click` pins the point, and asks the newest picture's
//!    [`inspect::PixelInspection`] about its pixel.
//! 3. `inspect/pixel.rs`: `report` gives every term of the loss there; `inspect/curve.rs`: `cost_curve` the loss at
//!    other depths.
//! 4. `app/panes/inspector.rs` draws both, with the words of `app/inspection/facts.rs`.
//!
//! A click on a button: a pane or menu requests an [`app`] action of the window (`app/state/window_requests.rs`). The
//! action changes slices of the window's state (`app/state/mod.rs`) or sends a [`session::Request`] with a number of
//! its own (`app/state/requests.rs`). The session thread handles it between two steps: what is opened is opened first
//! and committed after, so that a failure changes nothing. It publishes a [`session::SessionState`], of which the
//! latest wins, and sends exactly one [`session::Reply`] with the request's number. The window derives what it shows
//! from that state; of a run's steps, snapshots and evaluations it keeps what came as [`session::Event`]s
//! (`app/state/receive.rs`); pictures are latest-wins too.
//!
//! # Glossary
//!
//! * **request** a command with a number, sent to the session; **reply** the one answer to it; **notice** a message that
//!   answers no request.
//! * **target** the frame whose depth is predicted (id 0); **sources** the other frames of a sample.
//! * **disparity** the network's output in (0, 1); **depth** 1 / (a + b·disparity), see [`geometry`].
//! * `source_from_target` maps homogeneous points of the target camera to the source camera.
//! * **reprojection loss** the photometric difference between a source warped into the target and
//!   the target; **identity loss** the same for the unwarped source; **auto-mask** the pixels where
//!   some reprojection beats every identity, so that they train.
//! * **lease** a tensor's memory held so that a shader may read it.
//! * The source of the method is "Digging Into Self-Supervised Monocular Depth Estimation" (Godard
//!   et al., ICCV 2019, arXiv 1806.01260), cited below as "the paper". What of it is computed here, with every
//!   formula and constant, is told in [`objective::method`].

pub mod app;
pub mod cli;
pub mod compute;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod geometry;
pub mod inspect;
mod interrupt;
pub mod logging;
pub mod model;
pub mod objective;
mod output;
pub mod panics;
pub mod predict;
pub mod runs;
pub mod session;
pub mod train;
pub mod view;
